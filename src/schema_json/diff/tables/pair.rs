//! A model that both schemas have, with its tables: what is different in the key and the references.

use super::change::{TableChange, TableKind};
use crate::names::sql::identifier;
use crate::schema_json::diff::change::Severity;
use crate::schema_json::diff::quote::{name, names, statement};
use crate::schema_json::diff::step::{self, Phase};
use crate::schema_json::document::{Model, Table, TableReference};

/// A model in both schemas, with its tables.
pub struct Pair<'a> {
    pub old: &'a Model,
    pub new: &'a Model,
    pub before: &'a Table,
    pub after: &'a Table,
}

impl Pair<'_> {
    pub fn alter(&self, what: &str) -> String {
        format!("ALTER TABLE {} {what}", self.after.name)
    }

    /// To give all rows a value that have none.
    pub fn fill(&self, column: &str) -> String {
        let column = identifier(column);
        format!("UPDATE {} SET {column} = … WHERE {column} IS NULL", self.after.name)
    }

    pub fn key(&self) -> Option<TableChange> {
        let is_same = self.before.key.len() == self.after.key.len()
            && self.before.key.iter().zip(&self.after.key).all(|(old, new)| self.renamed_to(old) == new);
        let sentence = format!("the key is {}, no longer {}", names(&self.after.key), names(&self.before.key));
        if is_same {
            return None;
        }
        let columns: Vec<String> = self.after.key.iter().map(|column| identifier(column)).collect();
        let constraint = identifier(&step::key_constraint(&self.before.name));
        let sql = self.alter(&format!("DROP CONSTRAINT {constraint}, ADD PRIMARY KEY ({})", columns.join(", ")));
        let change = TableChange::new(TableKind::KeyChanged, Severity::Breaking, sentence, ANOTHER_KEY);
        Some(change.step(Phase::Key, sql))
    }

    /// What a column of the old table is called in the new one, where the same property has it.
    fn renamed_to<'b>(&'b self, column: &'b str) -> &'b str {
        let field = self.old.fields.iter().find(|field| self.old.column(&field.name) == column);
        field.and_then(|field| self.new.field(&field.name)).map_or(column, |field| self.new.column(&field.name))
    }

    pub fn references(&self) -> Vec<TableChange> {
        let gone = self.before.references.iter().filter(|(name, one)| self.after.references.get(*name) != Some(one));
        let new = self.after.references.iter().filter(|(name, one)| self.before.references.get(*name) != Some(one));
        let gone = gone.map(|(constraint, one)| {
            let sentence = format!("{} needs no row in {} any more", name(&one.column), statement(&one.to));
            let change =
                TableChange::new(TableKind::ReferenceRemoved, Severity::Info, sentence, "`schema.sql` allows it.")
                    .step(Phase::Unlink, self.alter(&format!("DROP CONSTRAINT IF EXISTS {}", identifier(constraint))));
            TableChange { column: Some(one.column.clone()), ..change }
        });
        let new = new.map(|(_, one)| {
            let sentence = format!("{} needs a row in {}", name(&one.column), statement(&one.to));
            let effect = "`schema.sql` refuses it where a value leads nowhere: first change or remove such rows.";
            let change = TableChange::new(TableKind::ReferenceAdded, Severity::Breaking, sentence, effect)
                .yours(Phase::Rows, self.unlink_orphans(one));
            TableChange { column: Some(one.column.clone()), ..change }
        });
        gone.chain(new).collect()
    }

    /// To take the value from rows where it leads nowhere.
    fn unlink_orphans(&self, reference: &TableReference) -> String {
        let column = identifier(&reference.column);
        let (table, key) = reference.to.rsplit_once(" (").unwrap_or((&reference.to, ")"));
        let key = key.trim_end_matches(')');
        format!("UPDATE {} SET {column} = NULL WHERE {column} NOT IN (SELECT {key} FROM {table})", self.after.name)
    }
}

/// Several statements: references to the key stand in its way.
pub const ANOTHER_KEY: &str = "`schema.sql` refuses it: first run what `sync-patterns migrate` prints.";
