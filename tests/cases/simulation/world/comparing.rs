//! The database and the oracle, after each step.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;
use sync_patterns::names::sql::identifier;

use super::{Outcome, World};
use crate::simulation::oracle::{Operation, Row, Status};
use crate::simulation::values::{canonical, column, parse_key, row_key, sortable, text, timestamp};
use crate::support::database::Row as Answer;

const LOG: &str = "SELECT * FROM _changes ORDER BY id";
const MADE_KEYS: &str = "SELECT * FROM _made_keys";

impl World<'_> {
    pub(super) fn check(&mut self) -> Outcome {
        if !std::mem::take(&mut self.is_touched) {
            return Ok(());
        }
        let names = self
            .oracle
            .models
            .iter()
            .flat_map(|model| ["_synced", "_local", ""].map(|suffix| format!("{}{suffix}", model.name)));
        let relations = names.map(|name| format!("SELECT * FROM {}", identifier(&name)));
        let statements: Vec<String> = [LOG.into(), MADE_KEYS.into()].into_iter().chain(relations).collect();
        let mut answers = self.answers(&statements)?.into_iter();
        let mut next = || answers.next().ok_or("an answer is missing");
        self.compare_log(next()?)?;
        self.compare_made_keys(&next()?)?;
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
    pub(super) fn read_log(&mut self) -> Outcome {
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

    fn compare_made_keys(&self, rows: &[Answer]) -> Outcome {
        let found: BTreeSet<[String; 4]> = rows
            .iter()
            .map(|row| ["table_name", "temporary_key", "row_key", "key"].map(|name| text(&row[name])))
            .collect();
        let tables = self.oracle.models.iter().zip(&self.oracle.made);
        let expected = tables.flat_map(|(model, made)| {
            let name = model.name.clone();
            made.values().map(move |[old, new]| [name.clone(), row_key(old), row_key(new), new[0].to_string()])
        });
        same("made keys", &expected.collect(), &found)
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

    pub(super) fn compare_with_server(&self) -> Outcome {
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
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Outcome {
    if expected == found { Ok(()) } else { Err(format!("{what} should be\n{expected:#?}\nand is\n{found:#?}")) }
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
