//! A first pass of writes through the views of any schema, with values made up from `schema.json`.

use serde_json::Value;
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;
use sync_patterns::names::sql::{identifier, literal};

use super::database::Database;

/// Loads the schema twice, then inserts, updates and deletes a row of each model that allows it, and checks what the
/// views and the log say.
///
/// # Panics
/// Where a statement fails, or something else than what was written is read.
pub fn exercise(database: &mut dyn Database, files: &Files, what: &str) {
    database.load(files);
    database.load(files);
    let schema: Value = serde_json::from_str(&files["schema/schema.json"]).expect("schema.json");
    for model in schema["models"].as_array().expect("models") {
        let name = model["name"].as_str().expect("a name");
        Exercise { database, model, name, what }.run();
    }
}

struct Exercise<'e> {
    database: &'e mut dyn Database,
    model: &'e Value,
    name: &'e str,
    what: &'e str,
}

impl Exercise<'_> {
    fn run(&mut self) {
        let (view, synced) = (identifier(self.name), identifier(&format!("{}_synced", self.name)));
        let fields = self.model["fields"].as_array().expect("fields");
        let all: Vec<&Value> = fields.iter().collect();
        // A row of the server is shown as it is.
        self.exec(&format!("INSERT INTO {synced} {}", self.values(&all, 1)));
        assert_eq!(
            self.count(&format!("{view} WHERE {}", self.key(1))),
            1,
            "{} {}: a synced row",
            self.what,
            self.name
        );

        let updatable = fields.iter().find(|field| field["update"] == true);
        if let Some(field) = updatable.filter(|_| self.has("update")) {
            let column = identifier(field["name"].as_str().expect("a name"));
            self.exec(&format!("UPDATE {view} SET {column} = {} WHERE {}", self.value(field, 2), self.key(1)));
            // A boolean, and a column whose made-up values are all alike, may be what it was.
            if field["type"] != "boolean" {
                self.expect_log("update", 1);
            }
        }
        if self.has("delete") {
            self.exec(&format!("DELETE FROM {view} WHERE {}", self.key(1)));
            self.expect_log("delete", 1);
            assert_eq!(self.count(&format!("{view} WHERE {}", self.key(1))), 0, "{} {}: deleted", self.what, self.name);
        }
        if self.has("create") {
            let insertable: Vec<&Value> =
                fields.iter().filter(|field| self.is_key(field) || field["insert"] != "never").collect();
            self.refuse_without_required(&insertable);
            self.exec(&format!("INSERT INTO {view} {}", self.values(&insertable, 3)));
            self.expect_log("insert", 1);
            assert_eq!(
                self.count(&format!("{view} WHERE {}", self.key(3))),
                1,
                "{} {}: inserted",
                self.what,
                self.name
            );
            // The echo settles it.
            let write = format!(
                "SELECT write_id AS id FROM _changes WHERE operation = 'insert' AND table_name = {}",
                literal(self.name)
            );
            let id = self.query(&write)[0]["id"].as_str().expect("a write_id").to_owned();
            self.exec(&format!("INSERT INTO {synced} {}", self.values(&all, 3)));
            self.exec(&format!("UPDATE {synced} SET write_id = {} WHERE {}", literal(&id), self.key(3)));
            self.expect_log("insert", 0);
        }
        self.exec(&format!("UPDATE _changes SET status = 'rejected' WHERE table_name = {}", literal(self.name)));
        self.exec(&format!("DELETE FROM _changes WHERE table_name = {}", literal(self.name)));
        let local = identifier(&format!("{}_local", self.name));
        assert_eq!(self.count(&local), 0, "{} {}: nothing is left", self.what, self.name);
    }

    /// Inserts without one of the columns that the API needs: each must fail.
    fn refuse_without_required(&mut self, insertable: &[&Value]) {
        let view = identifier(self.name);
        let makes_key = self.model["key_origin"] != "given";
        let can_be_left_out = |field: &Value| {
            field["insert"] != "required" || field.get("default").is_some() || (makes_key && self.is_key(field))
        };
        let required: Vec<&Value> = insertable.iter().copied().filter(|field| !can_be_left_out(field)).collect();
        for field in required {
            let others: Vec<&Value> = insertable.iter().copied().filter(|other| *other != field).collect();
            if others.is_empty() {
                continue;
            }
            let statement = format!("INSERT INTO {view} {}", self.values(&others, 3));
            assert!(self.database.exec(&statement).is_err(), "{}: must be refused: {statement}", self.what);
        }
    }

    fn has(&self, operation: &str) -> bool {
        self.model["operations"].get(operation).is_some()
    }

    fn is_key(&self, field: &Value) -> bool {
        self.model["key"].as_array().expect("a key").contains(&field["name"])
    }

    fn exec(&mut self, statement: &str) {
        if let Err(error) = self.database.exec(statement) {
            panic!("{} {:?}: {error:?}\n{statement}", self.what, self.database.adapter());
        }
    }

    fn query(&mut self, statement: &str) -> Vec<super::database::Row> {
        self.database.query(statement).unwrap_or_else(|error| panic!("{}: {error:?}\n{statement}", self.what))
    }

    fn count(&mut self, from: &str) -> u64 {
        self.query(&format!("SELECT count(*) AS number FROM {from}"))[0]["number"].as_u64().expect("a number")
    }

    fn expect_log(&mut self, operation: &str, entries: u64) {
        let from = format!("_changes WHERE operation = '{operation}' AND table_name = {}", literal(self.name));
        assert_eq!(self.count(&from), entries, "{} {}: {operation}", self.what, self.name);
    }

    /// `(columns) VALUES (…)` of row 1, 2 or 3.
    fn values(&self, fields: &[&Value], row: u8) -> String {
        let names: Vec<String> =
            fields.iter().map(|field| identifier(field["name"].as_str().expect("a name"))).collect();
        let values: Vec<String> = fields.iter().map(|field| self.value(field, row)).collect();
        format!("({}) VALUES ({})", names.join(", "), values.join(", "))
    }

    /// The condition that picks row 1, 2 or 3.
    fn key(&self, row: u8) -> String {
        let fields = self.model["fields"].as_array().expect("fields");
        let parts = fields.iter().filter(|field| self.is_key(field));
        let part = |field: &Value| {
            format!("{} = {}", identifier(field["name"].as_str().expect("a name")), self.value(field, row))
        };
        parts.map(part).collect::<Vec<_>>().join(" AND ")
    }

    fn value(&self, field: &Value, row: u8) -> String {
        let sqlite = self.database.adapter() != Adapter::Pglite;
        match field["type"].as_str().expect("a type") {
            "uuid" => format!("'00000000-0000-4000-8000-00000000000{row}'"),
            "date_time" => format!("'2026-01-0{row}T00:00:00Z'"),
            "date" => format!("'2026-01-0{row}'"),
            "time" => format!("'0{row}:00:00'"),
            "int32" | "int64" => row.to_string(),
            "float" => format!("{row}.25"),
            "decimal" => format!("'{row}.10'"),
            "boolean" if sqlite => (row % 2).to_string(),
            "boolean" => (row % 2 == 1).to_string(),
            "bytes" if sqlite => format!("'AAA{row}'"),
            "bytes" => format!("'\\x0{row}'"),
            "json" => format!("'{{\"row\":{row},\"none\":null}}'"),
            _ => format!("'it''s row {row}'"),
        }
    }
}
