//! Keys that have the parent's key from the path beside one that the server makes.

use serde_json::{Value, json};
use sync_patterns::model::{FieldType, KeyOrigin, Method, Model};

use crate::sql::contract::world::{World, parsed};
use crate::support::models::{self, FieldBuilder, crud, field, model};

/// Steps of a ticket: `/tickets/{ticket_id}/steps/{id}`.
fn steps() -> Model {
    let mut model = model("steps", "Step", &["ticket_id", "id"], KeyOrigin::Server);
    model.fields = vec![
        field("ticket_id", FieldType::Int64).in_path(),
        field("id", FieldType::Int64).server_only(),
        field("title", FieldType::Text),
    ];
    model.references = vec![("ticket_id".into(), "tickets".into())];
    crud(model, Method::Patch)
}

/// Remarks on a step, with keys of text: `/tickets/{ticket_id}/steps/{step_id}/remarks/{code}`.
fn remarks() -> Model {
    let mut model = model("remarks", "Remark", &["ticket_id", "step_id", "code"], KeyOrigin::Server);
    model.fields = vec![
        field("ticket_id", FieldType::Int64).in_path(),
        field("step_id", FieldType::Int64).in_path(),
        field("code", FieldType::Text).server_only(),
        field("text", FieldType::Text).nullable(),
    ];
    model.references = vec![("step_id".into(), "steps".into()), ("ticket_id".into(), "tickets".into())];
    crud(model, Method::Patch)
}

fn number(world: &mut World, statement: &str) -> i64 {
    world.value(statement).as_i64().expect("a number")
}

/// What the sync worker says once the server has answered.
fn has_made(world: &mut World, table: &str, temporary: impl ToString, key: i64) {
    world.exec(&format!(
        "INSERT INTO _made_keys (table_name, temporary_key, row_key, key) VALUES ('{table}', '{}', '{key}', '{key}')",
        temporary.to_string()
    ));
}

/// `[row_key, value]` of every entry of a model, in order.
fn entries(world: &mut World, model: &str) -> Value {
    let rows = world.rows(&format!("SELECT row_key, value FROM _changes WHERE table_name = '{model}' ORDER BY id"));
    let entry = |row: &crate::support::database::Row| {
        let key = row["row_key"].as_str().expect("text");
        json!([serde_json::from_str::<Value>(key).expect("JSON"), parsed(&row["value"])])
    };
    Value::Array(rows.iter().map(entry).collect())
}

pub fn the_parent_is_given_and_the_rest_made(world: &mut World) {
    world.load([models::tickets(), steps()]);
    world.refuses("INSERT INTO steps (title) VALUES ('a')", "23502", &["ticket_id"]);
    world.exec("INSERT INTO steps (ticket_id, title) VALUES (7, 'a')");
    let id = number(world, "SELECT id FROM steps");
    assert!(id < 0);
    assert_eq!(entries(world, "steps"), json!([[[7, id], { "ticket_id": 7, "id": id, "title": "a" }]]));
    world.exec("INSERT INTO steps (ticket_id, title) VALUES (7, 'b'), (8, 'c')");
    assert_eq!(number(world, "SELECT count(DISTINCT id) FROM steps"), 3);
    world.refuses("UPDATE steps SET ticket_id = 9 WHERE ticket_id = 8", "55000", &["ticket_id"]);
}

pub fn the_server_makes_its_part(world: &mut World) {
    world.load([models::tickets(), steps()]);
    world.exec("INSERT INTO steps (ticket_id, title) VALUES (7, 'a')");
    let write_id = world.write_id();
    let id = number(world, "SELECT id FROM steps");
    world.exec(&format!("UPDATE steps SET title = 'b' WHERE ticket_id = 7 AND id = {id}"));
    world.acknowledge(&write_id);
    has_made(world, "steps", id, 30);
    let update = json!([[7, 30], { "ticket_id": 7, "id": 30, "title": "b" }]);
    assert_eq!(entries(world, "steps")[1], update);
    assert_eq!(world.shown("steps", "ticket_id, id, title"), json!([{ "ticket_id": 7, "id": 30, "title": "b" }]));
    world.arrives("steps", json!({ "ticket_id": 7, "id": 30, "title": "a" }), Some(&write_id));
    assert_eq!(entries(world, "steps"), json!([update]));
    assert_eq!(world.shown("steps", "ticket_id, id, title"), json!([{ "ticket_id": 7, "id": 30, "title": "b" }]));
}

pub fn the_row_comes_before_the_answer(world: &mut World) {
    world.load([models::tickets(), steps()]);
    world.exec("INSERT INTO steps (ticket_id, title) VALUES (7, 'a')");
    let write_id = world.write_id();
    let id = number(world, "SELECT id FROM steps");
    world.exec(&format!("UPDATE steps SET title = 'b' WHERE ticket_id = 7 AND id = {id}"));
    world.arrives("steps", json!({ "ticket_id": 7, "id": 30, "title": "a" }), Some(&write_id));
    assert_eq!(entries(world, "steps"), json!([[[7, 30], { "ticket_id": 7, "id": 30, "title": "b" }]]));
    assert_eq!(world.shown("steps", "id, title"), json!([{ "id": 30, "title": "b" }]));
}

pub fn the_parents_key_is_temporary_too(world: &mut World) {
    world.load([models::tickets(), steps(), remarks()]);
    world.exec("INSERT INTO tickets (title) VALUES ('t')");
    let ticket = number(world, "SELECT id FROM tickets");
    world.exec(&format!("INSERT INTO steps (ticket_id, title) VALUES ({ticket}, 'a')"));
    let step = number(world, "SELECT id FROM steps");
    world.exec(&format!("INSERT INTO remarks (ticket_id, step_id, text) VALUES ({ticket}, {step}, 'r')"));
    world.exec(&format!("UPDATE remarks SET text = 's' WHERE ticket_id = {ticket}"));
    let code = world.value("SELECT code FROM remarks");
    has_made(world, "tickets", ticket, 7);
    assert_eq!(entries(world, "steps"), json!([[[7, step], { "ticket_id": 7, "id": step, "title": "a" }]]));
    assert_eq!(entries(world, "remarks")[1][0], json!([7, step, code]));
    has_made(world, "steps", step, 30);
    assert_eq!(entries(world, "steps"), json!([[[7, 30], { "ticket_id": 7, "id": 30, "title": "a" }]]));
    assert_eq!(entries(world, "remarks")[1], json!([[7, 30, code], { "ticket_id": 7, "step_id": 30, "code": code, "text": "s" }]));
    assert_eq!(
        world.shown("remarks", "ticket_id, step_id, text"),
        json!([{ "ticket_id": 7, "step_id": 30, "text": "s" }])
    );
    assert_eq!(world.count("remarks_local"), 1);
    // A form that was open all the while still has the temporary keys.
    world.exec(&format!("INSERT INTO remarks (ticket_id, step_id, text) VALUES ({ticket}, {step}, 'late')"));
    assert_eq!(world.count("remarks WHERE ticket_id = 7 AND step_id = 30"), 2);
}

pub fn keys_that_repeat_for_each_parent(world: &mut World) {
    world.load([models::tickets(), steps()]);
    world.arrives("steps", json!({ "ticket_id": 7, "id": 1, "title": "a" }), None);
    world.arrives("steps", json!({ "ticket_id": 8, "id": 1, "title": "b" }), None);
    world.exec("UPDATE steps SET title = 'c' WHERE ticket_id = 8 AND id = 1");
    world.exec("DELETE FROM steps WHERE ticket_id = 7 AND id = 1");
    assert_eq!(world.shown("steps", "ticket_id, title"), json!([{ "ticket_id": 8, "title": "c" }]));
    world.exec("INSERT INTO steps (ticket_id, title) VALUES (7, 'd'), (8, 'e')");
    let [seven, eight] = [7, 8].map(|ticket| number(world, &format!("SELECT min(id) FROM steps WHERE ticket_id = {ticket}")));
    has_made(world, "steps", seven, 2);
    has_made(world, "steps", eight, 2);
    let shown = json!([{ "title": "c", "ticket_id": 8, "id": 1 }, { "title": "d", "ticket_id": 7, "id": 2 }, { "title": "e", "ticket_id": 8, "id": 2 }]);
    assert_eq!(world.shown("steps", "title, ticket_id, id"), shown);
}

pub fn a_rejected_row_with_the_same_key_stays_apart(world: &mut World) {
    world.load([models::tickets(), steps()]);
    world.exec("INSERT INTO steps (ticket_id, id, title) VALUES (7, -900, 'a')");
    let rejected = world.write_id();
    world.reject(&rejected);
    world.exec("INSERT INTO steps (ticket_id, id, title) VALUES (7, -900, 'b')");
    has_made(world, "steps", -900, 30);
    let kept = json!([
        [[7, -900], { "ticket_id": 7, "id": -900, "title": "a" }],
        [[7, 30], { "ticket_id": 7, "id": 30, "title": "b" }],
    ]);
    assert_eq!(entries(world, "steps"), kept);
}
