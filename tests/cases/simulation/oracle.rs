//! The contract of the local database, written in Rust from its text: what a log of local writes and the server's
//! rows make of each other. It knows nothing of the SQL.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sync_patterns::model::{Field, FieldType, Insert, KeyOrigin, Model};

use crate::simulation::values::{canonical, sortable};
use crate::support::models::{has_temporary_keys, is_stamped};

/// Values of the key columns.
pub type Key = Vec<Value>;

/// Column to value, in the canonical form of `values`.
pub type Row = BTreeMap<String, Value>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Insert,
    Update,
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending,
    Acknowledged,
    Rejected,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub table: usize,
    pub key: Key,
    pub operation: Operation,
    pub value: Row,
    /// None until the log has been read: the database makes it.
    pub write_id: Option<String>,
    pub created_at: Option<String>,
    /// Which transaction of the schedule wrote it, and what the database called that.
    pub transaction: usize,
    pub transaction_id: Option<String>,
    pub status: Status,
    pub attempts: i64,
    pub rejected_with: Option<String>,
}

impl Entry {
    fn is_unsettled(&self) -> bool {
        self.status != Status::Rejected
    }

    fn is_of(&self, table: usize, key: &Key) -> bool {
        self.table == table && &self.key == key
    }
}

/// A row of the local table.
#[derive(Debug, Clone, PartialEq)]
pub struct Local {
    /// None: a tombstone.
    pub row: Option<Row>,
    pub changed: BTreeSet<String>,
    pub write_id: Option<String>,
}

/// The server's copy of a row, with the write that it shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Synced {
    pub row: Row,
    pub write_id: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Oracle {
    pub models: Vec<Model>,
    pub log: Vec<Entry>,
    pub synced: Vec<BTreeMap<String, Synced>>,
    /// What has become of temporary keys: `[temporary key, key]`, by temporary key.
    pub made: Vec<BTreeMap<String, [Key; 2]>>,
}

impl Oracle {
    pub fn new(models: Vec<Model>) -> Self {
        let synced = models.iter().map(|_| BTreeMap::new()).collect();
        let made = models.iter().map(|_| BTreeMap::new()).collect();
        Self { models, log: Vec::new(), synced, made }
    }

    pub fn key_of(&self, table: usize, row: &Row) -> Key {
        self.models[table].key.iter().map(|name| row[name].clone()).collect()
    }

    pub fn synced_row(&self, table: usize, key: &Key) -> Option<&Synced> {
        self.synced[table].get(&sortable(key))
    }

    /// What the local table holds for a row.
    pub fn fold(&self, table: usize, key: &Key) -> Option<Local> {
        let entries: Vec<&Entry> = self.log.iter().filter(|e| e.is_of(table, key) && e.is_unsettled()).collect();
        let newest = entries.last()?;
        let synced = self.synced_row(table, key).map(|synced| &synced.row);
        let (row, changed) = fold(&self.models[table], synced, &entries);
        if row.is_none() && synced.is_none() {
            return None;
        }
        Some(Local { row, changed, write_id: newest.write_id.clone() })
    }

    pub fn locals(&self, table: usize) -> BTreeMap<String, (Key, Local)> {
        let keys: BTreeMap<String, &Key> =
            self.log.iter().filter(|e| e.table == table).map(|e| (sortable(&e.key), &e.key)).collect();
        let local = |(name, key): (String, &Key)| Some((name, (key.clone(), self.fold(table, key)?)));
        keys.into_iter().filter_map(local).collect()
    }

    /// What the view shows: rows, each with the newest local write where there is one.
    pub fn view(&self, table: usize) -> BTreeMap<String, (Row, Option<Option<String>>)> {
        let mut shown: BTreeMap<_, _> =
            self.synced[table].iter().map(|(name, synced)| (name.clone(), (synced.row.clone(), None))).collect();
        for (name, (_, local)) in self.locals(table) {
            match local.row {
                Some(row) => shown.insert(name, (row, Some(local.write_id))),
                None => shown.remove(&name),
            };
        }
        shown
    }

    /// An insert of these columns, the key among them if it was given. False where the view must refuse it.
    /// Without a key, the entry gets an empty one until the log has been read.
    pub fn insert(&mut self, table: usize, given: &Row, transaction: usize) -> bool {
        let given = &self.with_made_keys(table, given);
        let model = &self.models[table];
        if model.operations.create.is_none() {
            return false;
        }
        let mut value = Row::new();
        for field in &model.fields {
            let given = given.get(&field.name).filter(|value| !value.is_null()).cloned();
            let made = model.is_key(field) && model.key_origin != KeyOrigin::Given;
            if given.is_some() && field.insert == Insert::Never && !model.is_key(field) {
                return false;
            }
            let default = || field.default.as_ref().map(|default| canonical(field.ty, default));
            let default = if field.insert == Insert::Never { None } else { default() };
            match given.or(default) {
                Some(given) => _ = value.insert(field.name.clone(), given),
                None if made => {}
                None if field.insert == Insert::Required => return false,
                None => {}
            }
        }
        let key: Key = model.key.iter().filter_map(|name| value.get(name).cloned()).collect();
        if key.len() == model.key.len() && self.view(table).contains_key(&sortable(&key)) {
            return false;
        }
        // A temporary key that is used again is another row's now.
        self.made[table].remove(&sortable(&key));
        self.append(table, key, Operation::Insert, value, transaction);
        true
    }

    /// An update of a row to these values. False where the view must refuse it.
    pub fn update(&mut self, table: usize, key: &Key, set: &Row, transaction: usize) -> bool {
        let model = &self.models[table];
        if model.operations.update.is_none() {
            return false;
        }
        let Some((shown, _)) = self.view(table).remove(&sortable(key)) else { return true };
        let set = &self.with_made_keys(table, set);
        let model = &self.models[table];
        let changed: Row = set.iter().filter(|(name, new)| shown[*name] != **new).map(own).collect();
        let may = |field: &Field| match changed.get(&field.name) {
            None => true,
            Some(new) => field.update && !model.is_key(field) && (field.nullable || !new.is_null()),
        };
        if !model.fields.iter().all(may) {
            return false;
        }
        if !changed.is_empty() {
            let keys = model.key.iter().cloned().zip(key.iter().cloned());
            let value = keys.chain(changed).collect();
            self.append(table, key.clone(), Operation::Update, value, transaction);
        }
        true
    }

    /// False where the view must refuse it.
    pub fn delete(&mut self, table: usize, key: &Key, transaction: usize) -> bool {
        let model = &self.models[table];
        if model.operations.delete.is_none() {
            return false;
        }
        let value = model.key.iter().cloned().zip(key.iter().cloned()).collect();
        let is_row = |e: &Entry| e.is_of(table, key);
        if let Some(made) = self.log.iter().rposition(|e| is_row(e) && e.operation == Operation::Insert) {
            let unsent = |e: &Entry| e.status == Status::Pending && e.attempts == 0;
            if self.log[made..].iter().filter(|e| is_row(e)).all(unsent) {
                let mut position = 0;
                self.log.retain(|e| {
                    position += 1;
                    position <= made || !e.is_of(table, key)
                });
            }
        }
        if self.view(table).contains_key(&sortable(key)) {
            self.append(table, key.clone(), Operation::Delete, value, transaction);
        }
        true
    }

    fn append(&mut self, table: usize, key: Key, operation: Operation, value: Row, transaction: usize) {
        self.log.push(Entry {
            table,
            key,
            operation,
            value,
            write_id: None,
            created_at: None,
            transaction,
            transaction_id: None,
            status: Status::Pending,
            attempts: 0,
            rejected_with: None,
        });
    }

    /// A rejected insert takes along what was written to its row, up to the next insert of that key.
    pub fn reject(&mut self, position: usize) {
        let rejected = self.log[position].clone();
        self.log[position].status = Status::Rejected;
        if rejected.operation != Operation::Insert {
            return;
        }
        for later in &mut self.log[position + 1..] {
            if !later.is_of(rejected.table, &rejected.key) {
                continue;
            }
            if later.operation == Operation::Insert {
                break;
            }
            if later.status == Status::Pending {
                later.status = Status::Rejected;
                later.rejected_with.clone_from(&rejected.write_id);
            }
        }
    }

    /// Rejected entries, and those that were rejected with them, go to the end of the log, in its order.
    pub fn retry(&mut self, write_ids: &[String]) {
        let group = |e: &Entry| e.rejected_with.clone().or(e.write_id.clone());
        let asked: Vec<Entry> =
            self.log.iter().filter(|e| e.write_id.as_ref().is_some_and(|id| write_ids.contains(id))).cloned().collect();
        let moves = |entry: &Entry, e: &Entry| {
            e.is_of(entry.table, &entry.key) && e.status == Status::Rejected && group(e) == group(entry)
        };
        let (moved, stay): (Vec<Entry>, Vec<Entry>) =
            self.log.drain(..).partition(|e| asked.iter().any(|entry| moves(entry, e)));
        self.log = stay;
        self.log.extend(moved.into_iter().map(|e| Entry {
            write_id: None,
            status: Status::Pending,
            attempts: 0,
            rejected_with: None,
            ..e
        }));
    }

    /// The server's row comes in.
    pub fn arrive(&mut self, table: usize, row: Row, write_id: Option<String>) {
        let key = self.key_of(table, &row);
        self.synced[table].insert(sortable(&key), Synced { row, write_id: write_id.clone() });
        let shows = |e: &Entry| e.table == table && e.is_unsettled() && write_id.is_some() && e.write_id == write_id;
        let Some(position) = self.log.iter().position(shows) else { return };
        let settled = self.log[position].clone();
        let mut index = 0;
        self.log.retain(|e| {
            index += 1;
            index > position || !e.is_of(table, &settled.key) || e.status != Status::Acknowledged
        });
        // A key that the server has made stays, though another row shows the write too.
        let is_made = self.made[table].values().any(|[_, made]| made == &settled.key);
        if settled.operation == Operation::Insert && !is_made {
            self.key_made(table, &settled.key, &key);
        }
        self.log.retain(|e| e.write_id != settled.write_id);
    }

    /// The row's entries take its new key over, from its insert on, and so do all that refer to it.
    pub fn key_made(&mut self, table: usize, temporary: &Key, key: &Key) {
        let model = self.models[table].clone();
        if !has_temporary_keys(&model) || key == temporary || self.made[table].contains_key(&sortable(temporary)) {
            return;
        }
        self.made[table].insert(sortable(temporary), [temporary.clone(), key.clone()]);
        let inserts = |e: &Entry| e.is_of(table, temporary) && e.operation == Operation::Insert && e.is_unsettled();
        let insert = self.log.iter().position(inserts).unwrap_or(self.log.len());
        for (at, entry) in self.log.iter_mut().enumerate() {
            if at >= insert && entry.is_of(table, temporary) {
                entry.key.clone_from(key);
                entry.value.insert(model.key[0].clone(), key[0].clone());
            }
            for (column, parent) in &self.models[entry.table].references {
                if let Some(value) = entry.value.get_mut(column)
                    && parent == &model.name
                    && *value == temporary[0]
                {
                    value.clone_from(&key[0]);
                }
            }
        }
    }

    /// The application may hold a key that the server has replaced.
    fn with_made_keys(&self, table: usize, row: &Row) -> Row {
        let mut row = row.clone();
        for (column, parent) in &self.models[table].references {
            let parent = self.models.iter().position(|model| &model.name == parent);
            if let (Some(parent), Some(value)) = (parent, row.get_mut(column))
                && let Some([_, key]) = self.made[parent].get(&sortable(&vec![value.clone()]))
            {
                value.clone_from(&key[0]);
            }
        }
        row
    }

    /// The server no longer has the row.
    pub fn leave(&mut self, table: usize, key: &Key) {
        if self.synced[table].remove(&sortable(key)).is_some() {
            self.log.retain(|e| !(e.is_of(table, key) && e.status == Status::Acknowledged));
        }
    }
}

/// The row that entries make of the server's, and the columns that they have set since the last insert or delete.
pub fn fold(model: &Model, synced: Option<&Row>, entries: &[&Entry]) -> (Option<Row>, BTreeSet<String>) {
    let mut row = synced.cloned();
    let mut changed = BTreeSet::new();
    for entry in entries {
        match entry.operation {
            Operation::Delete => {
                row = None;
                changed.clear();
                continue;
            }
            Operation::Insert => {
                changed.clear();
                row.get_or_insert_with(|| unborn(model, entry));
            }
            Operation::Update => {}
        }
        if let Some(row) = &mut row {
            row.extend(entry.value.iter().map(own));
            changed.extend(entry.value.keys().filter(|name| !model.key.contains(name)).cloned());
        }
    }
    (row, changed)
}

/// A row before the server has made it: null, but for what it is expected to make.
fn unborn(model: &Model, insert: &Entry) -> Row {
    let value = |field: &Field| match (&field.default, field.insert) {
        (Some(default), Insert::Never) => canonical(field.ty, default),
        _ if is_stamped(field) => {
            let now = insert.created_at.clone().unwrap_or_default();
            if field.ty == FieldType::Date { now[..10].into() } else { now.into() }
        }
        _ => Value::Null,
    };
    model.fields.iter().map(|field| (field.name.clone(), value(field))).collect()
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}
