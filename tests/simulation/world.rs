//! One run: the database under test, the oracle beside it, the server behind it. Every step is done to all of them, and
//! then they are compared.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;
use sync_patterns::model::{Field, KeyOrigin, Method, Model};
use sync_patterns::names::sql::{identifier, literal};
use sync_patterns::target::{Adapter, Files};

use crate::oracle::{self, Entry, Key, Operation, Oracle, Row, Status, Synced};
use crate::schedule::{Action, Dice, Schedule, Step};
use crate::server::{Event, Server};
use crate::support::database::{Database, Row as Answer, SqlError};
use crate::values::{canonical, column, pool, sortable, sql, timestamp};

type Outcome<T = ()> = Result<T, String>;

const LOG: &str = "SELECT * FROM _changes ORDER BY id";

pub struct World<'a> {
    database: &'a mut dyn Database,
    files: &'a Files,
    oracle: Oracle,
    server: Server,
    transaction: usize,
    /// False until the next statement: nothing has happened to the database since it was compared.
    is_touched: bool,
    /// Every write id that an entry has had, and every key that the database has made.
    write_ids: HashSet<String>,
    made_keys: HashSet<String>,
}

/// Runs a schedule to its end and then until nothing is left to send; says where the contract was broken. The schema
/// must be there, and nothing in it.
pub fn run(database: &mut dyn Database, models: &[Model], files: &Files, schedule: &Schedule) -> Outcome {
    let mut world = World {
        database,
        files,
        oracle: Oracle::new(models.to_vec()),
        server: Server::new(models.to_vec()),
        transaction: 0,
        is_touched: true,
        write_ids: HashSet::new(),
        made_keys: HashSet::new(),
    };
    world.check().map_err(|error| format!("at the start: {error}"))?;
    for (number, step) in schedule.steps.iter().enumerate() {
        let at = |error: String| format!("step {number}, {step:?}: {error}");
        world.step(*step).map_err(at)?;
        world.check().map_err(at)?;
    }
    world.settle_everything().map_err(|error| format!("at the end: {error}"))?;
    world.empty().map_err(|error| format!("emptied: {error}"))
}

impl World<'_> {
    fn step(&mut self, Step(action, seed): Step) -> Outcome {
        let dice = &mut Dice(seed);
        match action {
            Action::Write => {
                self.transaction += 1;
                self.write(dice).map(|_| ())
            }
            Action::Transaction => self.write_many(dice),
            Action::Send => self.send(dice),
            Action::Foreign => self.foreign(dice),
            Action::Deliver => self.deliver(dice),
            Action::Refetch => self.refetch(dice),
            Action::Reject => self.reject(dice),
            Action::Retry => self.retry(dice),
            Action::Discard => self.discard(dice),
            Action::Rebuild => self.rebuild(dice),
        }
    }

    fn exec(&mut self, script: &str) -> Outcome {
        self.is_touched = true;
        self.database.exec(script).map_err(|error| format!("{}\n{script}", error.message))
    }

    /// A statement on the log, of one write.
    fn run(&mut self, statement: &str, write_id: &str) -> Outcome {
        self.is_touched = true;
        let error = |error: SqlError| format!("{}\n{statement}, {write_id}", error.message);
        self.database.run(statement, write_id).map_err(error)
    }

    fn adapter(&self) -> Adapter {
        self.database.adapter()
    }

    fn literal(&self, table: usize, name: &str, value: &Value) -> String {
        sql(self.adapter(), self.field(table, name).ty, value)
    }

    fn field(&self, table: usize, name: &str) -> &Field {
        self.oracle.models[table].fields.iter().find(|field| field.name == name).expect("a field")
    }

    fn matches(&self, table: usize, key: &Key) -> String {
        let pairs = self.oracle.models[table].key.iter().zip(key);
        let pairs = pairs.map(|(name, value)| format!("{} = {}", identifier(name), self.literal(table, name, value)));
        pairs.collect::<Vec<_>>().join(" AND ")
    }

    // Writing through the view

    /// One statement; whether it was accepted, as it should have been or not.
    fn write(&mut self, dice: &mut Dice) -> Outcome<bool> {
        let table = dice.below(self.oracle.models.len());
        let before = self.oracle.clone();
        let (statement, accepted) = match dice.below(10) {
            0..4 => self.write_insert(table, dice),
            4..8 => self.write_update(table, dice),
            _ => self.write_delete(table, dice),
        };
        self.is_touched = true;
        match (self.database.exec(&statement), accepted) {
            (Ok(()), true) => Ok(true),
            (Err(_), false) => {
                self.oracle = before;
                Ok(false)
            }
            (Ok(()), false) => Err(format!("should be refused: {statement}")),
            (Err(error), true) => Err(format!("{}: {statement}", error.message)),
        }
    }

    fn write_insert(&mut self, table: usize, dice: &mut Dice) -> (String, bool) {
        let model = self.oracle.models[table].clone();
        let mut row = Row::new();
        for field in &model.fields {
            let is_key = model.is_key(field);
            let given = if is_key { model.key_origin != KeyOrigin::Server } else { dice.chance(70) };
            // Now and then, what must not be there, or isn't there though it must.
            let mistaken = dice.chance(2);
            let allowed = is_key || field.insert != sync_patterns::model::Insert::Never;
            let required = field.insert == sync_patterns::model::Insert::Required;
            if (allowed && (given || required)) != mistaken {
                let null = !is_key && field.nullable && dice.chance(20);
                let values = if is_key { key_pool(field) } else { pool(field.ty) };
                row.insert(
                    field.name.clone(),
                    if null { Value::Null } else { dice.pick(&values).cloned().unwrap_or_default() },
                );
            }
        }
        if row.is_empty() {
            row.insert(model.fields[0].name.clone(), Value::Null);
        }
        let accepted = self.oracle.insert(table, &row, self.transaction);
        let names = row.keys().map(|name| identifier(name)).collect::<Vec<_>>().join(", ");
        let values = row.iter().map(|(name, value)| self.literal(table, name, value)).collect::<Vec<_>>().join(", ");
        (format!("INSERT INTO {} ({names}) VALUES ({values})", identifier(&model.name)), accepted)
    }

    fn write_update(&mut self, table: usize, dice: &mut Dice) -> (String, bool) {
        let model = self.oracle.models[table].clone();
        let key = self.some_key(table, dice);
        let mut set = Row::new();
        for field in &model.fields {
            let wanted = if field.update && !model.is_key(field) { dice.chance(30) } else { dice.chance(1) };
            if wanted {
                let null = if field.nullable { dice.chance(30) } else { dice.chance(2) };
                let values = pool(field.ty);
                set.insert(
                    field.name.clone(),
                    if null { Value::Null } else { dice.pick(&values).cloned().unwrap_or_default() },
                );
            }
        }
        if set.is_empty() {
            let field = &model.fields[0];
            set.insert(field.name.clone(), pool(field.ty)[0].clone());
        }
        let accepted = self.oracle.update(table, &key, &set, self.transaction);
        let pairs =
            set.iter().map(|(name, value)| format!("{} = {}", identifier(name), self.literal(table, name, value)));
        let pairs = pairs.collect::<Vec<_>>().join(", ");
        (format!("UPDATE {} SET {pairs} WHERE {}", identifier(&model.name), self.matches(table, &key)), accepted)
    }

    fn write_delete(&mut self, table: usize, dice: &mut Dice) -> (String, bool) {
        let key = self.some_key(table, dice);
        let is_shown = self.oracle.view(table).contains_key(&sortable(&key));
        let accepted = !is_shown || self.oracle.delete(table, &key, self.transaction);
        let name = identifier(&self.oracle.models[table].name);
        (format!("DELETE FROM {name} WHERE {}", self.matches(table, &key)), accepted)
    }

    /// Mostly of a row that is there.
    fn some_key(&self, table: usize, dice: &mut Dice) -> Key {
        let shown = self.oracle.view(table);
        let keys: Vec<Key> = shown.values().map(|(row, _)| self.oracle.key_of(table, row)).collect();
        match dice.pick(&keys) {
            Some(key) if dice.chance(95) => key.clone(),
            _ => self.random_key(table, dice),
        }
    }

    fn random_key(&self, table: usize, dice: &mut Dice) -> Key {
        let fields = self.oracle.models[table].key_fields();
        fields.map(|field| dice.pick(&key_pool(field)).cloned().unwrap_or_default()).collect()
    }

    fn write_many(&mut self, dice: &mut Dice) -> Outcome {
        self.transaction += 1;
        let before = self.oracle.clone();
        self.exec("BEGIN")?;
        if self.adapter() == Adapter::Sqlite {
            self.exec(&format!("INSERT INTO _transaction (id) VALUES ('transaction {}')", self.transaction))?;
        }
        for _ in 0..2 + dice.below(3) {
            if !self.write(dice)? {
                self.oracle = before;
                return self.exec("ROLLBACK");
            }
            // A key that the database has made is known only now.
            self.read_log()?;
        }
        if dice.chance(30) {
            self.oracle = before;
            return self.exec("ROLLBACK");
        }
        if self.adapter() == Adapter::Sqlite {
            self.exec("DELETE FROM _transaction")?;
        }
        self.exec("COMMIT")
    }

    // The sync worker

    fn send(&mut self, dice: &mut Dice) -> Outcome {
        let sendable: Vec<usize> = (0..self.oracle.log.len()).filter(|at| self.can_be_sent(*at)).collect();
        let at = if dice.chance(70) { sendable.first() } else { dice.pick(&sendable) };
        let Some(&at) = at else { return Ok(()) };
        let fate = dice.below(10);
        self.send_one(at, fate, dice)
    }

    /// Order is kept within a row, and a key that the server has yet to make is waited for.
    fn can_be_sent(&self, at: usize) -> bool {
        let entry = &self.oracle.log[at];
        let of_row = |e: &&Entry| e.table == entry.table && e.key == entry.key;
        let waits = self.oracle.log[..at].iter().filter(of_row).any(|e| e.status == Status::Pending)
            || entry.operation != Operation::Insert
                && self.made_keys.contains(&sortable(&entry.key))
                && self.oracle.log.iter().filter(of_row).any(|e| e.operation == Operation::Insert);
        entry.status == Status::Pending && !waits
    }

    fn send_one(&mut self, at: usize, fate: usize, dice: &mut Dice) -> Outcome {
        let entry = self.oracle.log[at].clone();
        let write_id = entry.write_id.clone().ok_or("an entry without write_id")?;
        self.count_attempt(at, &write_id)?;
        if fate == 0 {
            // Never reached the server.
            return Ok(());
        }
        let body = self.body(&entry);
        match self.server.apply(&entry, &body) {
            // Applied, and the client died before it heard.
            Ok(_) if fate == 1 => Ok(()),
            Ok(key) if fate == 2 && self.server.stream.len() < 4 => {
                // The stream is quicker than the answer.
                let events = self.server.stream.drain(..).collect();
                self.receive(events, dice)?;
                self.acknowledge(&write_id, &key, true)
            }
            Ok(key) => self.acknowledge(&write_id, &key, fate != 3),
            Err(()) => self.reject_one(&write_id),
        }
    }

    fn count_attempt(&mut self, at: usize, write_id: &str) -> Outcome {
        self.oracle.log[at].attempts += 1;
        self.run("UPDATE _changes SET attempts = attempts + 1 WHERE write_id = $1", write_id)
    }

    /// What the entry sets; for an API with PUT, the row as the server and this and earlier entries have it.
    fn body(&self, entry: &Entry) -> Row {
        let model = &self.oracle.models[entry.table];
        let puts = model.operations.update.as_ref().is_some_and(|update| update.method == Method::Put);
        if entry.operation != Operation::Update || !puts {
            return entry.value.clone();
        }
        let is_earlier = |e: &&Entry| e.table == entry.table && e.key == entry.key && e.status != Status::Rejected;
        let mut entries: Vec<&Entry> = self.oracle.log.iter().filter(is_earlier).collect();
        entries.truncate(1 + entries.iter().position(|e| e.write_id == entry.write_id).unwrap_or(0));
        let synced = self.oracle.synced_row(entry.table, &entry.key).map(|synced| &synced.row);
        let (row, _) = oracle::fold(model, synced, &entries);
        let is_updated = |name: &str| model.fields.iter().any(|field| field.name == name && field.update);
        row.unwrap_or_default().into_iter().filter(|(name, _)| is_updated(name)).collect()
    }

    /// With the key that the server has made, in one transaction; `rekey` false leaves that to the stream.
    fn acknowledge(&mut self, write_id: &str, key: &Key, rekey: bool) -> Outcome {
        let statement = "UPDATE _changes SET status = 'acknowledged' WHERE write_id = $1";
        let Some(at) = self.oracle.log.iter().position(|e| e.write_id.as_deref() == Some(write_id)) else {
            // Its echo was here first.
            return self.run(statement, write_id);
        };
        self.oracle.log[at].status = Status::Acknowledged;
        let rekey = if rekey { self.rekey(at, key) } else { String::new() };
        if rekey.is_empty() {
            return self.run(statement, write_id);
        }
        self.exec("BEGIN")?;
        self.run(statement, write_id)?;
        self.exec(&format!("{rekey} COMMIT;"))
    }

    /// Gives the row that an insert has made another key, in that entry and all later ones.
    fn rekey(&mut self, at: usize, key: &Key) -> String {
        let (table, old) = (self.oracle.log[at].table, self.oracle.log[at].key.clone());
        let mut script = String::new();
        if &old == key {
            return script;
        }
        for entry in &mut self.oracle.log[at..] {
            if entry.table == table && entry.key == old {
                entry.key.clone_from(key);
                entry.value.extend(self.oracle.models[table].key.iter().cloned().zip(key.iter().cloned()));
                let value = serde_json::to_string(&wire(&self.oracle.models[table], &entry.value)).expect("JSON");
                script += &format!(
                    "UPDATE _changes SET row_key = {}, value = {} WHERE write_id = {};",
                    literal(&row_key(key)),
                    literal(&value),
                    literal(entry.write_id.as_deref().unwrap_or_default())
                );
            }
        }
        script
    }

    fn reject_one(&mut self, write_id: &str) -> Outcome {
        if let Some(at) = self.oracle.log.iter().position(|e| e.write_id.as_deref() == Some(write_id)) {
            self.oracle.reject(at);
        }
        self.run("UPDATE _changes SET status = 'rejected', error = 'no' WHERE write_id = $1", write_id)
    }

    /// A permanent answer for a reason of the server's own, without having applied the write.
    fn reject(&mut self, dice: &mut Dice) -> Outcome {
        let fresh = |at: &usize| self.can_be_sent(*at) && !self.server.has_applied(&self.oracle.log[*at]);
        let sendable: Vec<usize> = (0..self.oracle.log.len()).filter(fresh).collect();
        let Some(&at) = dice.pick(&sendable) else { return Ok(()) };
        let write_id = self.oracle.log[at].write_id.clone().unwrap_or_default();
        // The application may be the one to reject it, before it was ever sent.
        if dice.chance(70) {
            self.count_attempt(at, &write_id)?;
        }
        self.reject_one(&write_id)
    }

    // The application, looking at what was rejected

    fn rejected(&self, dice: &mut Dice) -> Vec<String> {
        let rejected = self.oracle.log.iter().filter(|e| e.status == Status::Rejected);
        let all: Vec<String> = rejected.filter_map(|e| e.write_id.clone()).collect();
        if dice.chance(40) {
            return all;
        }
        dice.pick(&all).cloned().into_iter().collect()
    }

    fn retry(&mut self, dice: &mut Dice) -> Outcome {
        let write_ids = self.rejected(dice);
        self.oracle.retry(&write_ids, self.adapter() == Adapter::Pglite);
        let list = list(&write_ids);
        self.exec(&format!("UPDATE _changes SET status = 'pending' WHERE write_id IN ({list})"))
    }

    fn discard(&mut self, dice: &mut Dice) -> Outcome {
        let write_ids = self.rejected(dice);
        self.drop_entries(&write_ids)
    }

    fn drop_entries(&mut self, write_ids: &[String]) -> Outcome {
        self.oracle.log.retain(|e| !e.write_id.as_ref().is_some_and(|id| write_ids.contains(id)));
        self.exec(&format!("DELETE FROM _changes WHERE write_id IN ({})", list(write_ids)))
    }

    // The server's side

    fn foreign(&mut self, dice: &mut Dice) -> Outcome {
        let table = dice.below(self.oracle.models.len());
        let model = self.oracle.models[table].clone();
        // Now and then a server that shows a write on another row, in another table, or before those before it.
        let write_id = match dice.below(20) {
            0 => dice.pick(&self.oracle.log).and_then(|entry| entry.write_id.clone()),
            1..10 => Some(format!("foreign-{}", dice.next())),
            _ => None,
        };
        let keys: Vec<Key> = self.server.rows[table].values().map(|row| self.oracle.key_of(table, &row.row)).collect();
        let mut body = Row::new();
        for field in &model.fields {
            if model.is_key(field) || dice.chance(50) {
                continue;
            }
            let value = if field.nullable && dice.chance(30) { None } else { dice.pick(&pool(field.ty)).cloned() };
            body.insert(field.name.clone(), value.unwrap_or_default());
        }
        match (dice.pick(&keys), dice.below(10)) {
            (Some(key), 0..5) => _ = self.server.update(table, key, &body, write_id),
            (Some(key), 5..7) => self.server.delete(table, key),
            _ => {
                let key = self.random_key(table, dice);
                body.extend(model.key.iter().cloned().zip(key));
                _ = self.server.insert(table, &body, write_id);
            }
        }
        Ok(())
    }

    fn deliver(&mut self, dice: &mut Dice) -> Outcome {
        let count = dice.below(self.server.stream.len() + 1);
        let mut events: Vec<Event> = self.server.stream.drain(..count).collect();
        if dice.chance(30) {
            // Only the last version of each row comes through.
            let mut seen = HashSet::new();
            events.reverse();
            events.retain(|event| seen.insert((event.table, sortable(&event.key))));
            events.reverse();
        }
        self.receive(events, dice)
    }

    fn receive(&mut self, events: Vec<Event>, dice: &mut Dice) -> Outcome {
        if events.is_empty() {
            return Ok(());
        }
        let mut script = String::from("BEGIN;");
        let mut rest = events.as_slice();
        while let Some(first) = rest.first() {
            let mut keys = HashSet::new();
            let fits = |event: &&Event| {
                event.table == first.table
                    && event.after.is_some() == first.after.is_some()
                    && keys.insert(sortable(&event.key))
            };
            let together = rest.iter().take_while(fits).count();
            let count = if dice.chance(50) { together } else { 1 };
            let (batch, later) = rest.split_at(count);
            rest = later;
            let rows: Vec<Synced> = batch.iter().filter_map(|event| event.after.clone()).collect();
            let keys: Vec<Key> = batch.iter().map(|event| event.key.clone()).collect();
            script +=
                &if rows.is_empty() { self.remove(first.table, &keys) } else { self.upsert(first.table, rows, dice) };
        }
        self.exec(&format!("{script} COMMIT;"))
    }

    fn upsert(&mut self, table: usize, rows: Vec<Synced>, dice: &mut Dice) -> String {
        if rows.is_empty() {
            return String::new();
        }
        let model = self.oracle.models[table].clone();
        let synced = identifier(&format!("{}_synced", model.name));
        let names: Vec<String> =
            model.fields.iter().map(|field| identifier(&field.name)).chain(["write_id".into()]).collect();
        let values = |row: &Synced| {
            let values = model.fields.iter().map(|field| self.literal(table, &field.name, &row.row[&field.name]));
            let write_id = row.write_id.as_ref().map_or("NULL".into(), |id| literal(id));
            values.chain([write_id]).collect::<Vec<_>>()
        };
        let known = |row: &Synced| self.oracle.synced_row(table, &self.oracle.key_of(table, &row.row)).is_some();
        let script = if rows.len() == 1 && known(&rows[0]) && dice.chance(30) {
            let pairs: Vec<String> =
                names.iter().zip(values(&rows[0])).map(|(name, value)| format!("{name} = {value}")).collect();
            let key = self.oracle.key_of(table, &rows[0].row);
            format!("UPDATE {synced} SET {} WHERE {};", pairs.join(", "), self.matches(table, &key))
        } else {
            let tuples: Vec<String> = rows.iter().map(|row| format!("({})", values(row).join(", "))).collect();
            let set: Vec<String> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
            let keys: Vec<String> = model.key.iter().map(|name| identifier(name)).collect();
            format!(
                "INSERT INTO {synced} ({}) VALUES {} ON CONFLICT ({}) DO UPDATE SET {};",
                names.join(", "),
                tuples.join(", "),
                keys.join(", "),
                set.join(", ")
            )
        };
        for row in rows {
            self.oracle.arrive(table, row.row, row.write_id);
        }
        script
    }

    fn remove(&mut self, table: usize, keys: &[Key]) -> String {
        let name = identifier(&format!("{}_synced", self.oracle.models[table].name));
        let rows: Vec<String> = keys.iter().map(|key| format!("({})", self.matches(table, key))).collect();
        for key in keys {
            self.oracle.leave(table, key);
        }
        if rows.is_empty() { String::new() } else { format!("DELETE FROM {name} WHERE {};", rows.join(" OR ")) }
    }

    /// A snapshot, taken now or some events ago; the stream goes on from there.
    fn refetch(&mut self, dice: &mut Dice) -> Outcome {
        let mut snapshot = self.oracle.synced.clone();
        let count = dice.below(self.server.stream.len() + 1);
        for event in self.server.stream.drain(..count) {
            match event.after {
                Some(row) => _ = snapshot[event.table].insert(sortable(&event.key), row),
                None => _ = snapshot[event.table].remove(&sortable(&event.key)),
            }
        }
        let mut script = String::from("BEGIN;");
        for (table, rows) in snapshot.into_iter().enumerate() {
            let missing = |(name, row): (&String, &Synced)| {
                (!rows.contains_key(name)).then(|| self.oracle.key_of(table, &row.row))
            };
            let gone: Vec<Key> = self.oracle.synced[table].iter().filter_map(missing).collect();
            script += &self.upsert(table, rows.into_values().collect(), dice);
            script += &self.remove(table, &gone);
        }
        self.exec(&format!("{script} COMMIT;"))
    }

    /// The schema is dropped, all but the log, and built again; the stream fills it again.
    fn rebuild(&mut self, dice: &mut Dice) -> Outcome {
        let keeps_synced = dice.chance(30);
        let names = self.relations()?;
        let mut script = String::from("BEGIN;");
        for (kind, name) in names {
            if !(keeps_synced && name.trim_end_matches('"').ends_with("_synced")) {
                script += &format!(
                    "DROP {kind} IF EXISTS {name}{};",
                    if self.adapter() == Adapter::Pglite { " CASCADE" } else { "" }
                );
            }
        }
        self.exec(&format!("{script} COMMIT;"))?;
        self.database.load(self.files);
        if keeps_synced {
            return Ok(());
        }
        let before: Vec<_> = self.oracle.synced.iter_mut().map(std::mem::take).collect();
        self.check()?;
        for (table, rows) in before.into_iter().enumerate() {
            let script = self.upsert(table, rows.into_values().collect(), dice);
            self.exec(&script)?;
        }
        Ok(())
    }

    /// What a rebuild drops: kinds and quoted names, views first.
    fn relations(&mut self) -> Outcome<Vec<(String, String)>> {
        let statement = match self.adapter() {
            Adapter::Sqlite => {
                "SELECT type AS kind, '\"' || replace(name, '\"', '\"\"') || '\"' AS name FROM sqlite_schema
                 WHERE type IN ('view', 'table') AND name NOT IN ('_changes_log', '_sync_meta')
                   AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
                 ORDER BY type DESC"
            }
            Adapter::Pglite => {
                "SELECT CASE relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind, format('%I', relname) AS name
                 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
                   AND relname NOT IN ('_changes', '_sync_meta')
                 UNION ALL
                 SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                 ORDER BY 1 DESC"
            }
        };
        let rows = self.database.query(statement).map_err(|error| error.message)?;
        Ok(rows.iter().map(|row| (text(&row["kind"]), text(&row["name"]))).collect())
    }

    // The end

    fn settle_everything(&mut self) -> Outcome {
        let dice = &mut Dice(0);
        for _ in 0..1000 {
            let events = self.server.stream.drain(..).collect();
            self.receive(events, dice)?;
            self.check()?;
            if let Some(at) = (0..self.oracle.log.len()).find(|at| self.can_be_sent(*at)) {
                self.send_one(at, 9, dice)?;
                self.check()?;
                continue;
            }
            if !self.server.stream.is_empty() {
                continue;
            }
            // The stream has passed what was acknowledged; what was rejected the application discards.
            let done = self.oracle.log.iter().filter(|e| e.status != Status::Pending);
            let done: Vec<String> = done.filter_map(|e| e.write_id.clone()).collect();
            self.drop_entries(&done)?;
            self.check()?;
            if self.oracle.log.is_empty() {
                return self.compare_with_server();
            }
        }
        Err(format!("it never ends: {:#?}", self.oracle.log))
    }

    /// Leaves the database as it was before, for the next schedule.
    fn empty(&mut self) -> Outcome {
        for table in 0..self.oracle.models.len() {
            self.oracle.synced[table].clear();
            let synced = identifier(&format!("{}_synced", self.oracle.models[table].name));
            self.exec(&format!("DELETE FROM {synced}"))?;
        }
        self.check()
    }

    fn compare_with_server(&self) -> Outcome {
        for table in 0..self.oracle.models.len() {
            // That the view shows this was checked before.
            let shown: BTreeMap<String, Row> =
                self.oracle.view(table).into_iter().map(|(name, (row, _))| (name, row)).collect();
            let server: BTreeMap<String, Row> =
                self.server.rows[table].iter().map(|(name, row)| (name.clone(), row.row.clone())).collect();
            same("the view and the server", &server, &shown)?;
        }
        Ok(())
    }

    // Comparing

    fn check(&mut self) -> Outcome {
        if !std::mem::take(&mut self.is_touched) {
            return Ok(());
        }
        let names = self
            .oracle
            .models
            .iter()
            .flat_map(|model| ["_synced", "_local", ""].map(|suffix| format!("{}{suffix}", model.name)));
        let relations = names.map(|name| format!("SELECT * FROM {}", identifier(&name)));
        let statements: Vec<String> = [LOG.into()].into_iter().chain(relations).collect();
        let mut answers = self.answers(&statements)?.into_iter();
        let mut next = || answers.next().ok_or("an answer is missing");
        self.compare_log(next()?)?;
        for table in 0..self.oracle.models.len() {
            self.compare_synced(table, next()?)?;
            self.compare_local(table, next()?)?;
            self.compare_view(table, next()?)?;
        }
        Ok(())
    }

    fn answers(&mut self, statements: &[String]) -> Outcome<Vec<Vec<Answer>>> {
        self.database.query_all(statements).map_err(|error| format!("{}: {statements:?}", error.message))
    }

    /// Takes over what only the database knows of new entries.
    fn read_log(&mut self) -> Outcome {
        let rows = self.answers(&[LOG.into()])?.concat();
        self.compare_log(rows)
    }

    /// Entry by entry, and takes over what only the database knows of new ones.
    fn compare_log(&mut self, rows: Vec<Answer>) -> Outcome {
        let models = &self.oracle.models;
        if rows.len() != self.oracle.log.len() {
            return Err(format!("the log should be\n{:#?}\nand is\n{rows:#?}", self.oracle.log));
        }
        let mut transactions: HashMap<usize, String> = HashMap::new();
        for (entry, row) in self.oracle.log.iter_mut().zip(&rows) {
            let model = &models[entry.table];
            let operation = match entry.operation {
                Operation::Insert => "insert",
                Operation::Update => "update",
                Operation::Delete => "delete",
            };
            let status = match entry.status {
                Status::Pending => "pending",
                Status::Acknowledged => "acknowledged",
                Status::Rejected => "rejected",
            };
            let value: Value = match &row["value"] {
                Value::String(text) => serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?,
                other => other.clone(),
            };
            let found: Row = value
                .as_object()
                .ok_or("value is no object")?
                .iter()
                .map(|(name, value)| {
                    let field = model.fields.iter().find(|field| &field.name == name);
                    (name.clone(), field.map_or(value.clone(), |field| canonical(field.ty, value)))
                })
                .collect();
            let key = parse_key(model, &text(&row["row_key"]));
            if entry.key.is_empty() {
                entry.key.clone_from(&key);
                entry.value.extend(model.key.iter().cloned().zip(key.iter().cloned()));
                // A rolled back transaction may have made it before, as a sequence does.
                self.made_keys.insert(sortable(&key));
            }
            let write_id = text(&row["write_id"]);
            if entry.write_id.is_none() {
                if !self.write_ids.insert(write_id.clone()) {
                    return Err(format!("{write_id} isn't new"));
                }
                entry.write_id = Some(write_id.clone());
            }
            entry.created_at.get_or_insert_with(|| timestamp(&text(&row["created_at"])));
            let transaction_id = text(&row["transaction_id"]);
            entry.transaction_id.get_or_insert_with(|| transaction_id.clone());
            let of_transaction = transactions.entry(entry.transaction).or_insert_with(|| transaction_id.clone());
            let pairs = [
                ("table_name", Value::from(model.name.as_str()), row["table_name"].clone()),
                ("row_key", Value::from(entry.key.clone()), Value::from(key)),
                ("operation", operation.into(), row["operation"].clone()),
                ("value", serde_json::json!(entry.value), serde_json::json!(found)),
                ("write_id", serde_json::json!(entry.write_id), write_id.into()),
                ("created_at", serde_json::json!(entry.created_at), timestamp(&text(&row["created_at"])).into()),
                ("transaction_id", serde_json::json!(entry.transaction_id), transaction_id.clone().into()),
                ("transaction_id", of_transaction.as_str().into(), transaction_id.into()),
                ("status", status.into(), row["status"].clone()),
                ("attempts", entry.attempts.into(), row["attempts"].clone()),
                ("rejected_with", serde_json::json!(entry.rejected_with), row["rejected_with"].clone()),
            ];
            for (name, expected, found) in pairs {
                same(name, &expected, &found).map_err(|error| format!("{error}\nin {entry:#?}"))?;
            }
        }
        let different: HashSet<&String> = transactions.values().collect();
        same("transactions", &transactions.len(), &different.len())
    }

    fn by_key(&self, table: usize, rows: Vec<Answer>) -> Outcome<BTreeMap<String, (Row, Answer)>> {
        let model = &self.oracle.models[table];
        let mut found = BTreeMap::new();
        for answer in rows {
            let row: Row =
                model.fields.iter().map(|field| (field.name.clone(), column(field.ty, &answer[&field.name]))).collect();
            let key = sortable(&self.oracle.key_of(table, &row));
            if found.insert(key.clone(), (row, answer)).is_some() {
                return Err(format!("{} has {key} twice", model.name));
            }
        }
        Ok(found)
    }

    fn compare_synced(&self, table: usize, rows: Vec<Answer>) -> Outcome {
        let found: BTreeMap<String, Row> =
            self.by_key(table, rows)?.into_iter().map(|(key, (row, _))| (key, row)).collect();
        let expected =
            self.oracle.synced[table].iter().map(|(key, synced)| (key.clone(), synced.row.clone())).collect();
        same("synced", &expected, &found)
    }

    fn compare_local(&self, table: usize, rows: Vec<Answer>) -> Outcome {
        let mut found = BTreeMap::new();
        for (key, (row, answer)) in self.by_key(table, rows)? {
            let is_deleted = matches!(&answer["is_deleted"], Value::Bool(true)) || answer["is_deleted"] == 1;
            let row = (!is_deleted).then_some(row);
            found.insert(key, (row, names(&answer["changed_columns"]), text(&answer["write_id"])));
        }
        let expected: BTreeMap<String, (Option<Row>, BTreeSet<String>, String)> = self
            .oracle
            .locals(table)
            .into_iter()
            .map(|(key, (_, local))| (key, (local.row, local.changed, local.write_id.unwrap_or_default())))
            .collect();
        same("local rows", &expected, &found)
    }

    fn compare_view(&self, table: usize, rows: Vec<Answer>) -> Outcome {
        let found: BTreeMap<String, (Row, Value)> = self
            .by_key(table, rows)?
            .into_iter()
            .map(|(key, (row, answer))| {
                let is_local =
                    matches!(&answer["_has_local_changes"], Value::Bool(true)) || answer["_has_local_changes"] == 1;
                let write_id = if is_local { answer["_pending_write_id"].clone() } else { Value::Null };
                (key, (row, write_id))
            })
            .collect();
        let expected = self
            .oracle
            .view(table)
            .into_iter()
            .map(|(key, (row, local))| (key, (row, serde_json::json!(local.flatten()))))
            .collect();
        same("the view", &expected, &found)
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Outcome {
    if expected == found { Ok(()) } else { Err(format!("{what} should be\n{expected:#?}\nand is\n{found:#?}")) }
}

/// Few enough for rows to meet.
fn key_pool(field: &Field) -> Vec<Value> {
    pool(field.ty).into_iter().take(3).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A JSON array, as such or as text, or PostgreSQL's own notation of an array.
fn names(value: &Value) -> BTreeSet<String> {
    let parsed = match value {
        Value::String(text) if text.starts_with('{') => {
            return text
                .trim_matches(['{', '}'])
                .split(',')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
        }
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    parsed.as_array().into_iter().flatten().map(text).collect()
}

fn list(write_ids: &[String]) -> String {
    if write_ids.is_empty() {
        return "NULL".into();
    }
    write_ids.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", ")
}

fn row_key(key: &Key) -> String {
    match key.as_slice() {
        [one] => text(one),
        several => serde_json::json!(several).to_string(),
    }
}

fn parse_key(model: &Model, row_key: &str) -> Key {
    if model.key.len() > 1 {
        return serde_json::from_str(row_key).unwrap_or_default();
    }
    model
        .key_fields()
        .map(|field| match field.ty {
            sync_patterns::model::FieldType::Int32 | sync_patterns::model::FieldType::Int64 => {
                serde_json::from_str(row_key).unwrap_or_default()
            }
            _ => row_key.into(),
        })
        .collect()
}

/// `value` of an entry as the log has it.
fn wire(model: &Model, value: &Row) -> Row {
    let with_zone = |(name, value): (&String, &Value)| {
        let is_timestamp = model
            .fields
            .iter()
            .any(|field| &field.name == name && field.ty == sync_patterns::model::FieldType::DateTime);
        let value = match value {
            Value::String(text) if is_timestamp => format!("{text}Z").into(),
            other => other.clone(),
        };
        (name.clone(), value)
    };
    value.iter().map(with_zone).collect()
}
