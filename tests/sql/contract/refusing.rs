//! What the view refuses: with the database's own kind of error, and without a trace.

use serde_json::json;
use sync_patterns::model::{FieldType, KeyOrigin, Method};

use crate::support::models::{self, FieldBuilder};
use crate::sql::contract::world::{ADA, BOB, CONTACT, World, seen};

pub fn a_duplicate_key(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{BOB}', 'Bob', 'L')"));
    for key in [ADA, BOB] {
        let insert = format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{key}', 'X', 'L')");
        world.refuses(&insert, "23505", &["contacts", "id"]);
    }
}

pub fn a_missing_required_column(world: &mut World) {
    world.load([models::contacts(), models::countries()]);
    world.refuses("INSERT INTO contacts (first_name) VALUES ('Ada')", "23502", &["contacts", "last_name"]);
    world.refuses("INSERT INTO contacts (first_name, last_name) VALUES ('A', NULL)", "23502", &["last_name"]);
    // A key that means something can't be made.
    world.refuses("INSERT INTO countries (name) VALUES ('France')", "23502", &["countries", "code"]);
}

/// A parameter of the path that creates a row, which the rows themselves may lack.
pub fn a_missing_required_column_that_rows_may_lack(world: &mut World) {
    let mut pets = models::model("pets", "Pet", &["id"], KeyOrigin::Client);
    pets.fields = vec![
        models::field("id", FieldType::Uuid).optional(),
        models::field("owner_id", FieldType::Int32).nullable_but_needed(),
        models::field("name", FieldType::Text).nullable_but_needed(),
    ];
    world.load([models::crud(pets, Method::Patch)]);
    world.refuses("INSERT INTO pets (name) VALUES ('Rex')", "23502", &["pets", "owner_id"]);
    world.refuses("INSERT INTO pets (name, owner_id) VALUES ('Rex', NULL)", "23502", &["pets", "owner_id"]);
    world.refuses("INSERT INTO pets (owner_id) VALUES (1)", "23502", &["pets", "name"]);
    world.exec("INSERT INTO pets (name, owner_id) VALUES ('Rex', 1)");
    world.exec("UPDATE pets SET name = NULL");
    world.arrives("pets", json!({ "id": ADA, "name": null, "owner_id": null }), None);
    assert_eq!(world.count("pets WHERE owner_id IS NULL AND name IS NULL"), 1);
    assert_eq!(world.count("pets WHERE owner_id = 1 AND name IS NULL"), 1);
}

pub fn a_required_column_set_to_null(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.refuses("UPDATE contacts SET last_name = NULL", "23502", &["contacts", "last_name"]);
}

pub fn a_key_change(world: &mut World) {
    world.load([models::contacts(), models::memberships()]);
    world.contact(ADA, "Ada", None, None);
    world.refuses(&format!("UPDATE contacts SET id = '{BOB}'"), "55000", &["contacts", "id"]);
    world.arrives("memberships", json!({ "org_id": "o", "user_no": 1, "role": "r" }), None);
    world.refuses("UPDATE memberships SET user_no = 2, role = 's'", "55000", &["memberships", "user_no"]);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(ADA, "Ada", None, false)]));
}

pub fn a_read_only_column(world: &mut World) {
    world.load([models::contacts(), models::memberships()]);
    world.contact(ADA, "Ada", None, None);
    let time = "'2020-01-01T00:00:00Z'";
    world.refuses(&format!("UPDATE contacts SET created_at = {time}"), "428C9", &["contacts", "created_at"]);
    let insert = format!("INSERT INTO contacts (first_name, last_name, updated_at) VALUES ('B', 'L', {time})");
    world.refuses(&insert, "428C9", &["contacts", "updated_at"]);
    // One that is set on insert only.
    world.exec("INSERT INTO memberships (org_id, user_no, invited_by) VALUES ('o', 1, 'me')");
    world.refuses("UPDATE memberships SET invited_by = 'you'", "428C9", &["memberships", "invited_by"]);
}

pub fn an_operation_without_an_endpoint(world: &mut World) {
    world.load([models::events(), models::reports(), models::settings()]);
    world.arrives("events", json!({ "id": ADA, "title": "t", "done": false }), None);
    world.refuses("DELETE FROM events", "55000", &["events"]);
    world.arrives("reports", json!({ "id": 1, "title": "t" }), None);
    world.refuses("DELETE FROM reports", "55000", &["reports"]);
    world.refuses("UPDATE reports SET title = 'u'", "55000", &["reports"]);
    world.refuses("INSERT INTO reports (id, title) VALUES (2, 't')", "55000", &["reports"]);
    world.refuses("INSERT INTO settings (name) VALUES ('n')", "55000", &["settings"]);
    world.exec("UPDATE events SET done = TRUE");
    assert_eq!(world.log_column("operation"), ["update"]);
}

pub fn an_upsert(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    let insert = format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{ADA}', 'X', 'L')");
    world.refuses(&format!("{insert} ON CONFLICT (id) DO UPDATE SET first_name = 'X'"), "42P10", &[]);
}

pub fn one_bad_row_of_many(world: &mut World) {
    world.contacts();
    let insert = "INSERT INTO contacts (first_name, last_name) VALUES ('A', 'L'), ('B', NULL), ('C', 'L')";
    world.refuses(insert, "23502", &["last_name"]);
    assert_eq!(world.count("contacts"), 0);
}

pub fn a_column_that_does_not_exist(world: &mut World) {
    world.contacts();
    world.refuses("INSERT INTO contacts (nonsense) VALUES ('A')", "42703", &["nonsense"]);
}

/// JSON has no such numbers. What the server has of them stays, while other columns change.
pub fn a_number_that_is_not_finite(world: &mut World) {
    world.load([models::measurements()]);
    let infinite = |world: &World, sign: &str| match world.is_pglite() {
        true => format!("'{sign}Infinity'"),
        false => format!("{sign}9e999"),
    };
    world.exec("INSERT INTO measurements (label) VALUES ('there')");
    for sign in ["", "-"] {
        let value = infinite(world, sign);
        for column in ["ratio", "ratio_or_none"] {
            let insert = format!("INSERT INTO measurements ({column}) VALUES ({value})");
            world.refuses(&insert, "22003", &["measurements", column, "finite"]);
            let update = format!("UPDATE measurements SET {column} = {value}");
            world.refuses(&update, "22003", &["measurements", column, "finite"]);
        }
    }
    for text in ["NaN", "Infinity", "-Infinity"] {
        for column in ["amount", "amount_or_none"] {
            let update = format!("UPDATE measurements SET {column} = '{text}'");
            world.refuses(&update, "22003", &["measurements", column, "finite"]);
        }
    }
    if world.is_pglite() {
        world.refuses("UPDATE measurements SET ratio = 'NaN'", "22003", &["ratio", "finite"]);
    }
    let value = infinite(world, "");
    world.exec(&format!("INSERT INTO measurements_synced (id, label, amount, payload_always, active, tags, ratio, big) \
                         SELECT '{ADA}', 'hers', '1', payload_always, active, tags, {value}, 1 FROM measurements"));
    world.exec(&format!("UPDATE measurements SET label = 'mine' WHERE id = '{ADA}'"));
    assert_eq!(world.count("measurements WHERE label = 'mine'"), 1);
}

/// PostgreSQL has no room for it, and says so in its own words.
pub fn an_integer_out_of_range(world: &mut World) {
    world.load([models::tickets()]);
    let words: &[&str] =
        if world.is_pglite() { &["integer"] } else { &["tickets.priority", "-2147483648", "2147483647"] };
    world.exec("INSERT INTO tickets (title) VALUES ('t')");
    for value in ["3000000000", "-2147483649"] {
        let insert = format!("INSERT INTO tickets (title, priority) VALUES ('t', {value})");
        world.refuses(&insert, "22003", words);
        world.refuses(&format!("UPDATE tickets SET priority = {value}"), "22003", words);
    }
    world.exec("UPDATE tickets SET priority = -2147483648");
    world.exec("UPDATE tickets SET priority = 2147483647");
    if world.is_pglite() {
        return;
    }
    // The server's row may have more than its document promises: it can still be edited.
    let row = json!({ "id": 1, "title": "t", "priority": 3_000_000_000_i64, "status": "open", "opened_on": "2026-01-01" });
    world.arrives("tickets", row, None);
    world.exec("UPDATE tickets SET title = 'u' WHERE id = 1");
    assert_eq!(world.count("tickets WHERE title = 'u'"), 1);
}
