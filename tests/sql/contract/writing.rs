//! What a write through the view leaves in the log, and what the view shows then.

use serde_json::{Value, json};

use crate::support::models;
use crate::sql::contract::world::{ADA, BOB, CONTACT, World, seen};

pub fn an_insert_logs_the_key_and_what_is_set(world: &mut World) {
    world.contacts();
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')"));
    let value = json!({ "id": ADA, "first_name": "Ada", "last_name": "L" });
    assert_eq!(world.log(), json!([["insert", value, "pending"]]));
    let write_id = world.write_id();
    let row = world.rows("SELECT table_name, row_key, attempts, error, rejected_with FROM _changes");
    let expected = json!([
        { "table_name": "contacts", "row_key": ADA, "attempts": 0, "error": null, "rejected_with": null }
    ]);
    assert_eq!(json!(row), expected);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", None, true)]));
    assert_eq!(world.value("SELECT _pending_write_id FROM contacts"), json!(write_id));
    assert_eq!(world.changed_columns("contacts"), [["first_name", "last_name"]]);
}

pub fn a_key_is_made_where_none_is_given(world: &mut World) {
    world.contacts();
    world.exec("INSERT INTO contacts (first_name, last_name) VALUES ('Ada', 'L'), ('Bob', 'L')");
    let keys = world.log_column("row_key");
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    for key in &keys {
        let key = key.as_str().unwrap();
        assert_eq!(key.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{key}");
    }
    assert_eq!(world.log()[0][1]["id"], keys[0]);
    let shown = world.shown_where("contacts", "id, first_name", "first_name = 'Ada'");
    assert_eq!(shown, json!([{ "id": keys[0], "first_name": "Ada" }]));
}

pub fn omitted_columns_take_the_default(world: &mut World) {
    world.load([models::tickets()]);
    world.exec("INSERT INTO tickets (id, title) VALUES (1, 'a')");
    world.exec("INSERT INTO tickets (id, title, priority) VALUES (2, 'b', 0)");
    let log = world.log();
    assert_eq!(log[0][1], json!({ "id": 1, "title": "a", "priority": 3 }));
    assert_eq!(log[1][1], json!({ "id": 2, "title": "b", "priority": 0 }));
}

pub fn a_null_counts_as_omitted(world: &mut World) {
    world.load([models::tickets()]);
    world.exec("INSERT INTO tickets (id, title, body, priority, closed_at) VALUES (1, 'a', NULL, NULL, NULL)");
    assert_eq!(world.log()[0][1], json!({ "id": 1, "title": "a", "priority": 3 }));
}

pub fn what_only_the_server_sets_has_a_stand_in(world: &mut World) {
    world.load([models::tickets(), models::contacts()]);
    world.exec("INSERT INTO tickets (id, title) VALUES (1, 'a')");
    assert_eq!(world.shown("tickets", "status, closed_at"), json!([{ "status": "open", "closed_at": null }]));
    assert_eq!(world.count("tickets WHERE opened_on IS NULL"), 0);
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')"));
    let same = "contacts AS v JOIN _changes AS c ON c.table_name = 'contacts' AND v.created_at = c.created_at";
    assert_eq!(world.count(same), 1);
    // It stays what it was through later writes, and gives way to the server's value.
    world.exec("UPDATE contacts SET first_name = 'Adele'");
    assert_eq!(world.count(&format!("{same} WHERE c.operation = 'insert'")), 1);
    let write_id = world.write_ids()[1].clone();
    world.contact(ADA, "Ada", None, Some(&write_id));
    let time = world.value("SELECT created_at FROM contacts").as_str().unwrap().replace(' ', "T");
    assert!(time.starts_with("2024-05-06T07:08:09"), "{time}");
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Adele", None, true)]));
}

pub fn an_update_logs_what_differs(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", Some("a@x"), None);
    world.exec("UPDATE contacts SET first_name = 'Adele', last_name = 'L', email = 'a@x'");
    assert_eq!(world.log(), json!([["update", { "id": ADA, "first_name": "Adele" }, "pending"]]));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Adele", Some("a@x"), true)]));
    // What the view shows counts, not what the server has.
    world.exec("UPDATE contacts SET first_name = 'Ada'");
    assert_eq!(world.log()[1], json!(["update", { "id": ADA, "first_name": "Ada" }, "pending"]));
    assert_eq!(world.changed_columns("contacts"), [["first_name"]]);
}

pub fn clearing_a_column_is_logged(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", Some("a@x"), None);
    world.exec("UPDATE contacts SET email = NULL");
    assert_eq!(world.log(), json!([["update", { "id": ADA, "email": null }, "pending"]]));
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", None, true)]));
    // The server's next row, without the write, brings nothing back.
    world.contact(ADA, "Adele", Some("a@x"), None);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Adele", None, true)]));
}

pub fn an_update_that_changes_nothing_is_not_logged(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET first_name = 'Ada', email = NULL, id = id, created_at = created_at");
    world.exec(&format!("UPDATE contacts SET first_name = 'X' WHERE id = '{BOB}'"));
    assert!(world.is_settled("contacts"));
}

pub fn bookkeeping_columns_are_not_written(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET _has_local_changes = TRUE, _pending_write_id = 'x'");
    assert!(world.is_settled("contacts"));
    world.exec(&format!(
        "INSERT INTO contacts (id, first_name, last_name, _has_local_changes, _pending_write_id)
         VALUES ('{BOB}', 'Bob', 'L', FALSE, 'x')"
    ));
    assert_eq!(world.log()[0][1], json!({ "id": BOB, "first_name": "Bob", "last_name": "L" }));
    assert_eq!(world.shown("contacts", CONTACT)[1], seen(BOB, "Bob", None, true));
}

pub fn a_row_is_deleted_and_made_again(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", Some("a@x"), None);
    world.exec("DELETE FROM contacts");
    assert_eq!(world.shown("contacts", CONTACT), json!([]));
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'New', 'L')"));
    // The server's email is that of the row that was deleted.
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "New", None, true)]));
    let value = json!({ "id": ADA, "first_name": "New", "last_name": "L" });
    assert_eq!(world.log(), json!([["delete", { "id": ADA }, "pending"], ["insert", value, "pending"]]));
    world.contact(ADA, "Other", Some("b@x"), None);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "New", None, true)]));
    // Unsent, the new row is taken back; the delete of the server's stays.
    world.exec("DELETE FROM contacts");
    assert_eq!(world.log(), json!([["delete", { "id": ADA }, "pending"]]));
    assert_eq!(world.shown("contacts", CONTACT), json!([]));
}

pub fn a_local_row_is_deleted_and_made_again(world: &mut World) {
    world.contacts();
    let insert = format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')");
    world.exec(&insert);
    let write_id = world.write_id();
    world.acknowledge(&write_id);
    world.exec("DELETE FROM contacts");
    assert_eq!(world.shown("contacts", CONTACT), json!([]));
    world.exec(&insert);
    let operations = world.log_column("operation");
    assert_eq!(operations, ["insert", "delete", "insert"]);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", None, true)]));
}

pub fn a_row_that_was_never_sent_leaves_nothing(world: &mut World) {
    world.contacts();
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')"));
    world.exec("UPDATE contacts SET email = 'a@x'");
    world.exec("DELETE FROM contacts");
    assert!(world.is_settled("contacts"));
}

pub fn a_row_that_may_have_been_sent_is_deleted(world: &mut World) {
    world.contacts();
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'Ada', 'L')"));
    world.exec("UPDATE _changes SET attempts = 1");
    world.exec("DELETE FROM contacts");
    assert_eq!(world.log_column("operation"), ["insert", "delete"]);
    assert_eq!(world.shown("contacts", CONTACT), json!([]));
}

pub fn an_update_before_a_delete_stays(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET email = 'a@x'");
    world.exec("DELETE FROM contacts");
    assert_eq!(world.log_column("operation"), ["update", "delete"]);
    assert_eq!(world.changed_columns("contacts"), [Vec::<String>::new()]);
}

pub fn a_transaction_has_one_id(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    let begin = if world.is_pglite() { "BEGIN;" } else { "BEGIN; INSERT INTO _transaction VALUES ('t1');" };
    let end = if world.is_pglite() { "COMMIT;" } else { "DELETE FROM _transaction; COMMIT;" };
    world.exec(&format!(
        "{begin}
         UPDATE contacts SET email = 'a@x';
         INSERT INTO contacts (first_name, last_name) VALUES ('Bob', 'L');
         {end}
         UPDATE contacts SET first_name = 'C' WHERE id = '{ADA}';"
    ));
    world.exec(&format!("UPDATE contacts SET first_name = 'D' WHERE id = '{ADA}'"));
    let ids = world.log_column("transaction_id");
    assert_eq!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| !id.is_null()));
    assert!(ids[1] != ids[2] && ids[2] != ids[3] && ids[1] != ids[3], "{ids:?}");
    let order: Vec<i64> = world.log_column("id").iter().filter_map(Value::as_i64).collect();
    assert!(order.is_sorted());
    assert_eq!(world.count("_changes WHERE created_at IS NULL"), 0);
}

pub fn returning_gives_the_row_as_shown(world: &mut World) {
    if !world.is_pglite() {
        return;
    }
    world.load([models::tickets()]);
    let inserted = world.rows("INSERT INTO tickets (title) VALUES ('a') RETURNING id, title, priority, status");
    assert_eq!(json!(inserted), json!([{ "id": -1, "title": "a", "priority": 3, "status": "open" }]));
    let updated = world.rows("UPDATE tickets SET title = 'b' RETURNING *");
    assert_eq!(updated, world.rows("SELECT * FROM tickets"));
    let unchanged = world.rows("UPDATE tickets SET title = 'b', _pending_write_id = 'x' RETURNING *");
    assert_eq!(unchanged, updated);
    assert_eq!(world.rows("DELETE FROM tickets RETURNING *"), updated);
}

pub fn ten_thousand_rows_in_one_statement(world: &mut World) {
    world.load([models::countries()]);
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
    world.exec(&format!("{numbers} INSERT INTO countries_synced (name, code) SELECT 'n', CAST(i AS TEXT) FROM n"));
    world.exec("UPDATE countries SET population = 5");
    assert_eq!(world.count("_changes WHERE operation = 'update'"), 10_000);
    assert_eq!(world.count("countries WHERE population = 5 AND name = 'n'"), 10_000);
    world.exec("DELETE FROM countries");
    assert_eq!(world.count("countries"), 0);
    world.exec("DELETE FROM _changes");
    assert_eq!(world.count("countries WHERE population IS NULL"), 10_000);
    assert!(world.is_settled("countries"));
}
