//! The triggers that write to the log: what they check, and what each column brings.

use serde::Serialize;

use super::columns::{column, row_key};
use super::expression;
use crate::model::{Field, Insert, KeyOrigin, Model};
use crate::names::sql::literal;

#[derive(Serialize)]
struct Check {
    fails: String,
    message: String,
}

/// A column that a write can set, as JSON text before and after.
#[derive(Serialize)]
struct Written {
    literal: String,
    new: String,
    old: String,
}

#[derive(Serialize)]
pub struct InsertView {
    checks: Vec<Check>,
    duplicate: String,
    /// Where the key can be made here: the given key, or a new one.
    made_key: Option<String>,
    row_key: String,
    columns: Vec<Written>,
}

#[derive(Serialize)]
pub struct UpdateView {
    checks: Vec<Check>,
    key_columns: usize,
    columns: Vec<Written>,
}

/// The columns of a trigger's NEW.
pub struct NewRow<'p> {
    /// Columns that the application may still give a temporary key, each with the model that it is of.
    pub temporary: Vec<(&'p Field, &'p str)>,
}

impl NewRow<'_> {
    /// The column, or the key that has taken the place of what it says.
    pub fn value(&self, field: &Field) -> String {
        let new = column("NEW", field);
        let Some((_, parent)) = self.temporary.iter().find(|(temporary, _)| temporary.name == field.name) else {
            return new;
        };
        format!(
            "coalesce((SELECT m.row_key FROM _made_keys AS m \
             WHERE m.table_name = {} AND m.temporary_key = CAST({new} AS TEXT)), {new})",
            literal(parent),
        )
    }

    fn with_default(&self, field: &Field) -> String {
        let new = self.value(field);
        match &field.default {
            Some(default) => format!("coalesce({new}, {})", expression::default_value(field, default)),
            None => new,
        }
    }
}

impl InsertView {
    pub fn new(model: &Model, keys: &[&Field], new: &NewRow) -> Self {
        let given = |key: &Field| expression::stored(key.ty, &new.with_default(key));
        let made = match keys {
            [key] if model.key_origin != KeyOrigin::Given => Some(key),
            _ => None,
        };
        let can_make = made.is_some();
        let made_key = made.map(|key| {
            let new_key = match expression::column_type(key.ty) {
                "INTEGER" => "(SELECT t.key FROM _temporary_key AS t)",
                _ => "(SELECT u.uuid FROM _uuid AS u)",
            };
            format!("coalesce({}, {new_key})", given(key))
        });
        let written = |field: &Field| Written {
            literal: literal(&field.name),
            new: if can_make && model.is_key(field) {
                "json_quote(k.key)".into()
            } else {
                expression::written_json(field.ty, &new.with_default(field))
            },
            old: String::new(),
        };
        let row_key = match &made_key {
            Some(_) => "k.key".to_owned(),
            None => row_key(keys, &given),
        };
        let qualified: Vec<String> = keys.iter().map(|key| format!("{}.{}", model.name, key.name)).collect();
        Self {
            checks: model.fields.iter().flat_map(|field| insert_checks(model, field, can_make)).collect(),
            duplicate: literal(&format!("UNIQUE constraint failed: {}", qualified.join(", "))),
            made_key,
            row_key,
            columns: model
                .fields
                .iter()
                .filter(|field| model.is_key(field) || field.insert != Insert::Never)
                .map(written)
                .collect(),
        }
    }
}

fn insert_checks(model: &Model, field: &Field, can_make_key: bool) -> Vec<Check> {
    let new = column("NEW", field);
    let is_key = model.is_key(field);
    if field.insert == Insert::Never && !is_key {
        return vec![check(model, field, format!("{new} IS NOT NULL"), "is set by the server only")];
    }
    let must_be_given = if is_key { !can_make_key } else { field.insert == Insert::Required };
    let mut checks = Vec::new();
    if must_be_given && field.default.is_none() {
        checks.push(not_null(model, field, format!("{new} IS NULL")));
    }
    checks.extend(type_check(model, field));
    checks
}

impl UpdateView {
    pub fn new(model: &Model, keys: &[&Field], new: &NewRow) -> Self {
        let keys_written = keys.iter().map(|key| Written {
            literal: literal(&key.name),
            new: expression::json(key.ty, &column("OLD", key)),
            // Never equal: the key is always there.
            old: "NULL".into(),
        });
        let written = model.fields.iter().filter(|field| field.update && !model.is_key(field)).map(|field| Written {
            literal: literal(&field.name),
            new: expression::written_json(field.ty, &new.value(field)),
            old: expression::json(field.ty, &column("OLD", field)),
        });
        Self {
            checks: model.fields.iter().flat_map(|field| update_checks(model, field)).collect(),
            key_columns: keys.len(),
            columns: keys_written.chain(written).collect(),
        }
    }
}

fn update_checks(model: &Model, field: &Field) -> Vec<Check> {
    let (new, old) = (column("NEW", field), column("OLD", field));
    let differs = expression::differs(field.ty, &new, &old);
    if model.is_key(field) {
        return vec![check(model, field, differs, "is the key, which can't be changed")];
    }
    if !field.update {
        return vec![check(model, field, differs, "is read-only")];
    }
    let mut checks = Vec::new();
    if !field.nullable {
        checks.push(not_null(model, field, format!("{new} IS NULL AND {old} IS NOT NULL")));
    }
    checks.extend(type_check(model, field));
    checks
}

fn type_check(model: &Model, field: &Field) -> Option<Check> {
    let (fails, what) = expression::type_check(field.ty, &column("NEW", field))?;
    Some(check(model, field, fails, what))
}

fn check(model: &Model, field: &Field, fails: String, what: &str) -> Check {
    Check { fails, message: literal(&format!("{}.{} {what}", model.name, field.name)) }
}

/// In SQLite's own words.
fn not_null(model: &Model, field: &Field, fails: String) -> Check {
    Check { fails, message: literal(&format!("NOT NULL constraint failed: {}.{}", model.name, field.name)) }
}
