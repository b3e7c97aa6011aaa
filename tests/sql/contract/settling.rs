//! Rows that come back from the server, and what they end.

use serde_json::json;

use crate::support::models;
use crate::sql::contract::world::{ADA, BOB, CONTACT, World, seen};

pub fn there_and_back_before_the_first_echo(world: &mut World) {
    world.contacts();
    world.contact(ADA, "A", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    world.exec("UPDATE contacts SET first_name = 'A'");
    let write_ids = world.write_ids();
    world.acknowledge(&write_ids[0]);
    world.contact(ADA, "B", None, Some(&write_ids[0]));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "A", None, true)]));
    world.acknowledge(&write_ids[1]);
    world.contact(ADA, "A", None, Some(&write_ids[1]));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "A", None, false)]));
    assert!(world.is_settled("contacts"));
}

pub fn a_foreign_edit_of_another_column(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", Some("old@x"), None);
    world.exec("UPDATE contacts SET email = 'mine@x'");
    let first = world.write_id();
    world.contact(ADA, "Adele", Some("old@x"), Some("someone-else"));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Adele", Some("mine@x"), true)]));
    world.exec("UPDATE contacts SET last_name = 'M'");
    world.acknowledge(&first);
    world.contact(ADA, "Adele", Some("mine@x"), Some(&first));
    assert_eq!(world.log(), json!([["update", { "id": ADA, "last_name": "M" }, "pending"]]));
    assert_eq!(world.changed_columns("contacts"), [["last_name"]]);
    world.contact(ADA, "Adelheid", Some("theirs@x"), Some("someone-else"));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Adelheid", Some("theirs@x"), true)]));
    assert_eq!(world.shown("contacts", "last_name"), json!([{ "last_name": "M" }]));
}

pub fn a_foreign_write_to_the_same_column(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'Mine'");
    world.contact(ADA, "Theirs", None, Some("someone-else"));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Mine", None, true)]));
    let write_id = world.write_id();
    world.reject(&write_id);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Theirs", None, false)]));
}

pub fn the_first_of_two_writes_comes_back(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", Some("a@x"), None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    world.exec("UPDATE contacts SET last_name = 'M'");
    let first = world.write_ids()[0].clone();
    world.acknowledge(&first);
    world.contact(ADA, "B", Some("server@x"), Some(&first));
    assert_eq!(world.log_column("status"), ["pending"]);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "B", Some("server@x"), true)]));
    assert_eq!(world.shown("contacts", "last_name"), json!([{ "last_name": "M" }]));
    let second = world.write_id();
    assert_eq!(world.value("SELECT _pending_write_id FROM contacts"), json!(second));
}

pub fn an_acknowledgement_changes_nothing_to_see(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    let before = (world.rows("SELECT * FROM contacts"), world.rows("SELECT * FROM contacts_local"));
    let write_id = world.write_id();
    world.acknowledge(&write_id);
    assert_eq!(world.log_column("status"), ["acknowledged"]);
    assert_eq!((world.rows("SELECT * FROM contacts"), world.rows("SELECT * FROM contacts_local")), before);
}

pub fn an_echo_may_come_before_the_acknowledgement(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    let write_id = world.write_id();
    world.contact(ADA, "B", None, Some(&write_id));
    assert!(world.is_settled("contacts"));
    world.acknowledge(&write_id);
    assert!(world.is_settled("contacts"));
}

pub fn an_overtaken_acknowledged_write_settles_with_a_later_one(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.contact(BOB, "Bob", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    world.exec(&format!("UPDATE contacts SET email = 'b@x' WHERE id = '{ADA}'"));
    let write_ids = world.write_ids();
    world.acknowledge(&write_ids[0]);
    world.acknowledge(&write_ids[1]);
    world.acknowledge(&write_ids[2]);
    // The stream shows only the later write; that of the other row hasn't come yet.
    world.contact(ADA, "B", Some("b@x"), Some(&write_ids[2]));
    assert_eq!(world.log_column("row_key"), [BOB]);
    let shown = world.shown("contacts", CONTACT);
    assert_eq!(shown, json!([seen(ADA, "B", Some("b@x"), false), seen(BOB, "B", None, true)]));
}

pub fn the_sync_layer_settles_what_never_comes_back(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    let write_id = world.write_id();
    world.acknowledge(&write_id);
    // Another client has written before the stream delivered ours.
    world.contact(ADA, "C", None, Some("someone-else"));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "B", None, true)]));
    world.exec("DELETE FROM _changes WHERE status = 'acknowledged'");
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "C", None, false)]));
    assert!(world.is_settled("contacts"));
}

pub fn many_echoes_in_one_statement(world: &mut World) {
    world.load([models::countries()]);
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)";
    world.exec(&format!(
        "{numbers} INSERT INTO countries (name, code) SELECT 'n', CAST(i AS TEXT) FROM n;
         UPDATE countries SET population = 1 WHERE code = '7';"
    ));
    world.exec("UPDATE _changes SET status = 'acknowledged', attempts = 1 WHERE operation = 'insert'");
    world.exec(
        "INSERT INTO countries_synced (name, code, write_id)
         SELECT 'server', row_key, write_id FROM _changes WHERE operation = 'insert'",
    );
    assert_eq!(world.log_column("row_key"), ["7"]);
    assert_eq!(world.count("countries WHERE name = 'server'"), 1000);
    assert_eq!(world.count("countries WHERE population = 1"), 1);
}

pub fn an_echo_by_update(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    let write_id = world.write_id();
    world.exec(&format!("UPDATE contacts_synced SET first_name = 'B', write_id = '{write_id}' WHERE id = '{ADA}'"));
    assert!(world.is_settled("contacts"));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "B", None, false)]));
}

pub fn the_write_id_of_another_model_settles_nothing(world: &mut World) {
    world.load([models::wildcard("user_notes"), models::wildcard("userxnotes")]);
    world.exec(&format!("INSERT INTO user_notes (id, text) VALUES ('{ADA}', 'a')"));
    let write_id = world.write_id();
    // A server may stamp every row that it touches for a request.
    world.arrives("userxnotes", json!({ "id": ADA, "text": "b" }), Some(&write_id));
    assert_eq!(world.log_column("status"), ["pending"]);
    assert_eq!(world.shown("user_notes", "text"), json!([{ "text": "a" }]));
}

pub fn a_settled_delete(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("DELETE FROM contacts");
    let write_id = world.write_id();
    world.acknowledge(&write_id);
    assert_eq!(world.shown("contacts", CONTACT), json!([]));
    world.leaves("contacts", "TRUE");
    assert!(world.is_settled("contacts"));
}

pub fn a_row_deleted_by_the_server_shows_no_phantom(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    world.leaves("contacts", "TRUE");
    assert_eq!(world.shown("contacts", CONTACT), json!([]));
    assert_eq!(world.count("contacts_local"), 0);
    assert_eq!(world.log(), json!([["update", { "id": ADA, "first_name": "B" }, "pending"]]));
    let write_id = world.write_id();
    world.reject(&write_id);
    assert_eq!(world.log_column("error"), ["no"]);
    assert_eq!(world.shown("contacts", CONTACT), json!([]));
}

pub fn a_row_deleted_by_the_server_settles_what_it_has_taken(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    let write_id = world.write_id();
    world.acknowledge(&write_id);
    world.exec("UPDATE contacts SET email = 'b@x'");
    world.leaves("contacts", "TRUE");
    assert_eq!(world.log(), json!([["update", { "id": ADA, "email": "b@x" }, "pending"]]));
    // Back again, the row takes the edit that is still to be sent.
    world.contact(ADA, "Ada", None, None);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", Some("b@x"), true)]));
}

pub fn an_update_is_not_sent_as_an_insert_after_a_delete(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", Some("a@x"), None);
    world.exec("UPDATE contacts SET email = 'mine@x'");
    world.leaves("contacts", "TRUE");
    // The row that is made now starts from nothing; the update before it had none to change.
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'New', 'L')"));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "New", None, true)]));
    assert_eq!(world.log_column("operation"), ["update", "insert"]);
    // Over the server's row, both count; changed is what was set since the insert.
    world.contact(ADA, "Server", Some("server@x"), None);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "New", Some("mine@x"), true)]));
    assert_eq!(world.changed_columns("contacts"), [["first_name", "last_name"]]);
}

pub fn an_insert_over_a_row_that_has_arrived(world: &mut World) {
    world.contacts();
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Mine', 'L')"));
    world.contact(ADA, "Theirs", Some("theirs@x"), Some("someone-else"));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Mine", Some("theirs@x"), true)]));
    // Taking back the insert isn't enough to delete the row now.
    world.exec("DELETE FROM contacts");
    assert_eq!(world.log(), json!([["delete", { "id": ADA }, "pending"]]));
    assert_eq!(world.shown("contacts", CONTACT), json!([]));
}
