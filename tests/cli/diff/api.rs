//! An API in a few words, and its OpenAPI document.

use serde_json::{Map, Value, json};

#[derive(Clone)]
pub struct Api {
    pub things: Model,
    pub labels: Option<Model>,
    pub notes: Option<Model>,
    /// The lines of the config below `models:`.
    pub config: &'static str,
    /// More of the config's `server`, on its line.
    pub server: &'static str,
}

#[derive(Clone)]
pub struct Model {
    pub name: &'static str,
    pub ty: &'static str,
    /// The placeholder of the item's path.
    pub key: &'static str,
    pub columns: Vec<Column>,
    pub create: bool,
    /// The method.
    pub update: Option<&'static str>,
    pub delete: bool,
    /// What an update must say of a row, changed or not.
    pub always: &'static [&'static str],
    /// Whether rows and bodies are JSON:API's objects.
    pub is_json_api: bool,
}

#[derive(Clone)]
pub struct Column {
    pub name: &'static str,
    pub schema: Value,
    pub nullable: bool,
    /// `None`: an insert can't say it. Otherwise, whether it must.
    pub insert: Option<bool>,
    pub update: bool,
}

impl Model {
    pub fn column(&mut self, name: &str) -> &mut Column {
        self.columns.iter_mut().find(|column| column.name == name).expect("the column")
    }

    /// `of` says of a column whether the object requires it, and nothing where it hasn't got it.
    fn schema(&self, of: &dyn Fn(&Column) -> Option<bool>) -> Value {
        let member = |column: &Column| {
            let mut schema = column.schema.clone();
            if column.nullable {
                schema["nullable"] = true.into();
            }
            Some((column.name, schema, of(column)?))
        };
        let members = self.columns.iter().filter_map(member);
        if !self.is_json_api {
            return object(members.collect());
        }
        let (mut own, attributes): (Vec<_>, Vec<_>) = members.partition(|(name, ..)| *name == self.key);
        own.push(("type", json!({ "type": "string", "enum": [self.name] }), true));
        own.push(("attributes", object(attributes), true));
        object(own)
    }

    pub fn remove(&mut self, name: &str) -> Column {
        let at = self.columns.iter().position(|column| column.name == name).expect("the column");
        self.columns.remove(at)
    }
}

pub fn column(name: &'static str, schema: Value) -> Column {
    Column { name, schema, nullable: true, insert: Some(false), update: true }
}

fn required(name: &'static str, schema: Value) -> Column {
    Column { nullable: false, insert: Some(true), ..column(name, schema) }
}

fn key() -> Column {
    let schema = json!({ "type": "string", "format": "uuid" });
    Column { nullable: false, update: false, ..column("id", schema) }
}

pub fn text() -> Value {
    json!({ "type": "string" })
}

pub fn int32() -> Value {
    json!({ "type": "integer", "format": "int32" })
}

fn crud(name: &'static str, ty: &'static str, columns: Vec<Column>) -> Model {
    Model {
        name,
        ty,
        key: "id",
        columns,
        create: true,
        update: Some("patch"),
        delete: true,
        always: &[],
        is_json_api: false,
    }
}

pub fn notes() -> Model {
    crud("notes", "Note", vec![key(), required("body", text())])
}

/// What every case starts from.
pub fn api() -> Api {
    let things = vec![
        key(),
        required("title", text()),
        required("code", text()),
        column("nick", text()),
        column("score", text()),
        column("age", int32()),
        column("size", json!({ "type": "string", "format": "decimal" })),
        column("due", json!({ "type": "string", "format": "date" })),
        column("state", json!({ "type": "string", "enum": ["new", "done"] })),
        column("data", json!({ "type": "object", "additionalProperties": true })),
        Column {
            nullable: false,
            insert: None,
            update: false,
            ..column("made_at", json!({ "type": "string", "format": "date-time" }))
        },
    ];
    let labels =
        vec![key(), required("name", text()), column("thing_id", json!({ "type": "string", "format": "uuid" }))];
    Api {
        things: crud("things", "Thing", things),
        labels: Some(crud("labels", "Label", labels)),
        notes: None,
        config: "",
        server: "",
    }
}

impl Api {
    pub fn config(&self) -> String {
        let models = if self.config.is_empty() { String::new() } else { format!("models:\n{}", self.config) };
        format!("version: 1\nspec: ./openapi.json\noutput: ./generated\nframework: none\nsync: all\n{models}")
    }

    pub fn document(&self) -> Value {
        let models = [Some(&self.things), self.labels.as_ref(), self.notes.as_ref()];
        let (mut paths, mut schemas) = (Map::new(), Map::new());
        for model in models.into_iter().flatten() {
            let reference = |suffix: &str| json!({ "$ref": format!("#/components/schemas/{}{suffix}", model.ty) });
            let content = |schema: Value| match model.is_json_api {
                true => json!({ "application/vnd.api+json": { "schema": object(vec![("data", schema, true)]) } }),
                false => json!({ "application/json": { "schema": schema } }),
            };
            let body = |suffix: &str| json!({ "content": content(reference(suffix)) });
            let answer = |schema: Value| {
                let content = content(schema);
                json!({ "200": { "description": "OK", "content": content } })
            };
            let list = answer(json!({ "type": "array", "items": reference("") }));
            let mut collection = json!({ "get": { "responses": list } });
            let parameter =
                json!({ "name": model.key, "in": "path", "required": true, "schema": { "type": "string" } });
            let mut item = json!({ "parameters": [parameter], "get": { "responses": answer(reference("")) } });
            if model.create {
                collection["post"] = json!({ "requestBody": body("Create"), "responses": answer(reference("")) });
            }
            if let Some(method) = model.update {
                item[method] = json!({ "requestBody": body("Update"), "responses": answer(reference("")) });
            }
            if model.delete {
                item["delete"] = json!({ "responses": { "204": { "description": "gone" } } });
            }
            paths.insert(format!("/{}", model.name), collection);
            paths.insert(format!("/{}/{{{}}}", model.name, model.key), item);
            let row = |column: &Column| Some(!column.nullable);
            let update = |column: &Column| column.update.then(|| model.always.contains(&column.name));
            for (suffix, of) in [
                ("", &row as &dyn Fn(&Column) -> Option<bool>),
                ("Create", &|column| column.insert),
                ("Update", &update),
            ] {
                schemas.insert(format!("{}{suffix}", model.ty), model.schema(of));
            }
        }
        json!({
            "openapi": "3.0.3",
            "info": { "title": "Things", "version": "1" },
            "paths": paths,
            "components": { "schemas": schemas },
        })
    }
}

/// An object of its members' names, schemas, and whether each is required.
fn object(members: Vec<(&str, Value, bool)>) -> Value {
    let required: Vec<&str> =
        members.iter().filter(|(_, _, is_required)| *is_required).map(|(name, ..)| *name).collect();
    let required = json!(required);
    let properties: Map<String, Value> =
        members.into_iter().map(|(name, schema, _)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}
