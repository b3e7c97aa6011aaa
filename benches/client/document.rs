//! The API whose client is measured.

use serde_json::{Map, Value, json};

/// `contacts`, with all that a backend can provide, and `count - 1` copies of it.
pub fn document(count: usize) -> Value {
    let names = (0..count).map(|number| {
        let suffix = if number == 0 { String::new() } else { format!("_{number}") };
        (format!("contacts{suffix}"), format!("Contact{number}"))
    });
    of(names)
}

/// Such models with these names, and with these names of their schemas.
pub fn of(names: impl Iterator<Item = (String, String)>) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for (name, schema) in names {
        add(&name, &schema, &mut paths, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Bench", "version": "1.0.0" },
        "paths": paths,
        "components": { "schemas": schemas }
    })
}

fn add(name: &str, schema: &str, paths: &mut Map<String, Value>, schemas: &mut Map<String, Value>) {
    let refer = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    let answer = |schema: Value| json!({ "description": "OK", "content": content(schema) });
    let body = |schema: Value| json!({ "required": true, "content": content(schema) });
    let [create, update] = ["Create", "Update"].map(|suffix| format!("{schema}{suffix}"));

    paths.insert(
        format!("/{name}"),
        json!({
            "x-sync": { "local_first": true },
            "get": { "responses": { "200": answer(json!({ "type": "array", "items": refer(schema) })) } },
            "post": { "requestBody": body(refer(&create)), "responses": { "201": answer(refer(schema)) } }
        }),
    );
    paths.insert(
        format!("/{name}/{{id}}"),
        json!({
            "parameters": [
                { "name": "id", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } }
            ],
            "get": { "responses": { "200": answer(refer(schema)) } },
            "patch": { "requestBody": body(refer(&update)), "responses": { "200": answer(refer(schema)) } },
            "delete": { "responses": { "204": { "description": "Gone" } } }
        }),
    );

    let id = json!({ "type": "string", "format": "uuid" });
    let text = json!({ "type": "string" });
    let email = json!({ "type": ["string", "null"] });
    let time = json!({ "type": "string", "format": "date-time", "readOnly": true });
    schemas.insert(
        schema.to_owned(),
        json!({
            "type": "object",
            "required": ["id", "first_name", "last_name", "created_at", "updated_at"],
            "properties": {
                "id": id, "first_name": text, "last_name": text, "email": email, "created_at": time, "updated_at": time,
                "write_id": email
            }
        }),
    );
    schemas.insert(
        create,
        json!({
            "type": "object",
            "required": ["first_name", "last_name"],
            "properties": { "id": id, "first_name": text, "last_name": text, "email": email, "write_id": text }
        }),
    );
    schemas.insert(
        update,
        json!({
            "type": "object",
            "properties": { "first_name": text, "last_name": text, "email": email, "write_id": text }
        }),
    );
}
