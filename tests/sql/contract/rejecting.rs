//! Writes that the API refuses for good, and what the application does with them.

use serde_json::json;

use crate::support::models;
use crate::sql::contract::world::{ADA, BOB, CAT, CONTACT, World, seen};

pub fn one_of_two_independent_updates(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    world.exec("UPDATE contacts SET email = 'b@x'");
    let first = world.write_ids()[0].clone();
    world.reject(&first);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", Some("b@x"), true)]));
    assert_eq!(world.log_column("status"), ["rejected", "pending"]);
    assert_eq!(world.log_column("error"), [json!("no"), json!(null)]);
    assert_eq!(world.changed_columns("contacts"), [["email"]]);
}

pub fn an_insert_with_later_updates(world: &mut World) {
    world.contacts();
    world.contact(BOB, "Bob", None, None);
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')"));
    world.exec("UPDATE contacts SET email = 'x@x'");
    let insert = world.write_ids()[0].clone();
    world.reject(&insert);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(BOB, "Bob", Some("x@x"), true)]));
    let rows = world.rows("SELECT row_key, status, rejected_with FROM _changes ORDER BY id");
    let mut entries = rows.iter().map(|row| json!([row["row_key"], row["status"], row["rejected_with"]]));
    assert_eq!(entries.next(), Some(json!([ADA, "rejected", null])));
    let mut rest: Vec<_> = entries.collect();
    rest.sort_by_key(ToString::to_string);
    assert_eq!(rest, [json!([ADA, "rejected", insert]), json!([BOB, "pending", null])]);
}

pub fn an_insert_takes_nothing_of_the_next_one(world: &mut World) {
    world.contacts();
    let insert = format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')");
    world.exec(&insert);
    world.exec("UPDATE _changes SET attempts = 1");
    world.exec("UPDATE contacts SET email = 'x@x'");
    world.exec("DELETE FROM contacts");
    world.exec(&insert);
    world.exec("UPDATE contacts SET email = 'y@x'");
    let first = world.write_ids()[0].clone();
    world.reject(&first);
    assert_eq!(world.log_column("status"), ["rejected", "rejected", "rejected", "pending", "pending"]);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", Some("y@x"), true)]));
}

pub fn a_delete(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("DELETE FROM contacts");
    let write_id = world.write_id();
    world.reject(&write_id);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", None, false)]));
    assert_eq!(world.count("contacts_local"), 0);
}

pub fn discarding(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    world.exec("UPDATE contacts SET email = 'b@x'");
    let write_ids = world.write_ids();
    world.reject(&write_ids[0]);
    world.exec("DELETE FROM _changes WHERE status = 'rejected'");
    assert_eq!(world.write_ids(), write_ids[1..]);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", Some("b@x"), true)]));
    // One that is still to be sent can be discarded as well.
    world.exec("DELETE FROM _changes");
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", None, false)]));
    assert!(world.is_settled("contacts"));
}

pub fn sending_again(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'B'");
    world.exec("UPDATE contacts SET first_name = 'C', email = 'c@x'");
    let (write_ids, ids) = (world.write_ids(), world.log_column("id"));
    let transaction_ids = world.log_column("transaction_id");
    world.reject(&write_ids[0]);
    world.send_again(&[&write_ids[0]]);
    let expected = json!([
        ["update", { "id": ADA, "first_name": "C", "email": "c@x" }, "pending"],
        ["update", { "id": ADA, "first_name": "B" }, "pending"],
    ]);
    assert_eq!(world.log(), expected);
    assert_eq!(world.write_ids()[0], write_ids[1]);
    assert!(!write_ids.contains(&world.write_id()));
    assert!(world.log_column("id")[1].as_i64() > ids[1].as_i64());
    assert_eq!(world.log_column("attempts"), [0, 0]);
    assert_eq!(world.log_column("error"), [json!(null), json!(null)]);
    assert_eq!(world.log_column("transaction_id")[1], transaction_ids[0]);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "B", Some("c@x"), true)]));
    let newest = world.write_id();
    assert_eq!(world.value("SELECT _pending_write_id FROM contacts"), json!(newest));
}

pub fn sending_a_group_again(world: &mut World) {
    world.contacts();
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')"));
    world.exec("UPDATE contacts SET email = 'a@x'");
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{BOB}', 'Bob', 'L')"));
    let write_ids = world.write_ids();
    world.reject(&write_ids[0]);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(BOB, "Bob", None, true)]));
    // Either of them brings both.
    world.send_again(&[&write_ids[1]]);
    assert_eq!(world.log_column("row_key"), [BOB, ADA, ADA]);
    assert_eq!(world.log_column("operation"), ["insert", "insert", "update"]);
    assert_eq!(world.log_column("status"), ["pending", "pending", "pending"]);
    assert_eq!(world.log_column("rejected_with"), [json!(null), json!(null), json!(null)]);
    let shown = world.shown("contacts", CONTACT);
    assert_eq!(shown, json!([seen(ADA, "Ada", Some("a@x"), true), seen(BOB, "Bob", None, true)]));
}

pub fn what_is_sent_again_stays_its_users(world: &mut World) {
    world.contacts();
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')"));
    world.exec("UPDATE contacts SET email = 'x@x'");
    let write_ids = world.write_ids();
    world.exec(&format!("UPDATE _changes SET user_id = 'ada' WHERE write_id = '{}'", write_ids[0]));
    world.reject(&write_ids[0]);
    world.send_again(&[&write_ids[0]]);
    assert_ne!(world.write_ids(), write_ids);
    assert_eq!(world.log_column("user_id"), [json!("ada"), json!(null)]);
}

pub fn sending_several_again_keeps_their_order(world: &mut World) {
    world.contacts();
    for (key, name) in [(BOB, "Bob"), (CAT, "Cat"), (ADA, "Ada")] {
        world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{key}', '{name}', 'L')"));
        world.exec(&format!("UPDATE contacts SET email = 'x@x' WHERE id = '{key}'"));
    }
    let write_ids = world.write_ids();
    for at in [4, 0, 2] {
        world.reject(&write_ids[at]);
    }
    let old = world.log_column("id");
    let all: Vec<&str> = write_ids.iter().rev().map(String::as_str).collect();
    world.send_again(&all);
    assert_eq!(world.log_column("row_key"), [BOB, BOB, CAT, CAT, ADA, ADA]);
    let operations = world.log_column("operation");
    assert_eq!(operations, ["insert", "update", "insert", "update", "insert", "update"]);
    // Each has moved once.
    let new = world.log_column("id");
    assert!(new[0].as_i64() > old[5].as_i64());
    assert_eq!(new[5].as_i64().unwrap() - new[0].as_i64().unwrap(), 5);
    assert_eq!(world.count("contacts WHERE email = 'x@x'"), 3);
}

pub fn sending_groups_again_keeps_the_order_of_all(world: &mut World) {
    world.contacts();
    for (key, name) in [(ADA, "Ada"), (BOB, "Bob")] {
        world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{key}', '{name}', 'L')"));
    }
    world.exec(&format!("UPDATE contacts SET email = 'x@x' WHERE id = '{ADA}'"));
    let write_ids = world.write_ids();
    world.reject(&write_ids[0]);
    world.reject(&write_ids[1]);
    world.send_again(&[&write_ids[0], &write_ids[1]]);
    assert_eq!(world.log_column("row_key"), [ADA, BOB, ADA]);
    assert_eq!(world.shown("contacts", CONTACT)[0], seen(ADA, "Ada", Some("x@x"), true));
    // Places that were set aside then say nothing of the next time.
    let write_ids = world.write_ids();
    world.reject(&write_ids[0]);
    world.reject(&write_ids[1]);
    world.exec("BEGIN");
    world.send_again(&[&write_ids[1]]);
    world.send_again(&[&write_ids[2]]);
    world.exec("COMMIT");
    assert_eq!(world.log_column("row_key"), [BOB, ADA, ADA]);
    assert_eq!(world.log_column("operation"), ["insert", "insert", "update"]);
    assert_eq!(world.log_column("status"), ["pending", "pending", "pending"]);
}

pub fn a_retried_entry_is_not_settled_by_a_later_echo(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET email = 'b@x'");
    world.exec("UPDATE contacts SET first_name = 'C'");
    let write_ids = world.write_ids();
    world.reject(&write_ids[0]);
    world.send_again(&[&write_ids[0]]);
    world.acknowledge(&write_ids[1]);
    world.contact(ADA, "C", None, Some(&write_ids[1]));
    assert_eq!(world.log(), json!([["update", { "id": ADA, "email": "b@x" }, "pending"]]));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "C", Some("b@x"), true)]));
}

pub fn many_rows_at_once(world: &mut World) {
    world.load([models::countries()]);
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)";
    world.exec(&format!("{numbers} INSERT INTO countries_synced (name, code) SELECT 'n', CAST(i AS TEXT) FROM n"));
    world.exec("UPDATE countries SET population = 5");
    world.exec("UPDATE _changes SET attempts = attempts + 1");
    world.exec("UPDATE _changes SET status = 'rejected', error = 'no'");
    assert_eq!(world.count("countries_local"), 0);
    assert_eq!(world.count("countries WHERE population IS NULL"), 500);
    let before = world.log_column("row_key");
    world.exec("UPDATE _changes SET status = 'pending'");
    assert_eq!(world.log_column("row_key"), before);
    assert_eq!(world.count("countries WHERE population = 5"), 500);
    world.exec("UPDATE _changes SET status = 'acknowledged'");
    assert_eq!(world.count("countries_local"), 500);
    world.exec("DELETE FROM _changes");
    assert!(world.is_settled("countries"));
}
