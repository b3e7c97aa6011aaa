//! Keys that the server makes, in the entries of the row and in those that refer to it.

use serde_json::{Value, json};
use sync_patterns::model::{FieldType, KeyOrigin, Method, Model};
use sync_patterns::names::sql::literal;

use crate::support::models::{self, FieldBuilder, crud, field, model};
use crate::sql::contract::world::World;

/// Tasks of a project, with keys that the server makes. A task may be part of another.
fn tasks() -> Model {
    let mut model = model("tasks", "Task", &["id"], KeyOrigin::Server);
    model.fields = vec![
        field("id", FieldType::Int32).server_only(),
        field("title", FieldType::Text).nullable(),
        field("ticket_id", FieldType::Int64).nullable(),
        field("parent_id", FieldType::Int32).nullable(),
    ];
    model.references = vec![("parent_id".into(), "tasks".into()), ("ticket_id".into(), "tickets".into())];
    crud(model, Method::Patch)
}

/// One row for each ticket, with the ticket's key.
fn summaries() -> Model {
    let mut model = model("summaries", "Summary", &["ticket_id"], KeyOrigin::Given);
    model.fields = vec![field("text", FieldType::Text).nullable(), field("ticket_id", FieldType::Int64)];
    model.references = vec![("ticket_id".into(), "tickets".into())];
    crud(model, Method::Patch)
}

/// Who watches which ticket.
fn watchers() -> Model {
    let mut model = model("watchers", "Watcher", &["person", "ticket_id"], KeyOrigin::Given);
    model.fields = vec![
        field("ticket_id", FieldType::Int64),
        field("person", FieldType::Text),
        field("note", FieldType::Text).nullable(),
    ];
    model.references = vec![("ticket_id".into(), "tickets".into())];
    crud(model, Method::Patch)
}

/// A ticket that was written offline: its temporary key, and the write_id of its insert.
fn new_ticket(world: &mut World) -> (i64, String) {
    world.exec("INSERT INTO tickets (title) VALUES ('a')");
    let write_id = world.write_id();
    let key = world.value(&format!("SELECT row_key FROM _changes WHERE write_id = '{write_id}'"));
    (key.as_str().and_then(|key| key.parse().ok()).expect("a number"), write_id)
}

/// What the sync worker says once the server has answered.
fn has_made(world: &mut World, table: &str, temporary_key: impl ToString, key: &Value) {
    let row_key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
    let [table, temporary_key, row_key, key] = [table.to_owned(), temporary_key.to_string(), row_key, key.to_string()]
        .map(|text| literal(&text));
    world.exec(&format!(
        "INSERT INTO _made_keys (table_name, temporary_key, row_key, key)
         VALUES ({table}, {temporary_key}, {row_key}, {key}) ON CONFLICT DO NOTHING"
    ));
}

fn ticket(world: &mut World, id: i64, write_id: &str) {
    world.arrives("tickets", json!({ "id": id, "title": "a", "priority": 3, "status": "new" }), Some(write_id));
}

/// `[table, row_key, value]` of every entry, in order.
fn entries(world: &mut World) -> Value {
    let rows = world.rows("SELECT table_name, row_key, value FROM _changes ORDER BY id");
    let entries = rows.iter().map(|row| json!([row["table_name"], row["row_key"], crate::sql::contract::world::parsed(&row["value"])]));
    Value::Array(entries.collect())
}

pub fn children_of_two_models(world: &mut World) {
    world.load([models::tickets(), models::documents(), tasks()]);
    let (key, write_id) = new_ticket(world);
    let (other, _) = new_ticket(world);
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('d', 't', {key})"));
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('e', 't', {other})"));
    world.exec(&format!("UPDATE documents SET ticket_id = {key} WHERE slug = 'e'"));
    world.exec(&format!("INSERT INTO tasks (id, ticket_id) VALUES (-9, {key})"));
    world.exec("DELETE FROM documents WHERE slug = 'd'");
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('d', 't', {key})"));
    world.acknowledge(&write_id);
    has_made(world, "tickets", key, &json!(7));
    assert_eq!(
        entries(world),
        json!([
            ["tickets", "7", { "id": 7, "title": "a", "priority": 3 }],
            ["tickets", other.to_string(), { "id": other, "title": "a", "priority": 3 }],
            ["documents", "e", { "slug": "e", "title": "t", "ticket_id": other }],
            ["documents", "e", { "slug": "e", "ticket_id": 7 }],
            ["tasks", "-9", { "id": -9, "ticket_id": 7 }],
            ["documents", "d", { "slug": "d", "title": "t", "ticket_id": 7 }],
        ])
    );
    let shown = json!([{ "slug": "d", "ticket_id": 7 }, { "slug": "e", "ticket_id": 7 }]);
    assert_eq!(world.shown("documents", "slug, ticket_id"), shown);
    assert_eq!(world.shown("tasks", "id, ticket_id"), json!([{ "id": -9, "ticket_id": 7 }]));
    assert_eq!(world.shown("tickets", "id"), json!([{ "id": other }, { "id": 7 }]));
    ticket(world, 7, &write_id);
    assert_eq!(world.count("tickets_local"), 1);
}

pub fn rejected_children(world: &mut World) {
    world.load([models::tickets(), models::documents()]);
    let (key, write_id) = new_ticket(world);
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('d', 't', {key})"));
    let child = world.write_id();
    world.reject(&child);
    // By the stream this time.
    ticket(world, 7, &write_id);
    assert_eq!(entries(world), json!([["documents", "d", { "slug": "d", "title": "t", "ticket_id": 7 }]]));
    world.send_again(&[&child]);
    assert_eq!(world.shown("documents", "slug, ticket_id"), json!([{ "slug": "d", "ticket_id": 7 }]));
}

pub fn a_child_within_the_model(world: &mut World) {
    world.load([tasks(), models::tickets()]);
    world.exec("INSERT INTO tasks (title) VALUES ('whole')");
    let key = world.value("SELECT id FROM tasks").as_i64().expect("a number");
    world.exec(&format!("INSERT INTO tasks (title, parent_id) VALUES ('part', {key})"));
    let part = world.value("SELECT id FROM tasks WHERE title = 'part'").as_i64().expect("a number");
    world.exec(&format!("UPDATE tasks SET parent_id = {key} WHERE id = {key}"));
    has_made(world, "tasks", key, &json!(7));
    assert_eq!(
        entries(world),
        json!([
            ["tasks", "7", { "id": 7, "title": "whole" }],
            ["tasks", part.to_string(), { "id": part, "title": "part", "parent_id": 7 }],
            ["tasks", "7", { "id": 7, "parent_id": 7 }],
        ])
    );
    has_made(world, "tasks", part, &json!(8));
    let rows = json!([{ "id": 7, "parent_id": 7 }, { "id": 8, "parent_id": 7 }]);
    assert_eq!(world.shown("tasks", "id, parent_id"), rows);
    assert_eq!(world.count("tasks_local"), 2);
}

pub fn a_child_whose_key_holds_the_parents(world: &mut World) {
    world.load([models::tickets(), summaries()]);
    let (key, _) = new_ticket(world);
    world.exec(&format!("INSERT INTO summaries (ticket_id, text) VALUES ({key}, 's')"));
    world.exec("UPDATE summaries SET text = 't'");
    has_made(world, "tickets", key, &json!(7));
    assert_eq!(world.log_column("row_key"), ["7", "7", "7"]);
    assert_eq!(world.shown("summaries", "ticket_id, text"), json!([{ "ticket_id": 7, "text": "t" }]));
    assert_eq!(world.count("summaries_local"), 1);
}

pub fn a_key_of_two_columns_that_holds_the_parents(world: &mut World) {
    world.load([models::tickets(), watchers()]);
    let (key, _) = new_ticket(world);
    world.exec(&format!("INSERT INTO watchers (person, ticket_id) VALUES ('it''s \"me\"', {key}), ('you', 7)"));
    world.exec(&format!("UPDATE watchers SET note = 'n' WHERE ticket_id = {key}"));
    has_made(world, "tickets", key, &json!(9_007_199_254_740_993_i64));
    let (mine, yours) = (r#"["it's \"me\"",9007199254740993]"#, r#"["you",7]"#);
    assert_eq!(world.log_column("row_key"), ["9007199254740993", mine, yours, mine]);
    let rows = json!([
        { "person": "it's \"me\"", "ticket_id": 9_007_199_254_740_993_i64, "note": "n" },
        { "person": "you", "ticket_id": 7, "note": null },
    ]);
    assert_eq!(world.shown("watchers", "person, ticket_id, note"), rows);
    // It is found by the key as it is written now.
    world.exec("UPDATE watchers SET note = 'm' WHERE person <> 'you'");
    assert_eq!(world.log_column("row_key")[4..], [mine]);
    assert_eq!(world.count("watchers_local"), 2);
}

pub fn text_keys(world: &mut World) {
    let mut pages = model("pages", "Page", &["id"], KeyOrigin::Client);
    pages.fields = vec![field("id", FieldType::Uuid).optional(), field("document", FieldType::Text).nullable()];
    pages.references = vec![("document".into(), "documents".into())];
    world.load([models::documents(), crud(pages, Method::Patch)]);
    world.exec("INSERT INTO documents (title) VALUES ('t')");
    let (key, write_id) = (world.value("SELECT slug FROM documents"), world.write_id());
    world.exec(&format!("INSERT INTO pages (document) VALUES ('{}'), ('other')", key.as_str().expect("text")));
    world.arrives("documents", json!({ "slug": "it's \"a\\b\" ü", "title": "t" }), Some(&write_id));
    let rows = json!([{ "document": "it's \"a\\b\" ü" }, { "document": "other" }]);
    assert_eq!(world.shown("pages", "document"), rows);
    world.exec("INSERT INTO documents (title) VALUES ('u')");
    let key = world.log_column("row_key").pop().expect("a key");
    has_made(world, "documents", key.as_str().expect("text"), &json!("7"));
    assert_eq!(world.shown_where("documents", "slug", "title = 'u'"), json!([{ "slug": "7" }]));
}

pub fn columns_that_only_look_alike(world: &mut World) {
    world.load([models::tickets(), tasks()]);
    let (key, _) = new_ticket(world);
    world.exec(&format!("INSERT INTO tasks (id, title, parent_id) VALUES ({key}, '{key}', {key})"));
    world.exec(&format!("UPDATE tickets SET title = '{key}', priority = {key}"));
    has_made(world, "tickets", key, &json!(7));
    let text = key.to_string();
    assert_eq!(
        entries(world),
        json!([
            ["tickets", "7", { "id": 7, "title": "a", "priority": 3 }],
            ["tasks", text, { "id": key, "title": text, "parent_id": key }],
            ["tickets", "7", { "id": 7, "title": text, "priority": key }],
        ])
    );
}

pub fn names_with_quotes(world: &mut World) {
    let mut notes = model("order", "Order", &["id"], KeyOrigin::Client);
    notes.fields = vec![
        field("id", FieldType::Uuid).optional(),
        field("a\"b", FieldType::Int64).nullable(),
        field("it's", FieldType::Int64).nullable(),
    ];
    notes.references = vec![("a\"b".into(), "tickets".into()), ("it's".into(), "tickets".into())];
    world.load([models::tickets(), crud(notes, Method::Patch)]);
    let (key, _) = new_ticket(world);
    world.exec(&format!("INSERT INTO \"order\" (\"a\"\"b\", \"it's\") VALUES ({key}, {key})"));
    has_made(world, "tickets", key, &json!(7));
    assert_eq!(world.shown("order", "\"a\"\"b\", \"it's\""), json!([{ "a\"b": 7, "it's": 7 }]));
    world.exec(&format!("UPDATE \"order\" SET \"a\"\"b\" = 3, \"it's\" = {key}"));
    assert_eq!(world.shown("order", "\"a\"\"b\", \"it's\""), json!([{ "a\"b": 3, "it's": 7 }]));
}

pub fn told_twice(world: &mut World) {
    world.load([models::tickets(), models::documents()]);
    let (key, write_id) = new_ticket(world);
    world.exec("UPDATE tickets SET title = 'b'");
    // The stream is quicker than the answer.
    ticket(world, 7, &write_id);
    has_made(world, "tickets", key, &json!(7));
    world.acknowledge(&write_id);
    assert_eq!(entries(world), json!([["tickets", "7", { "id": 7, "title": "b" }]]));
    let made = world.rows("SELECT table_name, temporary_key, row_key, key FROM _made_keys");
    let expected = json!({ "table_name": "tickets", "temporary_key": key.to_string(), "row_key": "7", "key": "7" });
    assert_eq!(json!(made), json!([expected]));
    // And once more, the other way round.
    let (key, write_id) = new_ticket(world);
    has_made(world, "tickets", key, &json!(8));
    ticket(world, 8, &write_id);
    assert_eq!(world.count("_made_keys"), 2);
    assert_eq!(world.shown("tickets", "id, title"), json!([{ "id": 7, "title": "b" }, { "id": 8, "title": "a" }]));
}

pub fn several_at_once(world: &mut World) {
    world.load([models::tickets(), models::documents()]);
    world.exec("INSERT INTO tickets (title) VALUES ('a'), ('b'), ('c')");
    world.exec(
        "INSERT INTO documents (slug, title, ticket_id) SELECT title, title, id FROM tickets WHERE title <> 'b'",
    );
    world.exec(
        "INSERT INTO tickets_synced (id, title, priority, status, opened_on, write_id)
         SELECT 100 + row_number() OVER (ORDER BY c.id), 'x', 3, 'new', '2024-01-01', c.write_id
         FROM _changes AS c WHERE c.table_name = 'tickets'",
    );
    assert_eq!(world.shown("tickets", "id"), json!([{ "id": 101 }, { "id": 102 }, { "id": 103 }]));
    assert_eq!(
        world.shown("documents", "slug, ticket_id"),
        json!([{ "slug": "a", "ticket_id": 101 }, { "slug": "c", "ticket_id": 103 }])
    );
    assert_eq!(world.count("tickets_local"), 0);
}

pub fn entries_before_the_insert_are_another_rows(world: &mut World) {
    world.load([models::tickets()]);
    // The application makes the temporary keys itself, and always the same.
    world.exec("INSERT INTO tickets (id, title) VALUES (0, 'refused')");
    let first = world.write_id();
    world.reject(&first);
    world.exec("INSERT INTO tickets (id, title) VALUES (0, 'taken')");
    let second = world.write_id();
    ticket(world, 7, &second);
    assert_eq!(entries(world), json!([["tickets", "0", { "id": 0, "title": "refused", "priority": 3 }]]));
}

pub fn a_temporary_key_used_again(world: &mut World) {
    world.load([models::tickets(), models::documents()]);
    for key in [7, 8] {
        world.exec("INSERT INTO tickets (id, title) VALUES (0, 'a')");
        let write_id = world.write_id();
        world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('{key}', 't', 0)"));
        world.exec("UPDATE tickets SET title = 'b' WHERE id = 0");
        ticket(world, key, &write_id);
    }
    assert_eq!(world.shown("tickets", "id, title"), json!([{ "id": 7, "title": "b" }, { "id": 8, "title": "b" }]));
    let rows = json!([{ "slug": "7", "ticket_id": 7 }, { "slug": "8", "ticket_id": 8 }]);
    assert_eq!(world.shown("documents", "slug, ticket_id"), rows);
}

pub fn a_later_write_with_the_temporary_key(world: &mut World) {
    world.load([models::tickets(), models::documents(), watchers()]);
    let (key, write_id) = new_ticket(world);
    ticket(world, 7, &write_id);
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('d', 't', {key}), ('e', 't', 3)"));
    world.exec(&format!("UPDATE documents SET ticket_id = {key} WHERE slug = 'e'"));
    world.exec(&format!("UPDATE documents SET ticket_id = {key} WHERE slug = 'e'"));
    world.exec(&format!("INSERT INTO watchers (person, ticket_id) VALUES ('me', {key})"));
    assert_eq!(
        entries(world),
        json!([
            ["documents", "d", { "slug": "d", "title": "t", "ticket_id": 7 }],
            ["documents", "e", { "slug": "e", "title": "t", "ticket_id": 3 }],
            ["documents", "e", { "slug": "e", "ticket_id": 7 }],
            ["watchers", "[\"me\",7]", { "person": "me", "ticket_id": 7 }],
        ])
    );
    world.refuses(&format!("INSERT INTO watchers (person, ticket_id) VALUES ('me', {key})"), "23505", &["watchers"]);
}

pub fn kept_when_the_schema_is_made_again(world: &mut World) {
    world.load([models::tickets(), models::documents()]);
    let (key, write_id) = new_ticket(world);
    has_made(world, "tickets", key, &json!(7));
    let (other, _) = new_ticket(world);
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('d', 't', {other})"));
    world.drop_all();
    world.load_again();
    ticket(world, 7, &write_id);
    has_made(world, "tickets", other, &json!(8));
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('e', 't', {key})"));
    let rows = json!([{ "slug": "d", "ticket_id": 8 }, { "slug": "e", "ticket_id": 7 }]);
    assert_eq!(world.shown("documents", "slug, ticket_id"), rows);
}

/// As a backend does that marks all rows of a transaction with one write.
pub fn a_write_that_another_row_shows_too(world: &mut World) {
    world.load([models::tickets(), models::documents()]);
    ticket(world, 7, "another");
    for (at_once, id) in [(false, 8), (true, 9)] {
        let (key, write_id) = new_ticket(world);
        world.acknowledge(&write_id);
        has_made(world, "tickets", key, &json!(id));
        world.exec(&format!("UPDATE tickets SET title = 'b' WHERE id = {id}"));
        world.exec(&format!("DELETE FROM tickets WHERE id = {id}"));
        let later = entries(world).as_array().expect("entries")[1..].to_vec();
        if at_once {
            ticket(world, id, "another");
            world.exec(&format!("UPDATE tickets_synced SET write_id = '{write_id}'"));
        } else {
            ticket(world, 7, &write_id);
            ticket(world, id, &write_id);
        }
        assert_eq!(entries(world), Value::Array(later));
        assert_eq!(world.shown("tickets", "id"), json!([{ "id": 7 }]));
        assert_eq!(world.value(&format!("SELECT row_key FROM _made_keys WHERE temporary_key = '{key}'")), id.to_string());
        world.exec("DELETE FROM _changes; DELETE FROM tickets_synced WHERE id <> 7");
    }
    assert_eq!(world.count("_made_keys"), 2);
}

/// What brings a log of version 1 to version 3, with everything else made again.
pub fn the_log_of_version_1(world: &mut World) {
    world.load([models::tickets(), models::documents()]);
    new_ticket(world);
    world.drop_all();
    world.exec("DROP TABLE _made_keys");
    let log = if world.is_pglite() { "_changes" } else { "_changes_log" };
    for column in ["sent_with", "txid", "user_id", "base", "edited_at", "place"] {
        world.exec(&format!("ALTER TABLE {log} DROP COLUMN {column}"));
    }
    for column in ["sent_with", "txid", "user_id", "base", "edited_at", "place"] {
        world.exec(&format!("ALTER TABLE {log} ADD COLUMN {column} TEXT"));
    }
    world.load_again();
    assert_eq!(world.shown("tickets", "title"), json!([{ "title": "a" }]));
    let key = world.value("SELECT id FROM tickets");
    world.exec("UPDATE _changes SET sent_with = 'w', txid = '7'");
    assert_eq!(world.log_column("txid"), ["7"]);
    has_made(world, "tickets", key, &json!(7));
    assert_eq!(world.shown("tickets", "id"), json!([{ "id": 7 }]));
}
