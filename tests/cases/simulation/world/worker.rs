//! The sync worker sends the log, and the application looks at what was rejected.

use serde_json::Value;
use sync_patterns::config::Adapter;
use sync_patterns::model::Method;
use sync_patterns::names::sql::literal;

use super::{Outcome, World};
use crate::simulation::oracle::{self, Entry, Key, Operation, Row, Status};
use crate::simulation::schedule::Dice;
use crate::simulation::values::{row_key, sortable};
use crate::support::models::has_temporary_keys;

impl World<'_> {
    pub(super) fn send(&mut self, dice: &mut Dice) -> Outcome {
        let sendable: Vec<usize> = (0..self.oracle.log.len()).filter(|at| self.can_be_sent(*at)).collect();
        let at = if dice.chance(70) { sendable.first() } else { dice.pick(&sendable) };
        let Some(&at) = at else { return Ok(()) };
        let fate = dice.below(10);
        self.send_one(at, fate, dice)
    }

    /// Order is kept within a row, and a key that the server has yet to make is waited for, by what refers to it too.
    pub(super) fn can_be_sent(&self, at: usize) -> bool {
        let entry = &self.oracle.log[at];
        let of_row = |e: &&Entry| e.table == entry.table && e.key == entry.key;
        let waits = self.oracle.log[..at].iter().filter(of_row).any(|e| e.status == Status::Pending)
            || entry.operation != Operation::Insert
                && self.made_keys.contains(&sortable(&entry.key))
                && self.oracle.log.iter().filter(of_row).any(|e| e.operation == Operation::Insert)
            || self
                .temporary_parents(entry)
                .iter()
                .any(|(table, key)| self.oracle.log.iter().any(|e| e.table == *table && e.key[..] == [key.clone()]));
        entry.status == Status::Pending && !waits
    }

    /// Rows that the entry refers to by keys that only this database knows.
    fn temporary_parents(&self, entry: &Entry) -> Vec<(usize, Value)> {
        let parent = |(column, parent): &(String, String)| {
            let parent = self.oracle.models.iter().position(|model| &model.name == parent)?;
            let key = entry.value.get(column)?;
            self.made_keys.contains(&sortable(&vec![key.clone()])).then(|| (parent, key.clone()))
        };
        self.oracle.models[entry.table].references.iter().filter_map(parent).collect()
    }

    pub(super) fn send_one(&mut self, at: usize, fate: usize, dice: &mut Dice) -> Outcome {
        let entry = self.oracle.log[at].clone();
        let write_id = entry.write_id.clone().ok_or("an entry without write_id")?;
        self.count_attempt(at, &write_id)?;
        if fate == 0 {
            // Never reached the server.
            return Ok(());
        }
        let body = self.body(&entry);
        if !self.temporary_parents(&entry).is_empty() {
            // The row that it refers to was taken back.
            return self.reject_one(&write_id);
        }
        match self.server.apply(&entry, &body) {
            // Applied, and the client died before it heard.
            Ok(_) if fate == 1 => Ok(()),
            Ok(key) if fate == 2 && self.server.stream.len() < 4 => {
                // The stream is quicker than the answer.
                let events = self.server.stream.drain(..).collect();
                self.receive(events, dice)?;
                self.acknowledge(&entry, &key, true)
            }
            Ok(key) => self.acknowledge(&entry, &key, fate != 3),
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

    /// With the key that the server has made, in one transaction; `tells` false leaves that to the stream.
    fn acknowledge(&mut self, sent: &Entry, key: &Key, tells: bool) -> Outcome {
        let write_id = sent.write_id.as_deref().unwrap_or_default();
        if let Some(entry) = self.oracle.log.iter_mut().find(|e| e.write_id == sent.write_id) {
            entry.status = Status::Acknowledged;
        }
        let acknowledged = "UPDATE _changes SET status = 'acknowledged' WHERE write_id = $1";
        let model = &self.oracle.models[sent.table];
        if !tells || sent.operation != Operation::Insert || !has_temporary_keys(model) || key == &sent.key {
            return self.run(acknowledged, write_id);
        }
        let made = format!(
            "INSERT INTO _made_keys (table_name, temporary_key, row_key, key) VALUES ({}, {}, {}, {}) ON CONFLICT DO NOTHING",
            literal(&model.name),
            literal(&row_key(&sent.key)),
            literal(&row_key(key)),
            literal(&key[0].to_string())
        );
        self.oracle.key_made(sent.table, &sent.key, key);
        self.exec("BEGIN")?;
        self.run(acknowledged, write_id)?;
        self.exec(&format!("{made}; COMMIT"))
    }

    fn reject_one(&mut self, write_id: &str) -> Outcome {
        if let Some(at) = self.oracle.log.iter().position(|e| e.write_id.as_deref() == Some(write_id)) {
            self.oracle.reject(at);
        }
        self.run("UPDATE _changes SET status = 'rejected', error = 'no' WHERE write_id = $1", write_id)
    }

    /// A permanent answer for a reason of the server's own, without having applied the write.
    pub(super) fn reject(&mut self, dice: &mut Dice) -> Outcome {
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

    pub(super) fn retry(&mut self, dice: &mut Dice) -> Outcome {
        let write_ids = self.rejected(dice);
        // A database without SQL has no statement for several: the application sends one after the other again.
        let at_once = if self.adapter() == Adapter::IndexedDb { 1 } else { write_ids.len().max(1) };
        for some in write_ids.chunks(at_once) {
            self.oracle.retry(some);
            self.exec(&format!("UPDATE _changes SET status = 'pending' WHERE write_id IN ({})", list(some)))?;
        }
        Ok(())
    }

    pub(super) fn discard(&mut self, dice: &mut Dice) -> Outcome {
        let write_ids = self.rejected(dice);
        self.drop_entries(&write_ids)
    }

    pub(super) fn drop_entries(&mut self, write_ids: &[String]) -> Outcome {
        self.oracle.log.retain(|e| !e.write_id.as_ref().is_some_and(|id| write_ids.contains(id)));
        self.exec(&format!("DELETE FROM _changes WHERE write_id IN ({})", list(write_ids)))
    }
}

fn list(write_ids: &[String]) -> String {
    if write_ids.is_empty() {
        return "NULL".into();
    }
    write_ids.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", ")
}
