//! The tables of a sync server: they take rows, and a second run of `schema.sql` changes nothing.

use serde_json::{Map, Value};
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;
use sync_patterns::names::sql::identifier;

use crate::support::database::{Database, Row, open};

/// Tables with what hangs on them, and all that the bookkeeping knows.
const STATE: [&str; 4] = [
    "SELECT c.oid::REGCLASS::TEXT AS name, c.relforcerowsecurity::TEXT AS is_forced,
       (SELECT string_agg(pg_get_constraintdef(o.oid), ' ' ORDER BY o.conname) FROM pg_constraint AS o WHERE o.conrelid = c.oid) AS rules,
       (SELECT string_agg(t.tgname, ' ' ORDER BY t.tgname) FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS triggers,
       (SELECT string_agg(pg_get_expr(p.polqual, p.polrelid), ' ') FROM pg_policy AS p WHERE p.polrelid = c.oid) AS policies
     FROM pg_class AS c
     WHERE c.relkind IN ('r', 'i') AND c.relnamespace::REGNAMESPACE::TEXT NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
     ORDER BY 1",
    "SELECT scope, table_name, row_key, version::TEXT AS version, is_deleted::TEXT AS is_deleted FROM sync_row ORDER BY 1, 2, 3",
    "SELECT scope, epoch::TEXT AS epoch, version::TEXT AS version FROM sync_scope ORDER BY 1",
    "SELECT key, value FROM sync_meta ORDER BY key",
];

pub fn loads_twice(files: &Files) {
    let schema: Value = serde_json::from_str(&files["schema/schema.json"]).expect("schema.json");
    let tables = schema["tables"].as_object().expect("the tables");
    let mut database = open(Adapter::Pglite);
    run(database.as_mut(), &files["schema.sql"]);
    // In one transaction, so that their order doesn't matter.
    let inserts: Vec<String> = tables.iter().map(|(model, table)| insert(model, table, &schema)).collect();
    run(database.as_mut(), &inserts.join(";\n"));
    let before = state(database.as_mut());
    assert_eq!(before[1].len(), tables.len(), "each row is in the log");
    run(database.as_mut(), &files["schema.sql"]);
    assert_eq!(state(database.as_mut()), before);
    let deletes: Vec<String> =
        tables.values().map(|table| format!("DELETE FROM {}", table["name"].as_str().expect("a name"))).collect();
    run(database.as_mut(), &deletes.join(";\n"));
    let gone = database.query("SELECT 1 AS gone FROM sync_row WHERE is_deleted").expect("the log");
    assert_eq!(gone.len(), tables.len(), "the triggers are there");
}

fn run(database: &mut dyn Database, script: &str) {
    if let Err(error) = database.exec(script) {
        panic!("{error:?}\n{script}");
    }
}

fn state(database: &mut dyn Database) -> Vec<Vec<Row>> {
    STATE.iter().map(|query| database.query(query).unwrap_or_else(|error| panic!("{error:?}\n{query}"))).collect()
}

/// A row with a value in each column that needs one. References come out alike, since equal types have equal values.
fn insert(model: &str, table: &Value, schema: &Value) -> String {
    let models = schema["models"].as_array().expect("models");
    let model = models.iter().find(|one| one["name"] == model).expect("the model");
    let fields = model["fields"].as_array().expect("fields");
    let enum_of = |name: &str| {
        let field = fields.iter().find(|field| field["name"] == name)?;
        field["schema"]["enum"].as_array()?.first()?.as_str().map(|text| format!("'{}'", text.replace('\'', "''")))
    };
    let columns: &Map<String, Value> = table["columns"].as_object().expect("columns");
    let needed = columns.iter().filter(|(_, column)| column["required"] == true);
    let (names, values): (Vec<String>, Vec<String>) = needed
        .map(|(name, column)| {
            let value = match column["type"].as_str().expect("a type") {
                "UUID" => "'00000000-0000-4000-8000-000000000001'",
                "TEXT" => "'it''s'",
                "BOOLEAN" => "TRUE",
                "TIMESTAMPTZ" | "DATE" => "'2026-01-01'",
                "JSONB" => "'{}'",
                _ => "1",
            };
            (identifier(name), enum_of(name).unwrap_or_else(|| value.to_owned()))
        })
        .unzip();
    let table = table["name"].as_str().expect("a name");
    format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "))
}
