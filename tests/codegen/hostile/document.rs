//! A document and a config with a place for text wherever they can have one.

use std::cell::RefCell;

use serde_json::{Value, json};

/// The text for a position of this name.
pub type Fill<'f> = &'f dyn Fn(&'static str) -> String;

/// The names of all positions that something asks texts for.
pub fn positions(made_of: impl Fn(Fill)) -> Vec<&'static str> {
    let names = RefCell::new(Vec::new());
    made_of(&|position| {
        if !names.borrow().contains(&position) {
            names.borrow_mut().push(position);
        }
        harmless(position)
    });
    names.into_inner()
}

/// A word that every generated place shows to be made of it.
pub fn harmless(position: &str) -> String {
    format!("quiet_{position}")
}

/// Whether a text in a position is only a text: a default with a NUL is no value of a column, an empty string of the config is
/// refused, some marks give a path other parts, and a name without letters is taken for no key's.
pub fn can_hold(position: &str, text: &str) -> bool {
    match position {
        "database" | "table" | "column" | "config_field" => !text.is_empty(),
        "default" | "default_key" | "default_value" => !text.contains('\0'),
        "path" | "parameter" => text.contains(char::is_alphanumeric) && !text.contains(['/', '{', '}', '?', '#', '%']),
        _ => true,
    }
}

/// A document with one collection.
pub fn spec(fill: Fill) -> Value {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": fill("title"), "description": fill("about"), "version": fill("version") },
        "servers": [{ "url": fill("server"), "description": fill("server_description") }],
        "tags": [{ "name": fill("tag"), "description": fill("tag_description") }],
        "paths": {},
        "components": { "schemas": {} },
    });
    add_collection(&mut document, fill);
    document
}

/// A collection with all operations, and the schemas that it needs.
pub fn add_collection(document: &mut Value, fill: Fill) {
    let row = json!({ "$ref": reference(&fill("schema")) });
    let body = json!({ "content": { "application/json": { "schema": row } } });
    let answer = |schema: Value| json!({ "200": { "description": fill("answer"), "content": { "application/json": { "schema": schema } } } });
    let list = json!({ "type": "object", "properties": { fill("envelope"): { "type": "array", "items": row } } });
    let paths = &mut document["paths"];
    paths[format!("/{}", fill("path"))] = json!({
        "summary": fill("path_summary"),
        "x-rbac": { "field_groups": { fill("group"): [fill("field")] }, fill("access_key"): { "x": fill("access") } },
        fill("extension"): fill("extension_value"),
        "get": {
            "tags": [fill("tag")], "operationId": fill("operation"), "summary": fill("summary"),
            "description": fill("operation_description"), "responses": answer(list),
        },
        "post": { "requestBody": body, "responses": answer(row.clone()) },
    });
    paths[format!("/{}/{{{}}}", fill("path"), fill("parameter"))] = json!({
        "parameters": [{
            "name": fill("parameter"), "in": "path", "required": true, "description": fill("parameter_description"),
            "schema": { "type": "string" },
        }],
        "get": { "responses": answer(row.clone()) },
        "put": { "requestBody": body, "responses": answer(row) },
        "delete": { "responses": { "204": { "description": "Gone" } } },
    });
    let schemas = &mut document["components"]["schemas"];
    schemas[fill("schema")] = row_schema(fill);
    schemas[fill("nested_schema")] = json!({
        "type": "object", "title": fill("nested_title"), "description": fill("nested_description"),
        "properties": { fill("nested_property"): { "type": "string", "description": fill("nested_property_description") } },
        "required": [fill("nested_property")],
    });
}

fn row_schema(fill: Fill) -> Value {
    json!({
        "type": "object",
        "title": fill("schema_title"),
        "description": fill("schema_description"),
        "discriminator": { "propertyName": fill("discriminator"), "mapping": { fill("kind"): fill("kind_schema") } },
        "required": ["id", "text"],
        "properties": {
            "id": { "type": "string" },
            fill("property"): {
                "type": "string", "title": fill("property_title"), "description": fill("property_description"),
                "example": fill("example"),
            },
            fill("owner_only"): { "type": "boolean", "x-owner-only": true },
            "text": { "type": "string", "default": fill("default") },
            "object": { "type": "object", "default": { fill("default_key"): [fill("default_value")] } },
            "choice": { "enum": [fill("choice"), "other"], "readOnly": true, "x-enum-descriptions": [fill("choice_description")] },
            "constant": { "const": fill("constant"), "readOnly": true },
            "shaped": { "type": "string", "format": fill("format"), "pattern": fill("pattern") },
            "nested": { "$ref": reference(&fill("nested_schema")) },
            "inline": {
                "type": "object", "readOnly": true, "required": [fill("inner")],
                "properties": { fill("inner"): { "type": "string", "description": fill("inner_description") } },
            },
            "map": { "type": "object", "readOnly": true, "additionalProperties": { "enum": [fill("map_choice"), "other"] } },
        },
    })
}

fn reference(name: &str) -> String {
    let pointer = name.replace('~', "~0").replace('/', "~1");
    let bytes = pointer.bytes().map(|byte| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    format!("#/components/schemas/{}", bytes.collect::<String>())
}

/// A config for the harmless document.
pub fn config(fill: Fill) -> Value {
    json!({
        "version": 1,
        "spec": "openapi.json",
        "output": "generated",
        "database": fill("database"),
        "electric_url": format!("/{}", fill("electric_url")),
        "api_base_url": format!("https://{}", fill("api_base_url")),
        "models": {
            fill("model"): {
                "path": format!("/{}", harmless("path")),
                "table": fill("table"),
                "columns": { "text": fill("column") },
                "references": { "text": fill("model") },
                "rbac": { "field_groups": { fill("config_group"): [fill("config_field")] } },
            },
        },
    })
}

/// A config that takes every collection of a document.
pub fn config_for_all() -> Value {
    json!({ "version": 1, "spec": "openapi.json", "output": "generated", "sync": "all" })
}
