//! A backend: it applies writes once, makes keys, and tells of every change in order.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::{Value, json};
use sync_patterns::model::{Field, FieldType, KeyOrigin, Model};

use crate::simulation::oracle::{Entry, Key, Operation, Row, Synced};
use crate::simulation::values::{canonical, pool, sortable};

#[derive(Debug, Clone)]
pub struct Event {
    pub table: usize,
    pub key: Key,
    /// None: the row is gone.
    pub after: Option<Synced>,
}

pub struct Server {
    models: Vec<Model>,
    pub rows: Vec<BTreeMap<String, Synced>>,
    /// What the client has not been told yet.
    pub stream: VecDeque<Event>,
    answers: HashMap<String, Key>,
    next_key: i64,
}

impl Server {
    pub fn new(models: Vec<Model>) -> Self {
        let rows = models.iter().map(|_| BTreeMap::new()).collect();
        Self { models, rows, stream: VecDeque::new(), answers: HashMap::new(), next_key: 100 }
    }

    /// Answers a request with the row's key; an error is permanent. `body`: what it carries, in full where the API
    /// wants that. A write that was applied before is answered as before.
    pub fn apply(&mut self, entry: &Entry, body: &Row) -> Result<Key, ()> {
        let write_id = entry.write_id.clone().unwrap_or_default();
        if let Some(key) = self.answers.get(&write_id) {
            return Ok(key.clone());
        }
        let key = match entry.operation {
            Operation::Insert => self.insert(entry.table, body, Some(write_id.clone()))?,
            Operation::Update => {
                self.update(entry.table, &entry.key, body, Some(write_id.clone()))?;
                entry.key.clone()
            }
            Operation::Delete => {
                self.delete(entry.table, &entry.key);
                entry.key.clone()
            }
        };
        self.answers.insert(write_id, key.clone());
        Ok(key)
    }

    pub fn has_applied(&self, entry: &Entry) -> bool {
        entry.write_id.as_ref().is_some_and(|write_id| self.answers.contains_key(write_id))
    }

    pub fn insert(&mut self, table: usize, body: &Row, write_id: Option<String>) -> Result<Key, ()> {
        let model = self.models[table].clone();
        let mut row: Row = model.fields.iter().map(|field| (field.name.clone(), made(field))).collect();
        row.extend(body.iter().map(|(name, value)| (name.clone(), value.clone())));
        if model.key_origin == KeyOrigin::Server {
            row.insert(model.key[0].clone(), self.new_key(&model));
        }
        let key: Key = model.key.iter().map(|name| row[name].clone()).collect();
        if self.rows[table].contains_key(&sortable(&key)) {
            return Err(());
        }
        self.store(table, &key, Synced { row, write_id });
        Ok(key)
    }

    pub fn update(&mut self, table: usize, key: &Key, body: &Row, write_id: Option<String>) -> Result<(), ()> {
        let mut row = self.rows[table].get(&sortable(key)).ok_or(())?.row.clone();
        row.extend(body.iter().map(|(name, value)| (name.clone(), value.clone())));
        self.store(table, key, Synced { row, write_id });
        Ok(())
    }

    pub fn delete(&mut self, table: usize, key: &Key) {
        if self.rows[table].remove(&sortable(key)).is_some() {
            self.stream.push_back(Event { table, key: key.clone(), after: None });
        }
    }

    fn store(&mut self, table: usize, key: &Key, row: Synced) {
        self.rows[table].insert(sortable(key), row.clone());
        self.stream.push_back(Event { table, key: key.clone(), after: Some(row) });
    }

    fn new_key(&mut self, model: &Model) -> Value {
        self.next_key += 1;
        match model.key_fields().next().map(|field| field.ty) {
            Some(FieldType::Int32 | FieldType::Int64) => json!(self.next_key),
            _ => json!(format!("made-{}", self.next_key)),
        }
    }
}

/// What the server puts where a body says nothing.
fn made(field: &Field) -> Value {
    match &field.default {
        Some(default) => canonical(field.ty, default),
        None if field.nullable => Value::Null,
        None => pool(field.ty)[0].clone(),
    }
}
