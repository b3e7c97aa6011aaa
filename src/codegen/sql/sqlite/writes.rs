//! The triggers that write to the log: what they check, and what each column brings.

use serde::Serialize;

use super::columns::{column, row_key};
use super::expression;
use crate::model::Field;
use crate::names::sql::literal;
use crate::plan::{Column, ModelPlan, NewKey, OnInsert, OnUpdate};

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

/// A column of a trigger's NEW, or the key that the server has made in the place of the temporary one that it holds.
pub fn new_value(plan: &Column) -> String {
    let new = column("NEW", plan.field);
    let Some(parent) = plan.temporary_key_of else { return new };
    format!(
        "coalesce((SELECT m.row_key FROM _made_keys AS m \
         WHERE m.table_name = {} AND m.temporary_key = CAST({new} AS TEXT)), {new})",
        literal(parent),
    )
}

fn with_default(plan: &Column) -> String {
    let new = new_value(plan);
    match plan.on_insert {
        OnInsert::Default(default) => {
            format!("coalesce({new}, {})", expression::default_value(plan.field, default))
        }
        _ => new,
    }
}

impl InsertView {
    pub fn new(plan: &ModelPlan, keys: &[&Field]) -> Self {
        let model = plan.model;
        let given = |key: &Column| expression::stored(key.field.ty, &with_default(key));
        let made_key = plan.key().find_map(|key| {
            let new_key = match key.on_insert {
                OnInsert::NewKey(NewKey::Integer) => "(SELECT t.key FROM _temporary_key AS t)",
                OnInsert::NewKey(NewKey::Uuid) => "(SELECT u.uuid FROM _uuid AS u)",
                _ => return None,
            };
            Some(format!("coalesce({}, {new_key})", given(key)))
        });
        let written = |column: &Column| Written {
            literal: literal(&column.field.name),
            new: match column.on_insert {
                OnInsert::NewKey(_) => "json_quote(k.key)".into(),
                _ => expression::written_json(column.field.ty, &with_default(column)),
            },
            old: String::new(),
        };
        let row_key = match &made_key {
            Some(_) => "k.key".to_owned(),
            None => row_key(keys, &|key| {
                plan.columns.iter().find(|column| column.field.name == key.name).map(given).unwrap_or_default()
            }),
        };
        let qualified: Vec<String> = keys.iter().map(|key| format!("{}.{}", model.name, key.name)).collect();
        Self {
            checks: plan.columns.iter().flat_map(|column| insert_checks(&model.name, column)).collect(),
            duplicate: literal(&format!("UNIQUE constraint failed: {}", qualified.join(", "))),
            made_key,
            row_key,
            columns: plan.columns.iter().filter(|column| !column.on_insert.is_refused()).map(written).collect(),
        }
    }
}

fn insert_checks(model: &str, plan: &Column) -> Vec<Check> {
    let new = column("NEW", plan.field);
    match plan.on_insert {
        OnInsert::Refused => vec![check(model, plan, format!("{new} IS NOT NULL"), "is set by the server only")],
        OnInsert::Required => {
            let missing = not_null(model, plan, format!("{new} IS NULL"));
            std::iter::once(missing).chain(type_check(model, plan)).collect()
        }
        _ => type_check(model, plan).into_iter().collect(),
    }
}

impl UpdateView {
    pub fn new(plan: &ModelPlan, keys: &[&Field]) -> Self {
        let keys_written = keys.iter().map(|key| Written {
            literal: literal(&key.name),
            new: expression::json(key.ty, &column("OLD", key)),
            // Never equal: the key is always there.
            old: "NULL".into(),
        });
        let written = plan.columns.iter().filter(|column| column.on_update.can_be_set()).map(|plan| Written {
            literal: literal(&plan.field.name),
            new: expression::written_json(plan.field.ty, &new_value(plan)),
            old: expression::json(plan.field.ty, &column("OLD", plan.field)),
        });
        Self {
            checks: plan.columns.iter().flat_map(|column| update_checks(&plan.model.name, column)).collect(),
            key_columns: keys.len(),
            columns: keys_written.chain(written).collect(),
        }
    }
}

fn update_checks(model: &str, plan: &Column) -> Vec<Check> {
    let (new, old) = (column("NEW", plan.field), column("OLD", plan.field));
    let differs = expression::differs(plan.field.ty, &new, &old);
    match plan.on_update {
        OnUpdate::Key => vec![check(model, plan, differs, "is the key, which can't be changed")],
        OnUpdate::Refused => vec![check(model, plan, differs, "is read-only")],
        OnUpdate::NotNull => {
            let cleared = not_null(model, plan, format!("{new} IS NULL AND {old} IS NOT NULL"));
            std::iter::once(cleared).chain(type_check(model, plan)).collect()
        }
        OnUpdate::Nullable => type_check(model, plan).into_iter().collect(),
    }
}

fn type_check(model: &str, plan: &Column) -> Option<Check> {
    let (fails, what) = expression::type_check(plan.field.ty, &column("NEW", plan.field))?;
    Some(check(model, plan, fails, what))
}

fn check(model: &str, plan: &Column, fails: String, what: &str) -> Check {
    Check { fails, message: literal(&format!("{model}.{} {what}", plan.field.name)) }
}

/// In SQLite's own words.
fn not_null(model: &str, plan: &Column, fails: String) -> Check {
    Check { fails, message: literal(&format!("NOT NULL constraint failed: {model}.{}", plan.field.name)) }
}
