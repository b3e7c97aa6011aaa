//! How the server's tables are called, and what a column of them is.

use serde_json::Value;

use crate::codegen::sql::{postgres_constant, postgres_type};
use crate::model::{Field, FieldType, KeyOrigin, Model, Shape};
use crate::names::sql;
use crate::plan::{Column, ModelPlan};

/// The columns with the time of a row's last change, as APIs call them.
const TOUCHED: &[&str] = &["updated_at", "updatedAt", "modified_at", "modifiedAt"];

/// Who makes the value of a key's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    Integer,
    Uuid,
}

/// The table's name, quoted, with its schema where the config gives one.
pub fn table(model: &Model) -> String {
    let name = model.server.table.as_deref().unwrap_or(&model.name);
    name.split('.').map(sql::identifier).collect::<Vec<_>>().join(".")
}

/// The schema that the table is in, where the config gives one.
pub fn schema(model: &Model) -> Option<String> {
    let (schema, _) = model.server.table.as_deref()?.split_once('.')?;
    Some(sql::identifier(schema))
}

/// The schema that the config gives, and the table's name, both without quotes.
pub fn plain_table(model: &Model) -> (Option<&str>, &str) {
    let name = model.server.table.as_deref().unwrap_or(&model.name);
    name.split_once('.').map_or((None, name), |(schema, table)| (Some(schema), table))
}

/// A column's name in the server's table.
pub fn name<'m>(model: &'m Model, field: &'m str) -> &'m str {
    let renamed = model.server.columns.iter().find(|(property, _)| property == field);
    renamed.map_or(field, |(_, column)| column)
}

/// A column's name, quoted.
pub fn quoted(model: &Model, field: &str) -> String {
    sql::identifier(name(model, field))
}

pub fn ty(field: &Field) -> &'static str {
    postgres_type(field.ty)
}

/// The column of the key whose value the server makes.
pub fn made<'p>(plan: &'p ModelPlan) -> Option<(&'p str, Made)> {
    if plan.model.key_origin != KeyOrigin::Server || plan.model.operations.create.is_none() {
        return None;
    }
    let column = plan.own_key()?;
    let made = if is_integer(column.field) { Made::Integer } else { Made::Uuid };
    Some((&column.field.name, made))
}

fn is_integer(field: &Field) -> bool {
    matches!(field.ty, FieldType::Int32 | FieldType::Int64)
}

/// Whether a write sets the time of the row's last change in it.
pub fn is_touched(column: &Column) -> bool {
    let is_own = column.on_insert.is_refused() && !column.on_update.can_be_set();
    is_own && column.field.ty == FieldType::DateTime && TOUCHED.contains(&column.field.name.as_str())
}

/// What a new row has where nothing is given: what the document says, or something for a column that clients expect to
/// be filled, and that only the server sets.
pub fn default(model: &Model, column: &Column) -> Option<String> {
    let field = column.field;
    if let Some(default) = &field.default {
        return Some(postgres_constant(default, field.ty));
    }
    if model.operations.create.is_none() || column.is_key || field.nullable || !column.on_insert.is_refused() {
        return None;
    }
    if let Shape::Enum(values) = &field.shape {
        return values.first().map(|value| postgres_constant(value, field.ty));
    }
    Some(match field.ty {
        FieldType::Text | FieldType::Time => "''".to_owned(),
        FieldType::Uuid => "gen_random_uuid()".to_owned(),
        FieldType::DateTime => "now()".to_owned(),
        FieldType::Date => "current_date".to_owned(),
        FieldType::Int32 | FieldType::Int64 | FieldType::Float | FieldType::Decimal { .. } => "0".to_owned(),
        FieldType::Boolean => "FALSE".to_owned(),
        FieldType::Bytes => "''::BYTEA".to_owned(),
        FieldType::Json => {
            let empty = if matches!(field.shape, Shape::Array(_)) {
                Value::Array(Vec::new())
            } else {
                Value::Object(serde_json::Map::new())
            };
            postgres_constant(&empty, FieldType::Json)
        }
    })
}
