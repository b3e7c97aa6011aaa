//! The API whose lists are read in pages.

use serde_json::{Map, Value, json};

/// Two models whose lists come in pages: one of ten columns, and a small one of three.
pub fn document() -> Value {
    let text = json!({ "type": "string" });
    let maybe = json!({ "type": ["string", "null"] });
    let time = json!({ "type": "string", "format": "date-time" });
    let maybe_time = json!({ "type": ["string", "null"], "format": "date-time" });
    let truth = json!({ "type": "boolean" });
    let number = json!({ "type": "integer", "format": "int32" });
    let item = [
        ("name", text.clone()),
        ("description", maybe.clone()),
        ("status", text.clone()),
        ("owner", maybe),
        ("quantity", number),
        ("is_active", truth.clone()),
        ("due_at", maybe_time),
        ("created_at", time.clone()),
        ("updated_at", time),
    ];
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Bench", "version": "1.0.0" },
        "paths": { "/items": list("Item"), "/notes": list("Note") },
        "components": { "schemas": { "Item": row(&item), "Note": row(&[("text", text), ("is_done", truth)]) } }
    })
}

fn list(schema: &str) -> Value {
    let parameter = |name: &str, most: u32| json!({ "name": name, "in": "query", "schema": { "type": "integer", "minimum": 0, "maximum": most } });
    let page = json!({
        "type": "object",
        "required": ["items", "total"],
        "properties": {
            "items": { "type": "array", "items": { "$ref": format!("#/components/schemas/{schema}") } },
            "total": { "type": "integer" }
        }
    });
    json!({
        "x-sync": { "local_first": true },
        "get": {
            "parameters": [parameter("limit", 1000), parameter("offset", 1_000_000_000)],
            "responses": { "200": { "description": "OK", "content": { "application/json": { "schema": page } } } }
        }
    })
}

fn row(columns: &[(&str, Value)]) -> Value {
    let id = ("id", json!({ "type": "string", "format": "uuid" }));
    let all = || std::iter::once(&id).chain(columns);
    json!({
        "type": "object",
        "required": all().map(|(name, _)| *name).collect::<Vec<_>>(),
        "properties": all().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect::<Map<_, _>>()
    })
}
