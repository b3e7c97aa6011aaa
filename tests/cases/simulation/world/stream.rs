//! Others write to the server, and the stream brings its rows.

use std::collections::HashSet;

use sync_patterns::names::sql::{identifier, literal};

use super::{Outcome, World};
use crate::simulation::oracle::{Key, Row, Synced};
use crate::simulation::schedule::Dice;
use crate::simulation::server::Event;
use crate::simulation::values::{pool, sortable};

impl World<'_> {
    pub(super) fn foreign(&mut self, dice: &mut Dice) -> Outcome {
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

    pub(super) fn deliver(&mut self, dice: &mut Dice) -> Outcome {
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

    pub(super) fn receive(&mut self, events: Vec<Event>, dice: &mut Dice) -> Outcome {
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

    /// What rows show one write come in statements of their own: which of them came first is known then.
    pub(super) fn upsert(&mut self, table: usize, rows: Vec<Synced>, dice: &mut Dice) -> String {
        let mut script = String::new();
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            let mut seen = HashSet::new();
            let is_first = |row: &&Synced| row.write_id.clone().is_none_or(|write_id| seen.insert(write_id));
            let (rows, later) = rest.split_at(rest.iter().take_while(is_first).count());
            script += &self.upsert_at_once(table, rows.to_vec(), dice);
            rest = later;
        }
        script
    }

    fn upsert_at_once(&mut self, table: usize, rows: Vec<Synced>, dice: &mut Dice) -> String {
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
    pub(super) fn refetch(&mut self, dice: &mut Dice) -> Outcome {
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
}
