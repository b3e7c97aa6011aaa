//! Types and constants of SQLite.

use serde_json::Value;

use crate::model::FieldType;
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

/// A JSON value of the schema as an expression of the column's type.
pub fn constant(value: &Value, ty: FieldType) -> String {
    match (ty, value) {
        (FieldType::Json, value) => literal(&value.to_string()),
        (FieldType::Boolean, Value::Bool(value)) => value.to_string(),
        (FieldType::Int32 | FieldType::Int64 | FieldType::Float, Value::Number(number)) => number.to_string(),
        (_, Value::String(text)) => literal(text),
        (_, other) => literal(&other.to_string()),
    }
}
