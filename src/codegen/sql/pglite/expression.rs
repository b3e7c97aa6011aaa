//! Types and constants of PostgreSQL.

use serde_json::Value;

use crate::model::FieldType;
use crate::names::sql;

pub fn column_type(ty: FieldType) -> &'static str {
    match ty {
        // TIME would lose the offset.
        FieldType::Text | FieldType::Time => "TEXT",
        FieldType::Uuid => "UUID",
        FieldType::DateTime => "TIMESTAMPTZ",
        FieldType::Date => "DATE",
        FieldType::Int32 => "INTEGER",
        FieldType::Int64 => "BIGINT",
        FieldType::Float => "DOUBLE PRECISION",
        FieldType::Decimal { .. } => "NUMERIC",
        FieldType::Boolean => "BOOLEAN",
        FieldType::Bytes => "BYTEA",
        FieldType::Json => "JSONB",
    }
}

/// A JSON value of the schema as an expression of the column's type.
pub fn constant(value: &Value, ty: FieldType) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match ty {
        FieldType::Json => format!("{}::JSONB", sql::literal(&value.to_string())),
        FieldType::Bytes => format!("decode({}, 'base64')", sql::literal(&text)),
        FieldType::Boolean | FieldType::Int32 | FieldType::Int64 | FieldType::Float
            if value.is_number() || value.is_boolean() =>
        {
            text.to_uppercase()
        }
        _ => sql::literal(&text),
    }
}
