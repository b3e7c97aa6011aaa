//! The application writes through the view.

use serde_json::Value;
use sync_patterns::config::Adapter;
use sync_patterns::model::{Field, Insert, KeyOrigin, Model};
use sync_patterns::names::sql::identifier;

use super::{Outcome, World};
use crate::simulation::oracle::{Key, Row};
use crate::simulation::schedule::Dice;
use crate::simulation::values::{pool, sortable, temporary_keys};
use crate::support::models::has_temporary_keys;

impl World<'_> {
    /// One statement; whether it was accepted, as it should have been or not.
    pub(super) fn write(&mut self, dice: &mut Dice) -> Outcome<bool> {
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
            let allowed = is_key || field.insert != Insert::Never;
            let required = field.insert == Insert::Required;
            if (allowed && (given || required)) != mistaken {
                let null = !is_key && field.nullable && dice.chance(20);
                let values = if is_key { key_pool(&model, field) } else { self.values(table, field) };
                row.insert(
                    field.name.clone(),
                    if null { Value::Null } else { dice.pick(&values).cloned().unwrap_or_default() },
                );
            }
        }
        if row.is_empty() {
            row.insert(model.fields[0].name.clone(), Value::Null);
        }
        if has_temporary_keys(&model) {
            // Given, or made by the database and known once the log has been read.
            let given = row.get(&model.key[0]).map(|key| sortable(&vec![key.clone()]));
            self.made_keys.extend(given);
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
                let values = self.values(table, field);
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

    /// What to write; for a reference, also keys of rows that are there, and temporary ones that the application still
    /// holds.
    fn values(&self, table: usize, field: &Field) -> Vec<Value> {
        let mut values = pool(field.ty);
        let parent = self.oracle.models[table].references.iter().find(|(column, _)| column == &field.name);
        let parent = parent.and_then(|(_, name)| self.oracle.models.iter().position(|model| &model.name == name));
        if let Some(parent) = parent {
            let shown = self.oracle.view(parent);
            values.extend(shown.values().flat_map(|(row, _)| self.oracle.key_of(parent, row)));
            values.extend(self.oracle.made[parent].values().flat_map(|[temporary, _]| temporary.clone()));
        }
        values
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

    pub(super) fn random_key(&self, table: usize, dice: &mut Dice) -> Key {
        let model = &self.oracle.models[table];
        model.key_fields().map(|field| dice.pick(&key_pool(model, field)).cloned().unwrap_or_default()).collect()
    }

    pub(super) fn write_many(&mut self, dice: &mut Dice) -> Outcome {
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
}

/// Few enough for rows to meet.
fn key_pool(model: &Model, field: &Field) -> Vec<Value> {
    if has_temporary_keys(model) { temporary_keys(field.ty) } else { pool(field.ty).into_iter().take(3).collect() }
}
