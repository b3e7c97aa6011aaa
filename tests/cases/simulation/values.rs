//! Values of every type: some to draw from, as SQL literals, and in one canonical form that both databases' answers
//! are brought to.

use serde_json::{Value, json};
use sync_patterns::config::Adapter;
use sync_patterns::model::{FieldType, Model};
use sync_patterns::names::sql::literal;

use crate::simulation::oracle::Key;

/// Equal for equal keys, and a map's order.
pub fn sortable(key: &Key) -> String {
    Value::from(key.clone()).to_string()
}

/// A few values of a type, canonical; no two are equal for either database.
pub fn pool(ty: FieldType) -> Vec<Value> {
    match ty {
        FieldType::Text => vec![json!("a"), json!("it's \"b\""), json!(""), json!("ü\n\\"), json!("null")],
        FieldType::Uuid => (1..4).map(|n| json!(format!("00000000-0000-4000-8000-00000000000{n}"))).collect(),
        FieldType::DateTime => vec![json!("2024-05-01T10:00:00"), json!("2024-05-01T10:00:00.123456")],
        FieldType::Date => vec![json!("2024-05-01"), json!("1999-12-31")],
        FieldType::Time => vec![json!("10:00:00"), json!("23:59:59")],
        FieldType::Int32 => vec![json!(0), json!(-1), json!(2_147_483_647)],
        FieldType::Int64 => vec![json!(1), json!(2), json!(9_007_199_254_740_993_i64), json!(i64::MIN)],
        FieldType::Float => vec![json!(0.1), json!(0.1 + 0.2), json!(5.0), json!(-2.5e-7)],
        FieldType::Decimal { .. } => vec![json!("1.10"), json!("-3"), json!("12345678901234567890.123")],
        FieldType::Boolean => vec![json!(true), json!(false)],
        FieldType::Bytes => vec![json!("AAEC"), json!("//8="), json!("")],
        FieldType::Json => vec![
            json!({ "a": null, "it's": [null, { "b\"": 1.5 }] }),
            json!([]),
            json!("text"),
            json!(1.5),
            json!(true),
            json!("true"),
            json!({}),
        ],
    }
}

/// A canonical value as SQL.
pub fn sql(adapter: Adapter, ty: FieldType, value: &Value) -> String {
    match (ty, value) {
        (_, Value::Null) => "NULL".into(),
        (FieldType::Json, value) => literal(&value.to_string()),
        (FieldType::Bytes, Value::String(text)) if adapter == Adapter::Pglite => {
            format!("decode({}, 'base64')", literal(text))
        }
        (FieldType::DateTime, Value::String(text)) => literal(&format!("{text}Z")),
        // Without a sign it is no literal to PostgreSQL.
        (FieldType::Int64, Value::Number(number)) => format!("({number})"),
        (_, Value::String(text)) => literal(text),
        (_, other) => other.to_string(),
    }
}

/// What a database gives for a column, or the log has in `value`, in the canonical form.
pub fn canonical(ty: FieldType, value: &Value) -> Value {
    match (ty, value) {
        (FieldType::Boolean, Value::Number(number)) => json!(number.as_i64() == Some(1)),
        (FieldType::Float, Value::Number(number)) => json!(number.as_f64()),
        (FieldType::DateTime, Value::String(text)) => json!(timestamp(text)),
        (FieldType::Bytes, Value::String(text)) => match text.strip_prefix("\\x") {
            Some(hex) => json!(base64(hex)),
            None => value.clone(),
        },
        _ => value.clone(),
    }
}

/// A column of a table or view: as `canonical`, but JSON comes as text.
pub fn column(ty: FieldType, value: &Value) -> Value {
    match (ty, value) {
        (FieldType::Json, Value::String(text)) => serde_json::from_str(text).expect("JSON in a JSON column"),
        _ => canonical(ty, value),
    }
}

/// `2024-05-01 10:00:00.120+00` and `2024-05-01T10:00:00.12Z` are one.
pub fn timestamp(text: &str) -> String {
    let text = text.replace(' ', "T");
    let text = text.trim_end_matches('Z').trim_end_matches("+00:00").trim_end_matches("+00");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// Text as it is, anything else as JSON.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A key as the log has it.
pub fn row_key(key: &Key) -> String {
    match key.as_slice() {
        [one] => text(one),
        several => serde_json::json!(several).to_string(),
    }
}

pub fn parse_key(model: &Model, row_key: &str) -> Key {
    if model.key.len() > 1 {
        return serde_json::from_str(row_key).unwrap_or_default();
    }
    model
        .key_fields()
        .map(|field| match field.ty {
            FieldType::Int32 | FieldType::Int64 => serde_json::from_str(row_key).unwrap_or_default(),
            _ => row_key.into(),
        })
        .collect()
}

/// Keys that the application makes itself for rows whose own the server will make.
pub fn temporary_keys(ty: FieldType) -> Vec<Value> {
    match ty {
        FieldType::Text => vec![json!("temporary 1"), json!("temporary 2")],
        _ => vec![json!(-5_000_000_001_i64), json!(-5_000_000_002_i64)],
    }
}

fn base64(hex: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u32> =
        (0..hex.len()).step_by(2).map(|at| u32::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect();
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | byte) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * position) & 63) as usize];
            text.push(if position <= chunk.len() { digit.into() } else { '=' });
        }
    }
    text
}
