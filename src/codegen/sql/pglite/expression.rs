//! Types, literals and small expressions of PostgreSQL.

use serde_json::Value;

use crate::model::{Field, FieldType, Model};
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

/// `s."id"`
pub fn of(row: &str, field: &Field) -> String {
    format!("{row}.{}", sql::identifier(&field.name))
}

pub fn join<T>(items: &[T], separator: &str, text: impl Fn(usize, &T) -> String) -> String {
    items.iter().enumerate().map(|(index, item)| text(index, item)).collect::<Vec<_>>().join(separator)
}

/// Names as literals.
pub fn texts<'a>(fields: impl Iterator<Item = &'a Field>) -> Vec<String> {
    fields.map(|field| sql::literal(&field.name)).collect()
}

pub fn cast(expression: &str, ty: FieldType) -> String {
    match ty {
        FieldType::Text | FieldType::Time => expression.to_owned(),
        ty => format!("{expression}::{}", column_type(ty)),
    }
}

pub fn same_key(key: &[&Field], one: &str, other: &str) -> String {
    join(key, " AND ", |_, field| format!("{} = {}", of(one, field), of(other, field)))
}

/// `row` has the key whose text is `r.row_key`.
pub fn key_is_text(key: &[&Field], row: &str) -> String {
    match key {
        [field] => format!("{} = {}", of(row, field), cast("r.row_key", field.ty)),
        _ => join(key, " AND ", |index, field| {
            format!("{} = {}", of(row, field), cast(&format!("(r.row_key::JSON ->> {index})"), field.ty))
        }),
    }
}

/// The text form of a key.
pub fn row_key(key: &[&Field], row: &str) -> String {
    match key {
        [field] if column_type(field.ty) == "TEXT" => of(row, field),
        [field] => format!("{}::TEXT", of(row, field)),
        _ => format!("_row_key({})", join(key, ", ", |_, field| format!("to_json({})", of(row, field)))),
    }
}

/// The key columns as the log has them.
pub fn key_object(key: &[&Field], row: &str) -> String {
    let members =
        join(key, ", ", |_, field| format!("{}, {}", sql::literal(&field.name), json(&of(row, field), field.ty)));
    format!("jsonb_build_object({members})")
}

/// What JSON is made of, where the log has a column otherwise than PostgreSQL's own functions: digits of decimals
/// survive a careless reader in a string only.
pub fn json(expression: &str, ty: FieldType) -> String {
    match ty {
        FieldType::Decimal { .. } => format!("{expression}::TEXT"),
        FieldType::Bytes => format!("_base64({expression})"),
        _ => expression.to_owned(),
    }
}

/// A JSON value of the spec as an expression of the column's type.
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

/// A dollar quote that the bodies of the model's functions can't end.
pub fn dollar(model: &Model) -> String {
    let mut texts: Vec<&str> = vec![&model.name];
    texts.extend(model.fields.iter().map(|field| field.name.as_str()));
    let defaults: Vec<String> =
        model.fields.iter().filter_map(|field| field.default.as_ref()).map(Value::to_string).collect();
    texts.extend(defaults.iter().map(String::as_str));
    let mut tag = String::from("$$");
    let mut number = 1;
    while texts.iter().any(|text| text.contains(&tag)) {
        tag = format!("$body{number}$");
        number += 1;
    }
    tag
}
