//! The small expressions that differ by the type of a column.

use serde_json::Value;

use crate::model::{Field, FieldType};
use crate::names::sql::literal;

pub fn column_type(ty: FieldType) -> &'static str {
    match ty {
        FieldType::Text
        | FieldType::Uuid
        | FieldType::DateTime
        | FieldType::Date
        | FieldType::Time
        | FieldType::Decimal { .. }
        // As on the wire, in base64: 3.40 couldn't read it back from the log.
        | FieldType::Bytes
        | FieldType::Json => "TEXT",
        FieldType::Int32 | FieldType::Int64 | FieldType::Boolean => "INTEGER",
        FieldType::Float => "REAL",
    }
}

/// What a table would make of a value that a driver has bound: `5.0` becomes 5 in an integer column.
pub fn stored(ty: FieldType, value: &str) -> String {
    match column_type(ty) {
        "REAL" => format!("{value} + 0.0"),
        other => format!("CAST({value} AS {other})"),
    }
}

/// A value as a table has it, as JSON text: `'null'` for null. Floating-point numbers stay what they are.
pub fn json(ty: FieldType, value: &str) -> String {
    match ty {
        FieldType::Boolean => format!("CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END"),
        FieldType::Float => value.to_owned(),
        FieldType::Json => format!("ifnull(json({value}), 'null')"),
        _ => format!("json_quote({value})"),
    }
}

/// A value that a driver has bound, as JSON text.
pub fn written_json(ty: FieldType, value: &str) -> String {
    match ty {
        FieldType::Json => json(ty, value),
        _ => json(ty, &stored(ty, value)),
    }
}

/// Whether two values of a column differ, for a reader of the column.
pub fn differs(ty: FieldType, one: &str, other: &str) -> String {
    match ty {
        FieldType::Json => format!("json({one}) IS NOT json({other})"),
        _ => format!("{one} IS NOT {other}"),
    }
}

/// What is wrong with a value that the column can't hold: the condition, and what it must be. None where it can
/// hold anything.
pub fn type_check(ty: FieldType, value: &str) -> Option<(String, &'static str)> {
    match ty {
        FieldType::Int32 | FieldType::Int64 => {
            Some((format!("{value} <> CAST({value} AS INTEGER)"), "must be an integer"))
        }
        FieldType::Float => Some((format!("typeof({value}) NOT IN ('real', 'integer', 'null')"), "must be a number")),
        FieldType::Boolean => Some((format!("{value} NOT IN (0, 1)"), "must be true or false")),
        FieldType::Json => Some((format!("{value} IS NOT NULL AND NOT json_valid({value})"), "must be JSON")),
        _ => None,
    }
}

/// A default of the schema, as a value of the column.
pub fn default_value(field: &Field, value: &Value) -> String {
    match (field.ty, value) {
        (FieldType::Json, value) => literal(&value.to_string()),
        (FieldType::Boolean, Value::Bool(value)) => value.to_string(),
        (FieldType::Int32 | FieldType::Int64 | FieldType::Float, Value::Number(number)) => number.to_string(),
        (_, Value::String(text)) => literal(text),
        (_, other) => literal(&other.to_string()),
    }
}
