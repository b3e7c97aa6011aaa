//! What is different in the columns of a table.

use serde_json::Value;

use super::change::{TableChange, TableKind};
use super::pair::{ANOTHER_KEY, Pair};
use crate::names::sql::identifier;
use crate::schema_json::diff::change::Severity;
use crate::schema_json::diff::quote::{name, statement, value};
use crate::schema_json::diff::rename;
use crate::schema_json::diff::step::Phase;
use crate::schema_json::diff::type_change::{noun, title};
use crate::schema_json::document::{Field, TableColumn};

pub fn changes(pair: &Pair<'_>) -> Vec<TableChange> {
    let pairs = rename::columns(pair.old, pair.new);
    let guess = |field: &Field| pairs.iter().find(|(_, new)| new.name == field.name).map(|(old, _)| *old);
    let mut changes = Vec::new();
    let mut going_on = Vec::new();
    for field in &pair.new.fields {
        let column = pair.new.column(&field.name);
        let Some(after) = pair.after.columns.get(column) else { continue };
        let old = pair.old.field(&field.name).or_else(|| guess(field));
        let old = old.and_then(|old| Some((old, pair.before.columns.get_key_value(pair.old.column(&old.name))?)));
        let mut found = Vec::new();
        match old {
            None => found.push(added(pair, column, after)),
            Some((old, (was, before))) => {
                going_on.push(was);
                if was != column {
                    found.push(renamed(pair, was, (column, after), old.name != field.name));
                }
                found.extend(changed(pair, column, (old, before), (field, after)));
            }
        }
        changes.extend(found.into_iter().map(|change| TableChange { column: Some(column.to_owned()), ..change }));
    }
    for column in pair.before.columns.keys().filter(|column| !going_on.contains(column)) {
        changes.push(TableChange { column: Some(column.clone()), ..removed(pair, column) });
    }
    changes
}

fn added(pair: &Pair<'_>, column: &str, after: &TableColumn) -> TableChange {
    let sentence = format!("the column {} is new", name(column));
    let add = pair.alter(&format!("ADD COLUMN {} {}", identifier(column), after.ty));
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
        change.step(Phase::Column, add).yours(Phase::Column, pair.fill(column))
    } else {
        change
    }
}

fn removed(pair: &Pair<'_>, column: &str) -> TableChange {
    let sentence = format!("the column {} is gone", name(column));
    let effect = "The column stays with its values, no client gets them, and new rows do without one.";
    let drop = pair.alter(&format!("DROP COLUMN {}", identifier(column)));
    let loss = format!("{} loses them.", statement(&drop));
    TableChange::new(TableKind::ColumnRemoved, Severity::Notice, sentence, effect)
        .losing(Some(loss))
        .yours(Phase::Drop, drop)
}

fn renamed(pair: &Pair<'_>, was: &str, (column, after): (&str, &TableColumn), is_guess: bool) -> TableChange {
    let sentence = if is_guess {
        format!("the column {} looks renamed from {} (a guess)", name(column), name(was))
    } else {
        format!("the column is {}, no longer {}", name(column), name(was))
    };
    let sql = pair.alter(&format!("RENAME COLUMN {} TO {}", identifier(was), identifier(column)));
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

fn changed(
    pair: &Pair<'_>,
    column: &str,
    (old, before): (&Field, &TableColumn),
    (new, after): (&Field, &TableColumn),
) -> Vec<TableChange> {
    let is_retyped = before.ty != after.ty;
    let all = [
        is_retyped.then(|| retyped(pair, column, (old, before), (new, after))),
        nullability(pair, column, before, after),
        default(column, before, after),
        // Rules of another type are others.
        if is_retyped { None } else { rules(column, (old, before), (new, after)) },
    ];
    all.into_iter().flatten().collect()
}

fn retyped(
    pair: &Pair<'_>,
    column: &str,
    (old, before): (&Field, &TableColumn),
    (new, after): (&Field, &TableColumn),
) -> TableChange {
    let sentence = format!("the column {} is {}, no longer {}", name(column), title(&new.ty), title(&old.ty));
    let quoted = identifier(column);
    // What is said of the old type stands in the way of the new one; `schema.sql` says what is to be said of it.
    let references = pair.before.references.iter().filter(|(_, reference)| reference.column == column);
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
    let sql = pair.alter(&parts.join(", "));
    let is_key = pair.after.key.iter().any(|key| key == column);
    let effect =
        if is_key { ANOTHER_KEY.to_owned() } else { format!("`schema.sql` refuses it: first {}.", statement(&sql)) };
    let (loss, is_silent) = loss(&before.ty, after, new);
    let change = TableChange::new(TableKind::ColumnRetyped, Severity::Breaking, sentence, effect).losing(loss);
    let unlink = |name: &String| pair.alter(&format!("DROP CONSTRAINT IF EXISTS {}", identifier(name)));
    let change = references
        .iter()
        .filter(|name| pair.after.references.get(**name) == pair.before.references.get(**name))
        .fold(change, |change, name| change.step(Phase::Unlink, unlink(name)));
    if is_silent { change.yours(Phase::Column, sql) } else { change.step(Phase::Column, sql) }
}

fn nullability(pair: &Pair<'_>, column: &str, before: &TableColumn, after: &TableColumn) -> Option<TableChange> {
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
    Some(if after.required { change.yours(Phase::Rows, pair.fill(column)) } else { change })
}

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
