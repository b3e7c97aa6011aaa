//! Rewrites a schema of 2.0, 3.0 or 3.1 into what OpenAPI 3.0 has words for, and reads it as `openapiv3` types.
//!
//! Only what a model can use is kept: types, formats, structure, documentation, defaults and extensions. What
//! limits a value (lengths, bounds, patterns) is the server's to check. A keyword of the wrong type is left
//! out: a quarter of real documents have one somewhere.

use indexmap::IndexSet;
use openapiv3::{ReferenceOr, Schema};
use serde_json::{Map, Value, json};

use super::typed;

/// Schemas deeper than this are read as untyped. No real one comes near.
const MAX_DEPTH: usize = 64;

pub fn schema(raw: &Value) -> ReferenceOr<Box<Schema>> {
    typed::boxed(normalize(raw, 0))
}

fn normalize(raw: &Value, depth: usize) -> Value {
    let Value::Object(raw) = raw else { return json!({}) };
    if depth > MAX_DEPTH {
        return json!({});
    }
    let mut out = annotations(raw);
    let nullable = structure(raw, &mut out, depth);
    if nullable {
        out.insert("nullable".to_owned(), Value::Bool(true));
    }
    if let Some(reference) = raw.get("$ref").and_then(Value::as_str) {
        let reference = json!({ "$ref": reference });
        if out.is_empty() {
            return reference;
        }
        // What stands beside a `$ref` counts too (3.1), so the reference becomes a part of the whole.
        match out.get_mut("allOf").and_then(Value::as_array_mut) {
            Some(parts) => parts.insert(0, reference),
            None => drop(out.insert("allOf".to_owned(), json!([reference]))),
        }
    }
    Value::Object(out)
}

/// Description, flags, default and extensions.
fn annotations(raw: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, value) in raw {
        let keep = match key.as_str() {
            "description" => value.is_string(),
            "readOnly" | "writeOnly" | "deprecated" => value == &Value::Bool(true),
            "default" => true,
            key => key.starts_with("x-"),
        };
        if keep {
            out.insert(key.clone(), value.clone());
        }
    }
    out
}

/// Types and what they are made of. Returns whether null is allowed.
fn structure(raw: &Map<String, Value>, out: &mut Map<String, Value>, depth: usize) -> bool {
    let flag = |key: &str| raw.get(key) == Some(&Value::Bool(true));
    let mut nullable = flag("nullable") || flag("x-nullable");

    let mut types = types(raw);
    nullable |= types.contains(&"null");
    let only_null = types == ["null"];
    types.retain(|name| *name != "null");

    let mut values = match (raw.get("enum"), raw.get("const")) {
        (Some(Value::Array(values)), _) => Some(values.clone()),
        (_, Some(value)) => Some(vec![value.clone()]),
        _ => None,
    };
    if let Some(values) = &mut values {
        nullable |= values.iter().any(Value::is_null);
        values.retain(|value| value.is_string() || value.is_number() || value.is_boolean());
    }
    if only_null || values.as_ref().is_some_and(|values| values.is_empty() && nullable) {
        out.insert("enum".to_owned(), json!([null]));
        return true;
    }
    if types.is_empty() {
        types = implied_types(raw, values.as_deref());
    }
    match types.as_slice() {
        [] => {}
        [one] => one_type(one, raw, values.as_deref(), out, depth),
        several => {
            let variants = several.iter().map(|name| {
                let mut variant = Map::new();
                one_type(name, raw, values.as_deref(), &mut variant, depth);
                Value::Object(variant)
            });
            out.insert("anyOf".to_owned(), variants.collect());
        }
    }
    if types.is_empty()
        && let Some(values) = values
        && !values.is_empty()
    {
        out.insert("enum".to_owned(), Value::Array(values));
    }
    // A part of an `allOf` may say only what is required.
    if types.is_empty()
        && let Some(Value::Array(required)) = raw.get("required")
    {
        out.insert("required".to_owned(), names(required));
    }
    if let Some(Value::Array(parts)) = raw.get("allOf") {
        out.insert("allOf".to_owned(), parts.iter().map(|part| normalize(part, depth + 1)).collect());
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(variants)) = raw.get(key) {
            nullable |= union(variants, out, depth);
        }
    }
    nullable
}

/// The strings of a list.
fn names(list: &[Value]) -> Value {
    list.iter().filter(|name| name.is_string()).cloned().collect()
}

fn types(raw: &Map<String, Value>) -> Vec<&str> {
    match raw.get("type") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The type of a schema that names none, from what only one type can have.
fn implied_types(raw: &Map<String, Value>, values: Option<&[Value]>) -> Vec<&'static str> {
    let all = |check: fn(&Value) -> bool| values.is_some_and(|values| !values.is_empty() && values.iter().all(check));
    if all(Value::is_string) {
        vec!["string"]
    } else if all(Value::is_boolean) {
        vec!["boolean"]
    } else if all(|value| value.is_i64()) {
        vec!["integer"]
    } else if raw.contains_key("properties") {
        vec!["object"]
    } else if raw.contains_key("items") || raw.contains_key("prefixItems") {
        vec!["array"]
    } else {
        Vec::new()
    }
}

fn one_type(
    name: &str,
    raw: &Map<String, Value>,
    values: Option<&[Value]>,
    out: &mut Map<String, Value>,
    depth: usize,
) {
    let text = |key: &str| raw.get(key).and_then(Value::as_str);
    let mut set = |key: &str, value: Value| drop(out.insert(key.to_owned(), value));
    match name {
        "string" => {
            set("type", json!("string"));
            if let Some(format) = string_format(text("format"), text("pattern"), raw) {
                set("format", json!(format));
            }
            // YAML reads `enum: [1, yes]` as what it looks like.
            let values: Option<Vec<String>> = values.map(|values| {
                values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
            });
            if let Some(values) = values.filter(|values| !values.is_empty()) {
                set("enum", json!(values));
            }
        }
        "integer" | "number" => {
            set("type", json!(name));
            if let Some(format) = text("format") {
                set("format", json!(format));
            }
            let fits: fn(&Value) -> bool = if name == "integer" { Value::is_i64 } else { Value::is_number };
            if let Some(values) = values.filter(|values| !values.is_empty() && values.iter().all(fits)) {
                set("enum", json!(values));
            }
        }
        "boolean" => {
            set("type", json!("boolean"));
            if let Some(values) = values.filter(|values| !values.is_empty() && values.iter().all(Value::is_boolean)) {
                set("enum", json!(values));
            }
        }
        "array" => {
            set("type", json!("array"));
            let items = match (raw.get("prefixItems").or(raw.get("items")), raw.get("items")) {
                (Some(Value::Array(tuple)), _) => {
                    let mut variants = Map::new();
                    union(tuple, &mut variants, depth);
                    Value::Object(variants)
                }
                (_, Some(items)) => normalize(items, depth + 1),
                _ => json!({}),
            };
            set("items", items);
        }
        "object" => {
            set("type", json!("object"));
            if let Some(Value::Object(properties)) = raw.get("properties") {
                let properties: Map<String, Value> =
                    properties.iter().map(|(name, value)| (name.clone(), normalize(value, depth + 1))).collect();
                set("properties", Value::Object(properties));
            }
            if let Some(Value::Array(required)) = raw.get("required") {
                set("required", names(required));
            }
            match raw.get("additionalProperties") {
                Some(Value::Bool(any)) => set("additionalProperties", json!(any)),
                Some(value @ Value::Object(_)) => set("additionalProperties", normalize(value, depth + 1)),
                _ => {}
            }
        }
        "file" => {
            set("type", json!("string"));
            set("format", json!("binary"));
        }
        _ => {}
    }
}

/// 3.1 says by content encoding what 3.0 says by format, and FastAPI writes a decimal as a pattern.
fn string_format<'a>(format: Option<&'a str>, pattern: Option<&str>, raw: &Map<String, Value>) -> Option<&'a str> {
    if format.is_some() {
        return format;
    }
    if raw.get("contentEncoding").is_some_and(|encoding| encoding == "base64") {
        return Some("byte");
    }
    if raw.get("contentMediaType").is_some_and(|media| media == "application/octet-stream") {
        return Some("binary");
    }
    pattern.is_some_and(is_decimal_pattern).then_some("decimal")
}

/// Pydantic's pattern for `Decimal`: digits with an optional point, and nothing else.
fn is_decimal_pattern(pattern: &str) -> bool {
    pattern.starts_with("^(?!^[-+.]*$)[+-]?0*")
}

/// Adds the variants of a union, null left out; a union of one is that one. Returns whether null was among them.
fn union(variants: &[Value], out: &mut Map<String, Value>, depth: usize) -> bool {
    let mut nullable = false;
    let mut kept: IndexSet<Value> = IndexSet::new();
    for variant in variants {
        let mut variant = normalize(variant, depth + 1);
        if variant.get("enum") == Some(&json!([null])) {
            nullable = true;
            continue;
        }
        if let Value::Object(map) = &mut variant {
            nullable |= map.remove("nullable").is_some();
        }
        kept.insert(variant);
    }
    let mut kept: Vec<Value> = kept.into_iter().collect();
    if let Some(decimal) = decimal_union(&kept) {
        kept = vec![decimal];
    }
    match <[Value; 1]>::try_from(kept) {
        Ok([Value::Object(only)]) => {
            if only.contains_key("$ref") {
                let parts = out.entry("allOf").or_insert_with(|| json!([]));
                if let Value::Array(parts) = parts {
                    parts.push(Value::Object(only));
                }
            } else {
                for (key, value) in only {
                    out.entry(key).or_insert(value);
                }
            }
        }
        Ok(_) => {}
        // A schema may have both `anyOf` and `oneOf`, or a list of types besides; the first is told.
        Err(kept) if !kept.is_empty() => drop(out.entry("anyOf").or_insert(Value::Array(kept))),
        Err(_) => {}
    }
    nullable
}

/// FastAPI takes a decimal as a number or as a string of digits.
fn decimal_union(variants: &[Value]) -> Option<Value> {
    let [one, two] = variants else { return None };
    let is = |value: &Value, name: &str| value.get("type").is_some_and(|t| t == name);
    let decimal = |value: &Value| is(value, "string") && value.get("format").is_some_and(|format| format == "decimal");
    let number = |value: &Value| is(value, "number") || is(value, "integer");
    if number(one) && decimal(two) {
        Some(two.clone())
    } else if decimal(one) && number(two) {
        Some(one.clone())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: Value, normal: Value) {
        assert_eq!(normalize(&raw, 0), normal, "{raw}");
    }

    #[test]
    fn nullables_in_three_spellings() {
        let normal = json!({ "type": "string", "nullable": true });
        check(json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }), normal.clone());
        check(json!({ "type": ["string", "null"] }), normal.clone());
        check(json!({ "type": "string", "nullable": true }), normal);
        check(
            json!({ "anyOf": [{ "$ref": "#/a" }, { "type": "null" }], "description": "d" }),
            json!({ "description": "d", "allOf": [{ "$ref": "#/a" }], "nullable": true }),
        );
    }

    #[test]
    fn constants_and_enums() {
        check(json!({ "const": "a" }), json!({ "type": "string", "enum": ["a"] }));
        check(
            json!({ "type": "string", "enum": ["a", null, ""] }),
            json!({ "type": "string", "enum": ["a", ""], "nullable": true }),
        );
        check(json!({ "type": "string", "enum": [1, true] }), json!({ "type": "string", "enum": ["1", "true"] }));
        check(json!({ "enum": [1, "a"] }), json!({ "enum": [1, "a"] }));
    }

    #[test]
    fn limits_are_left_out() {
        check(
            json!({ "type": "integer", "exclusiveMinimum": 0, "maximum": 9e99, "format": "int64" }),
            json!({ "type": "integer", "format": "int64" }),
        );
    }

    #[test]
    fn decimals() {
        let pattern = r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$";
        let normal = json!({ "type": "string", "format": "decimal" });
        check(json!({ "type": "string", "pattern": pattern }), normal.clone());
        check(json!({ "anyOf": [{ "type": "number" }, { "type": "string", "pattern": pattern }] }), normal.clone());
        check(json!({ "type": "string", "pattern": "^[a-z]+$" }), json!({ "type": "string" }));
    }

    #[test]
    fn references_keep_their_siblings() {
        check(json!({ "$ref": "#/a" }), json!({ "$ref": "#/a" }));
        check(
            json!({ "$ref": "#/a", "description": "d" }),
            json!({ "description": "d", "allOf": [{ "$ref": "#/a" }] }),
        );
    }

    #[test]
    fn wrong_keywords_do_no_harm() {
        let odd = json!({ "type": "object", "properties": [], "required": true, "items": 3, "x-sync": true });
        check(odd.clone(), json!({ "x-sync": true, "type": "object" }));
        assert!(matches!(schema(&odd), ReferenceOr::Item(_)));
        assert!(matches!(schema(&json!(true)), ReferenceOr::Item(_)));
    }
}
