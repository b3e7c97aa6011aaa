//! What is different in the sync server's tables, and what that asks of whoever runs `schema.sql` on them. The words say what
//! `sync_upgrade` in `bookkeeping.sql` does.

use serde::Serialize;
use serde_json::Value;

use super::change::Severity;
use super::quote::{name, names, statement, value};
use super::rename;
use super::step::{self, Phase, Step};
use super::type_change::{noun, title};
use crate::names::sql::identifier;
use crate::schema_json::document::{Document, Field, Model, Table, TableColumn, TableReference};

/// One difference, in the order of the schema's models.
#[derive(Debug, Clone, Serialize)]
pub struct TableChange {
    /// `None`: of all tables.
    pub model: Option<String>,
    pub column: Option<String>,
    /// Stable, for programs.
    pub kind: TableKind,
    pub severity: Severity,
    /// What is different. Begins in lower case, without a full stop.
    #[serde(rename = "change")]
    pub sentence: String,
    /// What `schema.sql` does, and what it leaves to you: sentences.
    pub effect: String,
    /// What of the data is lost, and by what: a sentence.
    pub loss: Option<String>,
    /// What `migrate` does about it before `schema.sql` runs.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    ServerAdded,
    ServerRemoved,
    TableAdded,
    TableRemoved,
    TableRenamed,
    KeyChanged,
    ColumnAdded,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    NullabilityChanged,
    DefaultChanged,
    RulesChanged,
    ReferenceAdded,
    ReferenceRemoved,
    ScopeChanged,
    SoftDeleteChanged,
    ConflictChanged,
    RowLevelSecurityChanged,
    HistoryChanged,
}

/// What the levels mean for the tables, as `docs/cli.md` defines it.
pub const MEANINGS: [(Severity, &str); 3] = [
    (
        Severity::Breaking,
        "`schema.sql` refuses it, or clients miss rows or values, until you have done what stands here",
    ),
    (Severity::Notice, "`schema.sql` does it, and what is in the tables already isn't all as the document says"),
    (Severity::Info, "`schema.sql` does it, and that is all"),
];

impl TableChange {
    fn new(kind: TableKind, severity: Severity, sentence: String, effect: impl Into<String>) -> Self {
        Self {
            model: None,
            column: None,
            kind,
            severity,
            sentence,
            effect: effect.into(),
            loss: None,
            steps: Vec::new(),
        }
    }

    /// Adds a statement that `migrate` prints ready to run.
    fn step(mut self, phase: Phase, sql: impl Into<String>) -> Self {
        self.steps.push(Step { phase, sql: sql.into(), is_yours: false });
        self
    }

    /// Adds a statement that `migrate` prints commented out, because it loses data, or needs a value or a decision.
    fn yours(mut self, phase: Phase, sql: impl Into<String>) -> Self {
        self.steps.push(Step { phase, sql: sql.into(), is_yours: true });
        self
    }

    fn losing(mut self, loss: Option<String>) -> Self {
        self.loss = loss;
        self
    }
}

/// A model in both schemas, with its tables.
struct Pair<'a> {
    old: &'a Model,
    new: &'a Model,
    before: &'a Table,
    after: &'a Table,
}

/// What is different in the tables of `new`, model by model in order of name.
pub fn compare(old: &Document, new: &Document) -> Vec<TableChange> {
    let whole =
        |kind, sentence: &str, effect: &str| vec![TableChange::new(kind, Severity::Info, sentence.to_owned(), effect)];
    match (old.tables.is_empty(), new.tables.is_empty()) {
        (true, true) => return Vec::new(),
        (true, false) => {
            let effect = "`schema.sql` makes the tables that aren't there, and refuses what doesn't fit one that is.";
            return whole(TableKind::ServerAdded, "there is nothing to compare the tables with", effect);
        }
        (false, true) => {
            let effect = "Its tables stay, with their rows and triggers.";
            return whole(TableKind::ServerRemoved, "there is no sync server any more", effect);
        }
        (false, false) => {}
    }
    let of = |schema: &'_ Document, other: &Document| -> Vec<String> {
        schema.tables.keys().filter(|name| !other.tables.contains_key(*name)).cloned().collect()
    };
    fn models<'a>(schema: &'a Document, names: &[String]) -> Vec<&'a Model> {
        schema.models.iter().filter(|model| names.contains(&model.name)).collect()
    }
    let [gone, added] = [of(old, new), of(new, old)];
    let (gone, added) = (models(old, &gone), models(new, &added));
    let renamed = rename::models(&gone, &added);

    let mut found: Vec<(&str, Vec<TableChange>)> = Vec::new();
    for model in gone.iter().filter(|model| !renamed.iter().any(|(from, _)| from.name == model.name)) {
        found.extend(old.tables.get(&model.name).map(|table| (model.name.as_str(), vec![removed(table)])));
    }
    for model in &added {
        let from =
            renamed.iter().find(|(_, to)| to.name == model.name).and_then(|(from, _)| old.tables.get(&from.name));
        let Some(table) = new.tables.get(&model.name) else { continue };
        let change = from.map_or_else(|| self::added(table), |from| moved(from, table, true));
        found.push((&model.name, vec![change]));
    }
    for after in &new.models {
        let before = old.models.iter().find(|model| model.name == after.name);
        let tables = old.tables.get(&after.name).zip(new.tables.get(&after.name));
        if let (Some(before), Some((old, new))) = (before, tables) {
            found.push((&after.name, Pair { old: before, new: after, before: old, after: new }.changes()));
        }
    }
    found.sort_by_key(|(name, _)| *name);
    let of_model = |(name, changes): (&str, Vec<TableChange>)| {
        let name = name.to_owned();
        changes.into_iter().map(move |change| TableChange { model: Some(name.clone()), ..change })
    };
    server(old, new).into_iter().chain(found.into_iter().flat_map(of_model)).collect()
}

/// What is different of all tables.
fn server(old: &Document, new: &Document) -> Vec<TableChange> {
    let Some((before, after)) = old.server.zip(new.server) else { return Vec::new() };
    let all = [
        (before.row_level_security != after.row_level_security).then(|| row_level_security(after.row_level_security)),
        (before.history != after.history).then(|| history(after.history)),
    ];
    all.into_iter().flatten().collect()
}

fn row_level_security(is_on: bool) -> TableChange {
    let (severity, sentence, effect) = if is_on {
        (
            Severity::Breaking,
            "row-level security is on",
            "`schema.sql` adds a policy to each table, and devices of any version notice nothing. Every other writer sees no \
             row until it sets `app.user_id` and `app.scopes`, or has `BYPASSRLS`: first change those.",
        )
    } else {
        (
            Severity::Info,
            "row-level security is off",
            "`schema.sql` removes its policies, and devices of any version notice nothing. The conditions of push and pull \
             alone hold users to their scopes: a statement of a hook sees all rows.",
        )
    };
    TableChange::new(TableKind::RowLevelSecurityChanged, severity, sentence.to_owned(), effect)
}

fn history(is_on: bool) -> TableChange {
    let (sentence, effect, loss) = if is_on {
        (
            "every change is kept in `sync_history`",
            "`schema.sql` makes the table, which has nothing of before and grows with every write. No device gets it.",
            None,
        )
    } else {
        (
            "changes aren't kept in `sync_history` any more",
            "What is in the table stays. No device has had it.",
            Some("`DROP TABLE sync_history` loses it.".to_owned()),
        )
    };
    let change =
        TableChange::new(TableKind::HistoryChanged, Severity::Notice, sentence.to_owned(), effect).losing(loss);
    if is_on { change } else { change.yours(Phase::Drop, "DROP TABLE sync_history") }
}

fn added(table: &Table) -> TableChange {
    let sentence = format!("the table {} is new", statement(&table.name));
    TableChange::new(TableKind::TableAdded, Severity::Info, sentence, "`schema.sql` makes it.")
}

fn removed(table: &Table) -> TableChange {
    let sentence = format!("no model has the table {} any more", statement(&table.name));
    let effect = "The table stays with its rows, and no client gets them.";
    let drop = format!("DROP TABLE {}", table.name);
    let loss = format!("{} loses its rows.", statement(&drop));
    TableChange::new(TableKind::TableRemoved, Severity::Notice, sentence, effect)
        .losing(Some(loss))
        .yours(Phase::Drop, drop)
}

/// The same rows are to be in another table.
fn moved(before: &Table, after: &Table, is_guess: bool) -> TableChange {
    let [old, new] = [before, after].map(|table| statement(&table.name));
    let sentence = if is_guess {
        format!("the table {new} looks renamed from {old} (a guess)")
    } else {
        format!("the table is {new}, no longer {old}")
    };
    let effect = format!(
        "`schema.sql` makes an empty table, and the rows stay in the old one, where no client gets them. So that they \
         move, give {old} the name {new} before (`ALTER TABLE … RENAME TO …`, `SET SCHEMA …`)."
    );
    let change = TableChange::new(TableKind::TableRenamed, Severity::Breaking, sentence, effect);
    step::rename(&before.name, &after.name).into_iter().fold(change, |change, sql| {
        if is_guess { change.yours(Phase::Rename, sql) } else { change.step(Phase::Rename, sql) }
    })
}

impl Pair<'_> {
    fn changes(&self) -> Vec<TableChange> {
        let mut changes: Vec<TableChange> = Vec::new();
        if self.before.name != self.after.name {
            changes.push(moved(self.before, self.after, false));
        }
        changes.extend(self.key());
        changes.extend(self.columns());
        changes.extend(self.references());
        changes.extend([self.scope(), self.soft_delete(), self.conflict()].into_iter().flatten());
        changes
    }

    fn alter(&self, what: &str) -> String {
        format!("ALTER TABLE {} {what}", self.after.name)
    }

    /// To give all rows a value that have none.
    fn fill(&self, column: &str) -> String {
        let column = identifier(column);
        format!("UPDATE {} SET {column} = … WHERE {column} IS NULL", self.after.name)
    }

    fn key(&self) -> Option<TableChange> {
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

    fn columns(&self) -> Vec<TableChange> {
        let renamed = rename::columns(self.old, self.new);
        let guess = |field: &Field| renamed.iter().find(|(_, new)| new.name == field.name).map(|(old, _)| *old);
        let mut changes = Vec::new();
        let mut going_on = Vec::new();
        for field in &self.new.fields {
            let column = self.new.column(&field.name);
            let Some(after) = self.after.columns.get(column) else { continue };
            let old = self.old.field(&field.name).or_else(|| guess(field));
            let old = old.and_then(|old| Some((old, self.before.columns.get_key_value(self.old.column(&old.name))?)));
            let mut found = Vec::new();
            match old {
                None => found.push(self.column_added(column, after)),
                Some((old, (was, before))) => {
                    going_on.push(was);
                    if was != column {
                        found.push(self.column_renamed(was, (column, after), old.name != field.name));
                    }
                    found.extend(self.column_changes(column, (old, before), (field, after)));
                }
            }
            changes.extend(found.into_iter().map(|change| TableChange { column: Some(column.to_owned()), ..change }));
        }
        for column in self.before.columns.keys().filter(|column| !going_on.contains(column)) {
            changes.push(TableChange { column: Some(column.clone()), ..self.column_removed(column) });
        }
        changes
    }

    fn column_added(&self, column: &str, after: &TableColumn) -> TableChange {
        let sentence = format!("the column {} is new", name(column));
        let add = self.alter(&format!("ADD COLUMN {} {}", identifier(column), after.ty));
        let (severity, effect) = match (&after.default, after.required) {
            (Some(default), _) => {
                (Severity::Info, format!("`schema.sql` adds it, and all rows get {}.", statement(default)))
            }
            (None, false) => (Severity::Info, "`schema.sql` adds it, and no row has a value in it.".to_owned()),
            (None, true) => (
                Severity::Breaking,
                format!(
                    "`schema.sql` refuses it where the table has rows, since each must have a value: first {}, and give \
                     all rows one.",
                    statement(&add)
                ),
            ),
        };
        let change = TableChange::new(TableKind::ColumnAdded, severity, sentence, effect);
        if severity == Severity::Breaking {
            change.step(Phase::Column, add).yours(Phase::Column, self.fill(column))
        } else {
            change
        }
    }

    fn column_removed(&self, column: &str) -> TableChange {
        let sentence = format!("the column {} is gone", name(column));
        let effect = "The column stays with its values, no client gets them, and new rows do without one.";
        let drop = self.alter(&format!("DROP COLUMN {}", identifier(column)));
        let loss = format!("{} loses them.", statement(&drop));
        TableChange::new(TableKind::ColumnRemoved, Severity::Notice, sentence, effect)
            .losing(Some(loss))
            .yours(Phase::Drop, drop)
    }

    fn column_renamed(&self, was: &str, (column, after): (&str, &TableColumn), is_guess: bool) -> TableChange {
        let sentence = if is_guess {
            format!("the column {} looks renamed from {} (a guess)", name(column), name(was))
        } else {
            format!("the column is {}, no longer {}", name(column), name(was))
        };
        let sql = self.alter(&format!("RENAME COLUMN {} TO {}", identifier(was), identifier(column)));
        let rename = statement(&sql);
        let effect = if after.required && after.default.is_none() {
            format!("`schema.sql` refuses it where the table has rows, since each must have a value: first {rename}.")
        } else {
            format!(
                "`schema.sql` adds a column without the values, which stay in the old one, where no client gets them. So \
                 that they move, first {rename}."
            )
        };
        let change = TableChange::new(TableKind::ColumnRenamed, Severity::Breaking, sentence, effect);
        if is_guess { change.yours(Phase::Rename, sql) } else { change.step(Phase::Rename, sql) }
    }

    fn column_changes(
        &self,
        column: &str,
        (old, before): (&Field, &TableColumn),
        (new, after): (&Field, &TableColumn),
    ) -> Vec<TableChange> {
        let is_retyped = before.ty != after.ty;
        let all = [
            is_retyped.then(|| self.retyped(column, (old, before), (new, after))),
            self.nullability(column, before, after),
            default(column, before, after),
            // Rules of another type are others.
            if is_retyped { None } else { rules(column, (old, before), (new, after)) },
        ];
        all.into_iter().flatten().collect()
    }

    fn retyped(
        &self,
        column: &str,
        (old, before): (&Field, &TableColumn),
        (new, after): (&Field, &TableColumn),
    ) -> TableChange {
        let sentence = format!("the column {} is {}, no longer {}", name(column), title(&new.ty), title(&old.ty));
        let quoted = identifier(column);
        // What is said of the old type stands in the way of the new one; `schema.sql` says what is to be said of it.
        let references = self.before.references.iter().filter(|(_, reference)| reference.column == column);
        let references: Vec<&String> = references.map(|(name, _)| name).collect();
        let constraints = before.checks.keys().chain(references.iter().copied());
        let mut parts: Vec<String> =
            constraints.map(|name| format!("DROP CONSTRAINT IF EXISTS {}", identifier(name))).collect();
        if before.default.is_some() && before.default != after.default {
            parts.push(format!("ALTER COLUMN {quoted} DROP DEFAULT"));
        }
        let using = match after.ty.as_str() {
            "JSONB" => format!("to_jsonb({quoted})"),
            "TEXT" => format!("{quoted}::TEXT"),
            ty => format!("{quoted}::TEXT::{ty}"),
        };
        parts.push(format!("ALTER COLUMN {quoted} TYPE {} USING {using}", after.ty));
        let sql = self.alter(&parts.join(", "));
        let is_key = self.after.key.iter().any(|key| key == column);
        let effect = if is_key {
            ANOTHER_KEY.to_owned()
        } else {
            format!("`schema.sql` refuses it: first {}.", statement(&sql))
        };
        let (loss, is_silent) = loss(&before.ty, after, new);
        let change = TableChange::new(TableKind::ColumnRetyped, Severity::Breaking, sentence, effect).losing(loss);
        let unlink = |name: &String| self.alter(&format!("DROP CONSTRAINT IF EXISTS {}", identifier(name)));
        let change = references
            .iter()
            .filter(|name| self.after.references.get(**name) == self.before.references.get(**name))
            .fold(change, |change, name| change.step(Phase::Unlink, unlink(name)));
        if is_silent { change.yours(Phase::Column, sql) } else { change.step(Phase::Column, sql) }
    }

    fn nullability(&self, column: &str, before: &TableColumn, after: &TableColumn) -> Option<TableChange> {
        let (severity, what, effect) = match (before.required, after.required) {
            (true, false) => (Severity::Info, "can be null", "`schema.sql` allows it."),
            (false, true) => (
                Severity::Breaking,
                "can't be null any more",
                "`schema.sql` refuses it where a row has no value in it: first give all rows one.",
            ),
            _ => return None,
        };
        let sentence = format!("the column {} {what}", name(column));
        let change = TableChange::new(TableKind::NullabilityChanged, severity, sentence, effect);
        Some(if after.required { change.yours(Phase::Rows, self.fill(column)) } else { change })
    }

    fn references(&self) -> Vec<TableChange> {
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

    fn scope(&self) -> Option<TableChange> {
        let sentence = match (&self.before.scope, &self.after.scope) {
            (one, other) if one == other => return None,
            (_, None) => "the rows are everybody's".to_owned(),
            (_, Some(scope)) => {
                format!("{} says whose a row is, by scopes of {}", name(&scope.column), name(&scope.kind))
            }
        };
        let effect = "`schema.sql` moves all rows to their new scopes, and devices get and lose rows by that. A row \
                      without a value in the column is nobody's.";
        Some(TableChange::new(TableKind::ScopeChanged, Severity::Notice, sentence, effect))
    }

    fn soft_delete(&self) -> Option<TableChange> {
        let (sentence, effect) = match (&self.before.soft_delete, &self.after.soft_delete) {
            (one, other) if one == other => return None,
            (_, None) => (
                "a delete removes the row, and sets no column any more".to_owned(),
                "Rows that are marked as deleted come back on all devices: remove them first.",
            ),
            (_, Some(column)) => (
                format!("a delete sets {}, and the row stays", name(column)),
                "Rows where it is set already go on all devices.",
            ),
        };
        let change = TableChange::new(TableKind::SoftDeleteChanged, Severity::Notice, sentence, effect);
        Some(match &self.before.soft_delete {
            Some(column) => {
                let marked = format!("DELETE FROM {} WHERE {} IS NOT NULL", self.after.name, identifier(column));
                change.losing(Some(format!("{} loses them.", statement(&marked)))).yours(Phase::Rows, marked)
            }
            None => change,
        })
    }

    /// The server decides, so clients of any version are meant.
    fn conflict(&self) -> Option<TableChange> {
        let (before, after) = (self.before.conflict.as_deref()?, self.after.conflict.as_deref()?);
        if before == after {
            return None;
        }
        // With `merge`, nobody keeps who has written a column, and when.
        let is_kept = before != "merge";
        let (severity, effect) = match (after, is_kept) {
            ("reject", true) => (Severity::Info, REJECTS.to_owned()),
            ("reject", false) => (
                Severity::Notice,
                format!(
                    "{REJECTS} Of rows that were last written before, the columns aren't known: any edit of one counts \
                     as a conflict until the device has seen it."
                ),
            ),
            ("last-write-wins", true) => (Severity::Info, LATER_WINS.to_owned()),
            ("last-write-wins", false) => (
                Severity::Notice,
                format!("{LATER_WINS} Of values that were written before, no time is known: any edit wins over them."),
            ),
            _ => (
                Severity::Info,
                "Edits from devices of any version are no longer compared: of two of a column, the one that arrives \
                 later stays."
                    .to_owned(),
            ),
        };
        let sentence = format!("`conflict` is {}, no longer {}", name(after), name(before));
        Some(TableChange::new(TableKind::ConflictChanged, severity, sentence, effect))
    }
}

const REJECTS: &str = "An edit from a device of any version is refused (409) where somebody else has changed a column of it that \
                       the device hasn't seen.";

const LATER_WINS: &str = "Of two edits of a column from devices of any version, the one that was made later stays.";

/// Several statements: references to the key stand in its way.
const ANOTHER_KEY: &str = "`schema.sql` refuses it: first run what `sync-patterns migrate` prints.";

fn default(column: &str, before: &TableColumn, after: &TableColumn) -> Option<TableChange> {
    let sentence = match &after.default {
        default if *default == before.default => return None,
        Some(default) => format!("the default of {} is {}", name(column), statement(default)),
        None => format!("the column {} has no default any more", name(column)),
    };
    let effect = "New rows are made by it; those that are there stay as they are.";
    Some(TableChange::new(TableKind::DefaultChanged, Severity::Info, sentence, effect))
}

/// Values of an enum, lengths, limits and patterns.
fn rules(
    column: &str,
    (old, before): (&Field, &TableColumn),
    (new, after): (&Field, &TableColumn),
) -> Option<TableChange> {
    let of = |column: &TableColumn| -> Vec<String> { column.checks.values().cloned().collect() };
    let (rules_before, rules_after) = (of(before), of(after));
    if rules_before == rules_after {
        return None;
    }
    let not_in = |all: &[Value], others: &[Value]| -> Vec<String> {
        all.iter().filter(|one| !others.contains(one)).map(value).collect()
    };
    let (values_before, values_after) = (old.values(), new.values());
    let (gone, added) = (not_in(&values_before, &values_after), not_in(&values_after, &values_before));
    let is_enum = !values_before.is_empty() && !values_after.is_empty();
    let mut parts = Vec::new();
    if is_enum {
        parts.extend((!added.is_empty()).then(|| format!("can be {}", added.join(", "))));
        parts.extend((!gone.is_empty()).then(|| format!("can't be {} any more", gone.join(", "))));
    }
    if parts.is_empty() {
        parts.push("has other rules".to_owned());
    }
    let is_wider = (is_enum && gone.is_empty()) || rules_after.iter().all(|rule| rules_before.contains(rule));
    let (severity, effect) = if is_wider {
        (Severity::Info, "`schema.sql` allows it.")
    } else {
        (Severity::Notice, "Rows that break the new rule stay, and take no edit until they keep it.")
    };
    let sentence = format!("the column {} {}", name(column), parts.join(", and "));
    Some(TableChange::new(TableKind::RulesChanged, severity, sentence, effect))
}

/// What is lost when values of a type of SQL get another one, and whether that goes without a word.
fn loss(old: &str, after: &TableColumn, new: &Field) -> (Option<String>, bool) {
    let sentence = match (old, after.ty.as_str()) {
        (_, "TEXT" | "JSONB")
        | ("INTEGER", "BIGINT" | "NUMERIC" | "DOUBLE PRECISION")
        | ("BIGINT" | "DOUBLE PRECISION", "NUMERIC")
        | ("DATE", "TIMESTAMPTZ") => return (None, false),
        ("TIMESTAMPTZ", "DATE") => "That loses the time of day.".to_owned(),
        ("TIMESTAMPTZ", "TIME") => "That loses the date.".to_owned(),
        ("BIGINT" | "NUMERIC", "DOUBLE PRECISION") => "That loses digits that floating point doesn't keep.".to_owned(),
        _ => {
            let sentence = format!("A value that isn't {} stops it, and is lost once you change it.", noun(&new.ty));
            return (Some(sentence), false);
        }
    };
    (Some(sentence), true)
}
