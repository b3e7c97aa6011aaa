//! A schema in its normal form as `openapiv3` types: what their own reading makes of it, without its trying of one shape
//! after the other.

use openapiv3::{
    AdditionalProperties, AnySchema, ArrayType, BooleanType, IntegerType, NumberType, ObjectType, ReferenceOr, Schema,
    SchemaData, SchemaKind, StringType, Type,
};
use serde_json::{Map, Value};

/// What isn't in the normal form is left out. A schema takes 1 kB, a reference almost nothing.
pub fn boxed(normal: Value) -> ReferenceOr<Box<Schema>> {
    match schema(normal) {
        ReferenceOr::Reference { reference } => ReferenceOr::Reference { reference },
        ReferenceOr::Item(item) => ReferenceOr::Item(Box::new(item)),
    }
}

fn schema(normal: Value) -> ReferenceOr<Schema> {
    let Value::Object(normal) = normal else { return ReferenceOr::Item(of(Map::new())) };
    match normal.get("$ref") {
        Some(Value::String(reference)) => ReferenceOr::ref_(reference),
        _ => ReferenceOr::Item(of(normal)),
    }
}

fn of(normal: Map<String, Value>) -> Schema {
    let mut data = SchemaData::default();
    let mut any = AnySchema::default();
    // The keywords that say of what kind the schema is.
    let mut said = Vec::new();
    for (key, value) in normal {
        match (key.as_str(), value) {
            ("description", Value::String(description)) => data.description = Some(description),
            ("nullable", Value::Bool(flag)) => data.nullable = flag,
            ("readOnly", Value::Bool(flag)) => data.read_only = flag,
            ("writeOnly", Value::Bool(flag)) => data.write_only = flag,
            ("deprecated", Value::Bool(flag)) => data.deprecated = flag,
            ("default", value) => data.default = Some(value).filter(|value| !value.is_null()),
            (name, value) if name.starts_with("x-") => drop(data.extensions.insert(key, value)),
            (_, value) => said.extend(structure(&key, value, &mut any)),
        }
    }
    Schema { schema_data: data, schema_kind: kind(any, &said) }
}

/// Notes what a keyword says, and returns it.
fn structure(key: &str, value: Value, any: &mut AnySchema) -> Option<&'static str> {
    Some(match (key, value) {
        ("type", Value::String(name)) => {
            any.typ = Some(name);
            "type"
        }
        ("format", Value::String(format)) => {
            any.format = Some(format);
            "format"
        }
        ("enum", Value::Array(values)) => {
            any.enumeration = values;
            "enum"
        }
        ("properties", Value::Object(properties)) => {
            any.properties = properties.into_iter().map(|(name, value)| (name, boxed(value))).collect();
            "properties"
        }
        ("required", Value::Array(names)) => {
            any.required = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            "required"
        }
        ("additionalProperties", Value::Bool(flag)) => {
            any.additional_properties = Some(AdditionalProperties::Any(flag));
            "additionalProperties"
        }
        ("additionalProperties", value) => {
            any.additional_properties = Some(AdditionalProperties::Schema(Box::new(schema(value))));
            "additionalProperties"
        }
        ("items", value) => {
            any.items = Some(boxed(value));
            "items"
        }
        ("allOf", Value::Array(parts)) => {
            any.all_of = parts.into_iter().map(schema).collect();
            "allOf"
        }
        ("anyOf", Value::Array(variants)) => {
            any.any_of = variants.into_iter().map(schema).collect();
            "anyOf"
        }
        _ => return None,
    })
}

/// A type with nothing but the keywords of that type, a composition with nothing besides, or else anything.
fn kind(any: AnySchema, said: &[&str]) -> SchemaKind {
    let only = |keys: &[&str]| said.iter().all(|key| *key == "type" || keys.contains(key));
    let values = |check: fn(&Value) -> bool| any.enumeration.iter().all(|value| value.is_null() || check(value));
    match any.typ.as_deref() {
        Some("string") if only(&["format", "enum"]) && values(Value::is_string) => {
            let enumeration = any.enumeration.iter().map(|value| value.as_str().map(str::to_owned)).collect();
            let format = any.format.into();
            SchemaKind::Type(Type::String(StringType { format, enumeration, ..StringType::default() }))
        }
        Some("number") if only(&["format", "enum"]) && values(Value::is_number) => {
            let enumeration = any.enumeration.iter().map(Value::as_f64).collect();
            let format = any.format.into();
            SchemaKind::Type(Type::Number(NumberType { format, enumeration, ..NumberType::default() }))
        }
        Some("integer") if only(&["format", "enum"]) && values(Value::is_i64) => {
            let enumeration = any.enumeration.iter().map(Value::as_i64).collect();
            let format = any.format.into();
            SchemaKind::Type(Type::Integer(IntegerType { format, enumeration, ..IntegerType::default() }))
        }
        Some("boolean") if only(&["enum"]) && values(Value::is_boolean) => {
            let enumeration = any.enumeration.iter().map(Value::as_bool).collect();
            SchemaKind::Type(Type::Boolean(BooleanType { enumeration }))
        }
        Some("object") if only(&["properties", "required", "additionalProperties"]) => {
            let AnySchema { properties, required, additional_properties, .. } = any;
            let object = ObjectType { properties, required, additional_properties, ..ObjectType::default() };
            SchemaKind::Type(Type::Object(object))
        }
        Some("array") if only(&["items"]) => {
            let array = ArrayType { items: any.items, min_items: None, max_items: None, unique_items: false };
            SchemaKind::Type(Type::Array(array))
        }
        None if said == ["allOf"] => SchemaKind::AllOf { all_of: any.all_of },
        None if said == ["anyOf"] => SchemaKind::AnyOf { any_of: any.any_of },
        _ => SchemaKind::Any(any),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn as_they_would_be_read() {
        for normal in [
            json!({}),
            json!({ "$ref": "#/a" }),
            json!({ "type": "string", "format": "date", "enum": ["a", null], "nullable": true }),
            json!({ "type": "string", "format": "money", "default": null, "x-a": [1, 2.5], "deprecated": true }),
            json!({ "type": "string", "enum": [1] }),
            json!({ "type": "integer", "enum": [1, 2], "default": 1, "readOnly": true }),
            json!({ "type": "integer", "enum": [1.5] }),
            json!({ "type": "number", "format": "float", "enum": [1, 2.5], "writeOnly": true, "description": "d" }),
            json!({ "type": "boolean", "enum": [true] }),
            json!({ "type": "boolean", "format": "odd" }),
            json!({ "type": "array", "items": { "$ref": "#/a" } }),
            json!({ "type": "array", "items": { "type": "array", "items": {} }, "anyOf": [{}] }),
            json!({ "type": "object", "properties": { "$ref": { "type": "string" }, "b": { "$ref": "#/b" } } }),
            json!({ "type": "object", "required": [], "additionalProperties": false }),
            json!({ "type": "object", "required": ["a"], "additionalProperties": { "type": "object" } }),
            json!({ "type": "object", "allOf": [{ "$ref": "#/a" }, { "required": ["a"] }] }),
            json!({ "type": "file" }),
            json!({ "enum": [null] }),
            json!({ "allOf": [] }),
            json!({ "allOf": [{ "$ref": "#/a" }], "nullable": true, "x-sync": true }),
            json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/b" }] }),
            json!({ "anyOf": [{}], "allOf": [{}] }),
        ] {
            let read: ReferenceOr<Schema> = serde_json::from_value(normal.clone()).unwrap();
            assert_eq!(schema(normal.clone()), read, "{normal}");
        }
    }
}
