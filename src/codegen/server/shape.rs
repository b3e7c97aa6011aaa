//! What the document asks of a table: `sync_upgrade` compares it with the table that is there, and `diff` with the one before.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::columns::{self, Made};
use super::rules;
use crate::model::{FieldType, Model};
use crate::names::sql::{self, identifier, literal};
use crate::plan::{Column, ModelPlan, Plan};
use crate::schema_json::document::{Table, TableColumn, TableReference, TableScope};

#[derive(Serialize)]
pub struct ColumnView {
    name: String,
    #[serde(rename = "type")]
    pub ty: &'static str,
    pub identity: bool,
    pub not_null: bool,
    pub default: Option<String>,
    checks: Vec<Constraint>,
}

impl ColumnView {
    /// The names of the checks, without quotes, and their conditions.
    pub fn conditions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.checks.iter().map(|check| (check.plain_name.as_str(), check.condition.as_str()))
    }
}

#[derive(Serialize)]
struct Constraint {
    name: String,
    /// Without quotes.
    #[serde(skip)]
    plain_name: String,
    condition: String,
}

#[derive(Serialize)]
pub struct Reference {
    name: String,
    /// Without quotes.
    #[serde(skip)]
    plain_name: String,
    /// The name as a literal.
    text: String,
    table: String,
    /// The table's name as a literal.
    table_text: String,
    column: String,
    /// The same without quotes.
    #[serde(skip)]
    plain_column: String,
    parent: String,
    key: String,
}

/// What the document asks of each table, by model.
pub fn tables(plan: &Plan) -> IndexMap<String, Table> {
    let table = |one: &ModelPlan| {
        let columns: Vec<ColumnView> = one.table_columns().map(|column| column_view(one, column)).collect();
        (one.model.name.clone(), of(one, &columns, &self::references(plan, one)))
    };
    plan.models.iter().map(table).collect()
}

pub fn of(one: &ModelPlan, columns: &[ColumnView], references: &[Reference]) -> Table {
    let model = one.model;
    let name = |field: &str| columns::name(model, field).to_owned();
    let column = |(column, view): (&Column, &ColumnView)| {
        let checks = view.checks.iter().map(|check| (check.plain_name.clone(), check.condition.clone())).collect();
        let made =
            TableColumn { ty: view.ty.to_owned(), required: view.not_null, default: view.default.clone(), checks };
        (name(&column.field.name), made)
    };
    let reference = |reference: &Reference| {
        let to = format!("{} ({})", reference.parent, reference.key);
        (reference.plain_name.clone(), TableReference { column: reference.plain_column.clone(), to })
    };
    Table {
        name: columns::table(model),
        key: one.key().map(|column| name(&column.field.name)).collect(),
        columns: one.table_columns().zip(columns).map(column).collect(),
        references: references.iter().map(reference).collect(),
        scope: model
            .sync
            .scope
            .as_ref()
            .map(|scope| TableScope { column: name(&scope.field), kind: scope.kind.clone() }),
        soft_delete: soft_delete(model).map(|(field, _)| name(field)),
        conflict: Some(model.sync.conflict.word().to_owned()),
    }
}

/// As JSON. Columns and rules stand on lines of their own, so that a change of the document is one here.
pub fn text(table: &Table) -> String {
    let columns = table.columns.iter().map(|(name, column)| {
        (name, json!({ "type": column.ty, "required": column.required, "default": column.default }))
    });
    let checks = table.columns.values().flat_map(|column| &column.checks);
    let checks = checks.map(|(name, condition)| (name, Value::from(condition.as_str())));
    let references = table.references.iter().map(|(name, one)| (name, json!([one.column, one.to])));
    format!(
        "{{\n  \"key\": {},\n  \"columns\": {},\n  \"checks\": {},\n  \"references\": {}\n}}",
        json!(table.key),
        lines(columns.collect()),
        lines(checks.collect()),
        lines(references.collect()),
    )
}

fn lines(members: IndexMap<&String, Value>) -> String {
    let line = |(name, value): (&String, Value)| format!("    {}: {value}", Value::from(name.as_str()));
    let lines: Vec<String> = members.into_iter().map(line).collect();
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n  }}", lines.join(",\n")) }
}

pub fn column_view(plan: &ModelPlan, column: &Column) -> ColumnView {
    let (model, field) = (plan.model, column.field);
    let default = columns::default(model, column);
    let made = columns::made(plan).filter(|(name, _)| *name == field.name).map(|(_, made)| made);
    // A new row has null where the client gives nothing and there is no default.
    let is_filled = default.is_some() || made.is_some() || column.is_key || column.on_insert.is_required();
    let is_scope = model.sync.scope.as_ref().is_some_and(|scope| scope.field == field.name);
    let checks = rules::conditions(field).into_iter().enumerate();
    ColumnView {
        name: columns::quoted(model, &field.name),
        ty: columns::ty(field),
        identity: made == Some(Made::Integer),
        not_null: column.is_key || (!field.nullable && (is_filled || is_scope)),
        default: if made == Some(Made::Uuid) {
            Some(if field.ty == FieldType::Uuid { "gen_random_uuid()" } else { "gen_random_uuid()::TEXT" }.to_owned())
        } else {
            default
        },
        checks: checks
            .map(|(number, condition)| {
                let name = sql::fit(&format!("{}_{}_{}", model.name, field.name, number + 1), 0);
                Constraint {
                    name: identifier(&name),
                    plain_name: name,
                    condition: condition.replace(&identifier(&field.name), &columns::quoted(model, &field.name)),
                }
            })
            .collect(),
    }
}

/// The foreign keys: of references to models with one key column of the same type.
pub fn references(plan: &Plan, one: &ModelPlan) -> Vec<Reference> {
    let reference = |reference: &crate::plan::Reference| {
        let parent = plan.models.iter().find(|plan| plan.model.name == reference.parent)?;
        let mut keys = parent.key();
        let (key, None) = (keys.next()?, keys.next()) else { return None };
        let column = one.column(reference.column)?;
        let name = sql::fit(&format!("{}_{}_reference", one.model.name, reference.column), 0);
        (columns::ty(key.field) == columns::ty(column.field)).then(|| Reference {
            name: identifier(&name),
            text: literal(&name),
            plain_name: name,
            table: columns::table(one.model),
            table_text: literal(&columns::table(one.model)),
            column: columns::quoted(one.model, reference.column),
            plain_column: columns::name(one.model, reference.column).to_owned(),
            parent: columns::table(parent.model),
            key: columns::quoted(parent.model, &key.field.name),
        })
    };
    one.references.iter().filter_map(reference).collect()
}

/// What belongs to a model has names that begin so, with an ending behind them.
pub fn own_name(model: &Model, suffix: &str) -> String {
    format!("sync_{}{suffix}", sql::fit(&model.name, "sync__truncated".len()))
}

/// The index of the rows' scopes, without quotes, and the property of its column.
pub fn scope_index(model: &Model) -> Option<(String, &str)> {
    let scope = model.sync.scope.as_ref()?;
    Some((own_name(model, "_scope"), &scope.field))
}

/// The column that a delete sets, and whether it is a time.
pub fn soft_delete(model: &Model) -> Option<(&str, bool)> {
    let name = model.sync.soft_delete.as_deref()?;
    let field = model.fields.iter().find(|field| field.name == name)?;
    Some((name, field.ty == FieldType::DateTime))
}
