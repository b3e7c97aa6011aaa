//! Snapshots, emptied tables and rebuilt schemas: the log is the only thing that has to survive.

use serde_json::json;

use crate::support::models;
use crate::sql::contract::world::{ADA, BOB, CAT, CONTACT, World, contact, seen};

const DAN: &str = "00000000-0000-4000-8000-00000000000d";

/// A pending insert, update and delete.
fn three_pending_writes(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.contact(BOB, "Bob", None, None);
    world.exec(&format!("UPDATE contacts SET email = 'mine@x' WHERE id = '{ADA}'"));
    world.exec(&format!("DELETE FROM contacts WHERE id = '{BOB}'"));
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{CAT}', 'Cat', 'L')"));
}

pub fn pending_writes_survive(world: &mut World) {
    three_pending_writes(world);
    world.contact(DAN, "Dan", None, None);
    let log = world.log();
    let snapshot = [
        "BEGIN;".to_owned(),
        world.arrival("contacts", contact(ADA, "Adele", None), None),
        world.arrival("contacts", contact(BOB, "Bobby", None), None),
        format!("DELETE FROM contacts_synced WHERE id NOT IN ('{ADA}', '{BOB}');"),
        "COMMIT;".to_owned(),
    ];
    world.exec(&snapshot.concat());
    assert_eq!(world.log(), log);
    let rows = json!([seen(ADA, "Adele", Some("mine@x"), true), seen(CAT, "Cat", None, true)]);
    assert_eq!(world.shown("contacts", CONTACT), rows);
    assert_eq!(world.count("contacts_local"), 3);
}

pub fn acknowledged_writes_survive(world: &mut World) {
    three_pending_writes(world);
    world.exec("UPDATE _changes SET attempts = 1, status = 'acknowledged'");
    // The snapshot is from before the acknowledgements.
    let snapshot = [
        "BEGIN;".to_owned(),
        world.arrival("contacts", contact(ADA, "Ada", None), None),
        world.arrival("contacts", contact(BOB, "Bob", None), None),
        format!("DELETE FROM contacts_synced WHERE id NOT IN ('{ADA}', '{BOB}');"),
        "COMMIT;".to_owned(),
    ];
    world.exec(&snapshot.concat());
    assert_eq!(world.count("_changes"), 3);
    let rows = json!([seen(ADA, "Ada", Some("mine@x"), true), seen(CAT, "Cat", None, true)]);
    assert_eq!(world.shown("contacts", CONTACT), rows);
}

pub fn a_bare_delete_loses_no_pending_write(world: &mut World) {
    three_pending_writes(world);
    emptied(world, "DELETE FROM contacts_synced");
}

pub fn a_truncate_loses_no_pending_write(world: &mut World) {
    three_pending_writes(world);
    // SQLite has no TRUNCATE; this is what it makes one of.
    let statement = if world.is_pglite() { "TRUNCATE contacts_synced" } else { "DELETE FROM contacts_synced WHERE 1" };
    emptied(world, statement);
}

fn emptied(world: &mut World, statement: &str) {
    let log = world.log();
    world.exec(statement);
    assert_eq!(world.log(), log);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(CAT, "Cat", None, true)]));
    assert_eq!(world.count("contacts_local"), 1);
    world.contact(ADA, "Adele", None, None);
    world.contact(BOB, "Bobby", None, None);
    let rows = json!([seen(ADA, "Adele", Some("mine@x"), true), seen(CAT, "Cat", None, true)]);
    assert_eq!(world.shown("contacts", CONTACT), rows);
}

pub fn ten_thousand_rows_leave_no_ghosts(world: &mut World) {
    world.load([models::countries()]);
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
                INSERT INTO countries_synced (name, code) SELECT 'n', CAST(i AS TEXT) FROM n";
    let empty = if world.is_pglite() { "TRUNCATE countries_synced" } else { "DELETE FROM countries_synced" };
    world.exec(fill);
    world.exec(&format!("BEGIN; {empty}; {fill}; COMMIT;"));
    assert_eq!(world.count("countries"), 10_000);
    assert!(world.is_settled("countries"));
}

pub fn files_run_twice(world: &mut World) {
    world.load(models::everything().models);
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET email = 'mine@x'");
    let before = (world.rows("SELECT * FROM contacts"), world.rows("SELECT * FROM _changes"));
    let client = world.value("SELECT value FROM _sync_meta WHERE key = 'client_id'");
    world.load_again();
    assert_eq!((world.rows("SELECT * FROM contacts"), world.rows("SELECT * FROM _changes")), before);
    assert_eq!(world.value("SELECT value FROM _sync_meta WHERE key = 'client_id'"), client);
    world.exec("UPDATE contacts SET first_name = 'B'");
    assert_eq!(world.count("_changes"), 2);
}

pub fn everything_but_the_log_is_made_again(world: &mut World) {
    three_pending_writes(world);
    let (log, ids) = (world.log(), world.log_column("id"));
    world.drop_all();
    world.load_again();
    assert_eq!(world.log(), log);
    assert_eq!(world.log_column("id"), ids);
    assert_eq!(world.shown("contacts", CONTACT), json!([seen(CAT, "Cat", None, true)]));
    world.contact(ADA, "Ada", None, None);
    world.contact(BOB, "Bob", None, None);
    let rows = json!([seen(ADA, "Ada", Some("mine@x"), true), seen(CAT, "Cat", None, true)]);
    assert_eq!(world.shown("contacts", CONTACT), rows);
    world.exec(&format!("UPDATE contacts SET first_name = 'C' WHERE id = '{CAT}'"));
    assert_eq!(world.count("_changes"), 4);
}

pub fn what_the_database_knows_of_itself(world: &mut World) {
    let shared = {
        world.contacts();
        world.first_file()
    };
    assert_eq!(world.value("SELECT value FROM _sync_meta WHERE key = 'log_version'"), json!("3"));
    let client = world.value("SELECT value FROM _sync_meta WHERE key = 'client_id'");
    assert_eq!(client.as_str().map(str::len), Some(36));
    world.exec(&shared);
    assert_eq!(world.value("SELECT value FROM _sync_meta WHERE key = 'client_id'"), client);
}
