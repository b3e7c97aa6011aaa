//! A database with a schema in it, and what happens to one: writes, answers, rows that come and go.

use serde_json::{Map, Value, json};
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;
use sync_patterns::model::{FieldType, Model};
use sync_patterns::names::sql::{identifier, literal};

use crate::support::database::{self, Database, Row, SqlError, schema_order};
use crate::support::models;

pub struct World {
    database: Box<dyn Database>,
    models: Vec<Model>,
    pub files: Files,
}

/// A key of the model `contacts` and of others with UUID keys.
pub const ADA: &str = "00000000-0000-4000-8000-00000000000a";
pub const BOB: &str = "00000000-0000-4000-8000-00000000000b";
pub const CAT: &str = "00000000-0000-4000-8000-00000000000c";

/// What the server has in columns that tests of contacts don't look at.
const SERVER_TIME: &str = "2024-05-06T07:08:09Z";

impl World {
    pub fn open(adapter: Adapter) -> Self {
        Self { database: database::open(adapter), models: Vec::new(), files: Files::new() }
    }

    pub fn adapter(&self) -> Adapter {
        self.database.adapter()
    }

    pub fn is_pglite(&self) -> bool {
        self.adapter() == Adapter::Pglite
    }

    pub fn load(&mut self, models: impl IntoIterator<Item = Model>) {
        let project = models::project(models);
        self.files = database::schema_of(&project, self.adapter());
        self.models = project.models;
        self.load_files();
    }

    pub fn load_again(&mut self) {
        if self.adapter() == Adapter::IndexedDb {
            return self.upgrade(true);
        }
        self.load_files();
    }

    fn load_files(&mut self) {
        let files = self.files.clone();
        self.database.load(&files);
    }

    fn upgrade(&mut self, keeps_rows: bool) {
        self.database.upgrade(keeps_rows).unwrap_or_else(|error| panic!("an upgrade: {error:?}"));
    }

    pub fn contacts(&mut self) {
        self.load([models::contacts()]);
    }

    pub fn model(&self, name: &str) -> &Model {
        self.models.iter().find(|model| model.name == name).expect("a model that was loaded")
    }

    pub fn exec(&mut self, script: &str) {
        self.database.exec(script).unwrap_or_else(|error| panic!("{script}\n{error:?}"));
    }

    pub fn rows(&mut self, statement: &str) -> Vec<Row> {
        self.database.query(statement).unwrap_or_else(|error| panic!("{statement}\n{error:?}"))
    }

    /// The only value of the only row.
    pub fn value(&mut self, statement: &str) -> Value {
        let rows = self.rows(statement);
        assert_eq!(rows.len(), 1, "{statement}");
        rows[0].values().next().cloned().expect("a column")
    }

    pub fn count(&mut self, from: &str) -> i64 {
        self.value(&format!("SELECT count(*) FROM {from}")).as_i64().expect("a count")
    }

    /// The statement fails with these words in its message, and leaves no trace. The SQLSTATE is PostgreSQL's.
    pub fn refuses(&mut self, statement: &str, sqlstate: &str, words: &[&str]) -> SqlError {
        let before = self.everything();
        let Err(error) = self.database.exec(statement) else { panic!("this must fail: {statement}") };
        for word in words {
            assert!(error.message.contains(word), "`{word}` isn't in: {}", error.message);
        }
        if self.is_pglite() {
            assert_eq!(error.code, sqlstate, "{error:?}");
        }
        assert_eq!(self.everything(), before, "a failed statement must leave no trace: {statement}");
        error
    }

    /// The log and all local tables.
    fn everything(&mut self) -> Vec<Row> {
        let mut rows = self.rows("SELECT * FROM _changes ORDER BY id");
        let tables: Vec<String> =
            self.models.iter().map(|model| identifier(&format!("{}_local", model.name))).collect();
        for table in tables {
            rows.extend(self.rows(&format!("SELECT * FROM {table}")));
        }
        rows
    }

    // What is to be seen

    /// Columns of a view, in order of the first; booleans and JSON as such in both databases.
    pub fn shown(&mut self, model: &str, columns: &str) -> Value {
        self.shown_where(model, columns, "TRUE")
    }

    pub fn shown_where(&mut self, model: &str, columns: &str, condition: &str) -> Value {
        let statement = format!("SELECT {columns} FROM {} WHERE {condition} ORDER BY 1", identifier(model));
        let rows = self.rows(&statement);
        let fields = self.model(model).fields.clone();
        let rows = rows.into_iter().map(|mut row| {
            for (name, value) in row.iter_mut() {
                let ty = fields.iter().find(|field| &field.name == name).map(|field| field.ty);
                match (ty, &value) {
                    (Some(FieldType::Boolean), Value::Number(number)) => *value = json!(number.as_i64() == Some(1)),
                    (None, Value::Number(number)) if name.contains("_has_local_changes") => {
                        *value = json!(number.as_i64() == Some(1));
                    }
                    (Some(FieldType::Json), Value::String(text)) => {
                        *value = serde_json::from_str(text).expect("JSON");
                    }
                    _ => {}
                }
            }
            Value::Object(row)
        });
        Value::Array(rows.collect())
    }

    /// The local table's changed columns of every row, sorted.
    pub fn changed_columns(&mut self, model: &str) -> Vec<Vec<String>> {
        let table = identifier(&format!("{model}_local"));
        let column = if self.is_pglite() { "to_jsonb(changed_columns)" } else { "changed_columns" };
        let rows = self.rows(&format!("SELECT {column} AS changed FROM {table}"));
        let names = rows.into_iter().map(|row| {
            let text = row["changed"].as_str().expect("JSON");
            let mut names: Vec<String> = serde_json::from_str(text).expect("a list of names");
            names.sort();
            names
        });
        names.collect()
    }

    /// `[operation, value, status]` of every entry, in order.
    pub fn log(&mut self) -> Value {
        let rows = self.rows("SELECT operation, value, status FROM _changes ORDER BY id");
        let entries = rows.iter().map(|row| json!([row["operation"], parsed(&row["value"]), row["status"]]));
        Value::Array(entries.collect())
    }

    /// A column of the log, in order.
    pub fn log_column(&mut self, column: &str) -> Vec<Value> {
        let rows = self.rows(&format!("SELECT {column} FROM _changes ORDER BY id"));
        rows.into_iter().filter_map(|row| row.values().next().cloned()).collect()
    }

    pub fn write_ids(&mut self) -> Vec<String> {
        self.log_column("write_id").iter().map(|id| id.as_str().expect("text").to_owned()).collect()
    }

    /// Of the newest entry.
    pub fn write_id(&mut self) -> String {
        self.write_ids().pop().expect("an entry")
    }

    /// No local row is left.
    pub fn is_settled(&mut self, model: &str) -> bool {
        self.count(&identifier(&format!("{model}_local"))) == 0 && self.count("_changes") == 0
    }

    // The sync worker

    pub fn acknowledge(&mut self, write_id: &str) {
        self.exec(&format!(
            "UPDATE _changes SET attempts = attempts + 1 WHERE write_id = {id};
             UPDATE _changes SET status = 'acknowledged' WHERE write_id = {id};",
            id = literal(write_id)
        ));
    }

    pub fn reject(&mut self, write_id: &str) {
        self.exec(&format!(
            "UPDATE _changes SET attempts = attempts + 1 WHERE write_id = {id};
             UPDATE _changes SET status = 'rejected', error = 'no' WHERE write_id = {id};",
            id = literal(write_id)
        ));
    }

    pub fn send_again(&mut self, write_ids: &[&str]) {
        let list = write_ids.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", ");
        self.exec(&format!("UPDATE _changes SET status = 'pending' WHERE write_id IN ({list})"));
    }

    // The sync stream

    /// A row as the server has it, written as the stream writes.
    pub fn arrives(&mut self, model: &str, row: Value, write_id: Option<&str>) {
        let script = self.arrival(model, row, write_id);
        self.exec(&script);
    }

    pub fn arrival(&self, model: &str, row: Value, write_id: Option<&str>) -> String {
        let model = self.model(model);
        let Value::Object(mut row) = row else { panic!("a row") };
        let names: Vec<String> = model.fields.iter().map(|field| identifier(&field.name)).collect();
        let values: Vec<String> = model
            .fields
            .iter()
            .map(|field| {
                let unsaid = if models::is_stamped(field) { json!(SERVER_TIME) } else { Value::Null };
                self.literal(field.ty, &row.remove(&field.name).unwrap_or(unsaid))
            })
            .collect();
        assert!(row.is_empty(), "no such columns: {row:?}");
        let set: Vec<String> = names.iter().map(|name| format!("{name} = EXCLUDED.{name}")).collect();
        let key: Vec<String> = model.key.iter().map(|name| identifier(name)).collect();
        format!(
            "INSERT INTO {table} ({names}, write_id) VALUES ({values}, {write_id})
             ON CONFLICT ({key}) DO UPDATE SET {set}, write_id = EXCLUDED.write_id;",
            table = identifier(&format!("{}_synced", model.name)),
            names = names.join(", "),
            values = values.join(", "),
            write_id = write_id.map_or("NULL".to_owned(), literal),
            key = key.join(", "),
            set = set.join(", "),
        )
    }

    pub fn literal(&self, ty: FieldType, value: &Value) -> String {
        match (ty, value) {
            (_, Value::Null) => "NULL".to_owned(),
            (FieldType::Json, value) => literal(&value.to_string()),
            (FieldType::Bytes, Value::String(text)) if self.is_pglite() => {
                format!("decode({}, 'base64')", literal(text))
            }
            (_, Value::String(text)) => literal(text),
            (_, Value::Bool(yes)) => if *yes { "TRUE" } else { "FALSE" }.to_owned(),
            (_, value) => value.to_string(),
        }
    }

    pub fn contact(&mut self, id: &str, first_name: &str, email: Option<&str>, write_id: Option<&str>) {
        let row = contact(id, first_name, email);
        self.arrives("contacts", row, write_id);
    }

    pub fn leaves(&mut self, model: &str, condition: &str) {
        self.exec(&format!("DELETE FROM {} WHERE {condition}", identifier(&format!("{model}_synced"))));
    }

    /// Drops everything but the log.
    pub fn drop_all(&mut self) {
        if self.adapter() == Adapter::IndexedDb {
            self.upgrade(false);
        } else if self.is_pglite() {
            let names: Vec<String> = self.models.iter().map(|model| model.name.clone()).collect();
            for name in names {
                let [view, synced, local] = ["", "_synced", "_local"].map(|end| identifier(&format!("{name}{end}")));
                self.exec(&format!("DROP VIEW {view} CASCADE; DROP TABLE {synced}, {local} CASCADE;"));
            }
        } else {
            let rows = self.rows(
                "SELECT type, name FROM sqlite_schema
                 WHERE type IN ('view', 'table') AND name NOT IN ('_changes_log', '_made_keys', '_sync_meta')
                   AND name NOT LIKE 'sqlite%'
                 ORDER BY type DESC",
            );
            for row in rows {
                let name = identifier(row["name"].as_str().expect("a name"));
                self.exec(&format!("DROP {} IF EXISTS {name}", row["type"].as_str().expect("a type")));
            }
        }
    }

    pub fn first_file(&self) -> String {
        self.files[schema_order(&self.files)[0]].clone()
    }
}

pub fn contact(id: &str, first_name: &str, email: Option<&str>) -> Value {
    json!({ "id": id, "first_name": first_name, "last_name": "L", "email": email })
}

/// The columns that tests of contacts look at.
pub const CONTACT: &str = "id, first_name, email, _has_local_changes";

pub fn seen(id: &str, first_name: &str, email: Option<&str>, local: bool) -> Value {
    json!({ "id": id, "first_name": first_name, "email": email, "_has_local_changes": local })
}

pub fn parsed(text: &Value) -> Map<String, Value> {
    serde_json::from_str(text.as_str().expect("JSON text")).expect("a JSON object")
}
