//! Keys of every kind, and those that the server makes.

use serde_json::json;

use crate::support::models;
use crate::sql::contract::world::World;

pub fn composite(world: &mut World) {
    world.load([models::memberships()]);
    let (org, number) = ("o\"1, ü", 9_007_199_254_740_993_i64);
    world.exec(&format!("INSERT INTO memberships (org_id, user_no) VALUES ('{org}', {number}), ('other', {number})"));
    // The key in the order of the key, not of the columns.
    assert_eq!(world.log_column("row_key")[0], json!(r#"["o\"1, ü",9007199254740993]"#));
    let write_id = world.write_ids()[0].clone();
    world.exec(&format!("UPDATE memberships SET role = 'admin' WHERE org_id = '{org}'"));
    let expected = json!(["update", { "org_id": org, "user_no": number, "role": "admin" }, "pending"]);
    assert_eq!(world.log()[2], expected);
    let columns = "org_id, user_no, role, _has_local_changes";
    let row = |org: &str, role: &str, local: bool| {
        json!({ "org_id": org, "user_no": number, "role": role, "_has_local_changes": local })
    };
    assert_eq!(world.shown("memberships", columns), json!([row(org, "admin", true), row("other", "member", true)]));
    world.arrives("memberships", json!({ "org_id": org, "user_no": number, "role": "x" }), Some(&write_id));
    assert_eq!(world.log_column("operation"), ["insert", "update"]);
    world.exec("DELETE FROM memberships");
    assert_eq!(world.log_column("operation"), ["update", "delete"]);
    assert_eq!(world.shown("memberships", columns), json!([]));
    world.leaves("memberships", "TRUE");
    world.exec("DELETE FROM _changes");
    assert!(world.is_settled("memberships"));
}

pub fn text(world: &mut World) {
    world.load([models::countries()]);
    for key in ["it''s", "a\"b", "%", "", " x ", "[\"a\",1]"] {
        world.exec(&format!("INSERT INTO countries (code, name) VALUES ('{key}', 'n')"));
        world.exec(&format!("UPDATE countries SET name = 'm' WHERE code = '{key}'"));
        let shown = world.shown_where("countries", "name, _has_local_changes", &format!("code = '{key}'"));
        assert_eq!(shown, json!([{ "name": "m", "_has_local_changes": true }]));
        world.refuses(&format!("INSERT INTO countries (code, name) VALUES ('{key}', 'n')"), "23505", &["countries"]);
        world.exec(&format!("DELETE FROM countries WHERE code = '{key}'"));
        assert!(world.is_settled("countries"));
    }
}

pub fn integers_made_by_the_server(world: &mut World) {
    world.load([models::tickets()]);
    world.exec("INSERT INTO tickets (title) VALUES ('a')");
    let key = world.value("SELECT id FROM tickets").as_i64().unwrap();
    assert!(key < 0);
    assert_eq!(world.log_column("row_key"), [json!(key.to_string())]);
    assert_eq!(world.log()[0][1], json!({ "id": key, "title": "a", "priority": 3 }));
    let write_id = world.write_id();
    world.arrives("tickets", json!({ "id": 7, "title": "a", "priority": 3, "status": "open" }), Some(&write_id));
    assert!(world.is_settled("tickets"));
    let columns = "id, title, _has_local_changes";
    assert_eq!(world.shown("tickets", columns), json!([{ "id": 7, "title": "a", "_has_local_changes": false }]));
    world.exec("UPDATE tickets SET title = 'b' WHERE id = 7");
    assert_eq!(world.log(), json!([["update", { "id": 7, "title": "b" }, "pending"]]));
}

pub fn temporary_keys_differ(world: &mut World) {
    world.load([models::tickets()]);
    world.exec("INSERT INTO tickets (title) VALUES ('a'), ('b'), ('c')");
    let used = world.log_column("row_key");
    world.exec("DELETE FROM tickets");
    world.exec("INSERT INTO tickets (title) VALUES ('d'), ('e')");
    let mut keys = [used, world.log_column("row_key")].concat();
    assert_eq!(keys.len(), 5);
    keys.sort_by_key(ToString::to_string);
    keys.dedup();
    assert_eq!(keys.len(), 5, "{keys:?}");
}

pub fn a_server_key_before_the_acknowledgement(world: &mut World) {
    world.load([models::tickets()]);
    world.exec("INSERT INTO tickets (title) VALUES ('a')");
    world.exec("UPDATE tickets SET title = 'b'");
    let write_id = world.write_ids()[0].clone();
    world.arrives("tickets", json!({ "id": 7, "title": "a", "priority": 3, "status": "new" }), Some(&write_id));
    assert_eq!(world.log(), json!([["update", { "id": 7, "title": "b" }, "pending"]]));
    assert_eq!(world.log_column("row_key"), ["7"]);
    let columns = "id, title, status, _has_local_changes";
    let row = json!({ "id": 7, "title": "b", "status": "new", "_has_local_changes": true });
    assert_eq!(world.shown("tickets", columns), json!([row]));
    assert_eq!(world.count("tickets_local"), 1);
}

pub fn a_server_key_takes_rejected_entries_along(world: &mut World) {
    world.load([models::tickets()]);
    world.exec("INSERT INTO tickets (title) VALUES ('a')");
    world.exec("UPDATE tickets SET title = 'b'");
    let write_ids = world.write_ids();
    world.acknowledge(&write_ids[0]);
    world.reject(&write_ids[1]);
    world.arrives("tickets", json!({ "id": 7, "title": "a", "priority": 3, "status": "new" }), Some(&write_ids[0]));
    assert_eq!(world.log(), json!([["update", { "id": 7, "title": "b" }, "rejected"]]));
    world.send_again(&[&write_ids[1]]);
    assert_eq!(world.shown("tickets", "id, title"), json!([{ "id": 7, "title": "b" }]));
}

pub fn the_worker_replaces_a_temporary_key(world: &mut World) {
    world.load([models::tickets(), models::documents()]);
    world.exec("INSERT INTO tickets (title) VALUES ('a')");
    let key = world.value("SELECT id FROM tickets").as_i64().unwrap();
    world.exec("UPDATE tickets SET title = 'b'");
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('d', 't', {key})"));
    let write_ids = world.write_ids();
    let [insert, update, child] = [
        r#"{"id": 7, "title": "a", "priority": 3}"#,
        r#"{"id": 7, "title": "b"}"#,
        r#"{"slug": "d", "title": "t", "ticket_id": 7}"#,
    ];
    world.exec(&format!(
        "BEGIN;
         UPDATE _changes SET status = 'acknowledged', attempts = 1 WHERE write_id = '{0}';
         UPDATE _changes SET row_key = '7', value = '{insert}' WHERE write_id = '{0}';
         UPDATE _changes SET row_key = '7', value = '{update}' WHERE write_id = '{1}';
         UPDATE _changes SET value = '{child}' WHERE write_id = '{2}';
         COMMIT;",
        write_ids[0], write_ids[1], write_ids[2]
    ));
    assert_eq!(world.shown("tickets", "id, title"), json!([{ "id": 7, "title": "b" }]));
    assert_eq!(world.shown("documents", "slug, ticket_id"), json!([{ "slug": "d", "ticket_id": 7 }]));
    assert_eq!(world.count("tickets_local"), 1);
    world.arrives("tickets", json!({ "id": 7, "title": "a", "priority": 3, "status": "new" }), Some(&write_ids[0]));
    assert_eq!(world.log_column("operation"), ["update", "insert"]);
    assert_eq!(world.shown("tickets", "id, title"), json!([{ "id": 7, "title": "b" }]));
}

pub fn text_made_by_the_server(world: &mut World) {
    world.load([models::documents()]);
    world.exec("INSERT INTO documents (title) VALUES ('t')");
    let key = world.value("SELECT slug FROM documents");
    assert_eq!(key.as_str().map(str::len), Some(36));
    let write_id = world.write_id();
    world.exec("DELETE FROM documents");
    assert!(world.is_settled("documents"));
    // Its echo, should it come after all, is a row like any other.
    world.arrives("documents", json!({ "slug": "s", "title": "t" }), Some(&write_id));
    assert_eq!(world.shown("documents", "slug, title"), json!([{ "slug": "s", "title": "t" }]));
}
