//! Names as other people's specs have them.

use serde_json::{Map, Value, json};
use sync_patterns::model::FieldType;
use sync_patterns::names::sql::{identifier, literal};

use crate::support::models;
use crate::sql::contract::world::{ADA, World};

pub fn every_model_loads(world: &mut World) {
    world.load(models::everything().models);
    let names: Vec<String> = models::everything().models.iter().map(|model| identifier(&model.name)).collect();
    for name in names {
        assert_eq!(world.count(&name), 0);
    }
}

/// Every column is written, cleared, sent and settled under its own name.
pub fn quoted(world: &mut World) {
    world.load([models::order()]);
    let model = models::order();
    let fields: Vec<_> = model.fields.iter().filter(|field| field.name != "id").collect();
    let text = |index: usize, ty: FieldType| match ty {
        FieldType::Int64 => json!(index),
        _ => json!(format!("v{index}")),
    };
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), literal);
    let mut row = Map::from_iter([("id".to_owned(), json!(ADA))]);
    row.extend(fields.iter().enumerate().map(|(index, field)| (field.name.clone(), text(index, field.ty))));
    let names: Vec<String> = row.keys().map(|name| identifier(name)).collect();
    let values: Vec<String> = row.values().map(value).collect();
    world.exec(&format!("INSERT INTO \"order\" ({}) VALUES ({})", names.join(", "), values.join(", ")));
    let logged = world.log()[0][1].clone();
    assert_eq!(logged, Value::Object(row.clone()));
    let write_id = world.write_id();
    let read = |world: &mut World| world.shown("order", &names.join(", "))[0].clone();
    assert_eq!(read(world), Value::Object(row.clone()));

    for field in fields.iter().filter(|field| field.nullable) {
        world.exec(&format!("UPDATE \"order\" SET {} = NULL", identifier(&field.name)));
        let newest = world.write_ids().len() - 1;
        assert_eq!(world.log()[newest][1], json!({ "id": ADA, field.name.as_str(): null }));
        let mut expected = row.clone();
        expected[&field.name] = Value::Null;
        assert_eq!(read(world), Value::Object(expected), "{}", field.name);
        let cleared = world.write_id();
        world.reject(&cleared);
        assert_eq!(read(world), Value::Object(row.clone()), "{}", field.name);
        world.exec(&format!("DELETE FROM _changes WHERE write_id = {}", literal(&cleared)));
    }
    world.arrives("order", Value::Object(row.clone()), Some(&write_id));
    assert_eq!(read(world), Value::Object(row));
    assert!(world.is_settled("order"));
}

pub fn apart_by_a_wildcard(world: &mut World) {
    world.load([models::wildcard("user_notes"), models::wildcard("userxnotes")]);
    for name in ["user_notes", "userxnotes"] {
        world.exec(&format!("INSERT INTO {name} (id, text) VALUES ('{ADA}', '{name}')"));
    }
    let write_id = world.write_ids()[0].clone();
    world.reject(&write_id);
    assert_eq!(world.shown("user_notes", "text"), json!([]));
    assert_eq!(world.shown("userxnotes", "text"), json!([{ "text": "userxnotes" }]));
    assert_eq!(world.log_column("status"), ["rejected", "pending"]);
    world.exec("DELETE FROM user_notes_synced");
    world.exec("DELETE FROM _changes WHERE table_name = 'user_notes'");
    assert_eq!(world.shown("userxnotes", "text"), json!([{ "text": "userxnotes" }]));
}

pub fn columns_in_schema_order(world: &mut World) {
    world.load(models::everything().models);
    for model in models::everything().models {
        let fields: Vec<&str> = model.fields.iter().map(|field| field.name.as_str()).collect();
        for (suffix, more) in [("_synced", 1), ("_local", 3), ("", 2)] {
            let relation = format!("{}{suffix}", model.name);
            let statement = if world.is_pglite() {
                format!(
                    "SELECT column_name AS name FROM information_schema.columns
                     WHERE table_name = {} ORDER BY ordinal_position",
                    literal(&relation)
                )
            } else {
                format!("SELECT name FROM pragma_table_info({})", literal(&relation))
            };
            let rows = world.rows(&statement);
            let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
            assert_eq!(names[..fields.len()], fields, "{relation}");
            assert_eq!(names.len(), fields.len() + more, "{relation}: {names:?}");
        }
    }
}

pub fn the_longest(world: &mut World) {
    let model = models::longest_names();
    let (name, columns) = (model.name.clone(), [model.fields[1].name.clone(), model.fields[2].name.clone()]);
    world.load([model]);
    world.exec(&format!("INSERT INTO {name} ({}) VALUES ('a')", columns[0]));
    world.exec(&format!("UPDATE {name} SET {} = 'b'", columns[1]));
    let shown = world.shown(&name, &columns.join(", "));
    assert_eq!(shown, json!([{ columns[0].as_str(): "a", columns[1].as_str(): "b" }]));
    // Two indexes begin with the same 63 bytes, and both are there.
    let indexes = if world.is_pglite() {
        "pg_indexes WHERE tablename LIKE '%_synced' AND indexname NOT LIKE '%_pkey'"
    } else {
        "sqlite_schema WHERE type = 'index' AND tbl_name LIKE '%_synced' AND sql IS NOT NULL"
    };
    assert_eq!(world.count(indexes), 3);
}
