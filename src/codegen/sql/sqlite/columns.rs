//! Columns and keys in expressions.

use super::expression;
use crate::model::{Field, FieldType};
use crate::names::sql::identifier;

/// A column of a row: always qualified, since SQLite takes a bare `"name"` that fits no column for a string.
pub fn column(row: &str, field: &Field) -> String {
    format!("{row}.{}", identifier(&field.name))
}

/// The text form of a key: the value, or a JSON array of several.
pub fn row_key(keys: &[&Field], value: &dyn Fn(&Field) -> String) -> String {
    match keys {
        [key] if key.ty == FieldType::Int32 || key.ty == FieldType::Int64 => {
            format!("CAST({} AS TEXT)", value(key))
        }
        [key] => value(key),
        _ => {
            format!("json_array({})", keys.iter().map(|key| value(key)).collect::<Vec<_>>().join(", "))
        }
    }
}

/// The nth key column of the row that `NEW.row_key` names.
pub fn key_of_row(keys: &[&Field], n: usize, key: &Field) -> String {
    if keys.len() > 1 {
        return format!("json_extract(NEW.row_key, '$[{n}]')");
    }
    match expression::column_type(key.ty) {
        "TEXT" => "NEW.row_key".to_owned(),
        other => format!("CAST(NEW.row_key AS {other})"),
    }
}

/// A key column as an argument of `json_object`.
pub fn json_value(key: &Field, row: &str) -> String {
    match key.ty {
        FieldType::Boolean => format!("json({})", expression::json(key.ty, &column(row, key))),
        _ => column(row, key),
    }
}
