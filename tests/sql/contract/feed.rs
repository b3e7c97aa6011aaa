//! Which keys a change notes for those who show the rows, and what the log keeps for the sync worker.

use serde_json::{Value, json};
use sync_patterns::codegen::sql;
use sync_patterns::config::Adapter;
use sync_patterns::plan::Plan;

use crate::support::database::{Database, Pglite, Row};
use crate::support::models;
use crate::sql::contract::world::{ADA, BOB, CAT, World};

/// What has been noted since the last call: table and key, each once, in order of both.
fn noted(world: &mut World) -> Vec<(String, Value)> {
    let rows = world.rows("SELECT DISTINCT table_name, row_key FROM _changed_keys ORDER BY 1, 2");
    world.exec("DELETE FROM _changed_keys");
    let pair = |row: Row| (row["table_name"].as_str().expect("a name").to_owned(), row["row_key"].clone());
    rows.into_iter().map(pair).collect()
}

fn keys(table: &str, keys: &[&str]) -> Vec<(String, Value)> {
    keys.iter().map(|key| (table.to_owned(), json!(key))).collect()
}

fn contacts(expected: &[&str]) -> Vec<(String, Value)> {
    keys("contacts", expected)
}

fn all_of(table: &str) -> Vec<(String, Value)> {
    vec![(table.to_owned(), Value::Null)]
}

/// Ada and Bob, both from the server, and nothing noted.
fn two_synced(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.contact(BOB, "Bob", None, None);
    assert_eq!(noted(world), contacts(&[ADA, BOB]));
}

pub fn a_local_write(world: &mut World) {
    two_synced(world);
    world.exec(&format!("UPDATE contacts SET email = 'mine@x' WHERE id = '{ADA}'"));
    assert_eq!(noted(world), contacts(&[ADA]));
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{CAT}', 'Cat', 'C')"));
    assert_eq!(noted(world), contacts(&[CAT]));
    world.exec(&format!("DELETE FROM contacts WHERE id IN ('{BOB}', '{CAT}')"));
    assert_eq!(noted(world), contacts(&[BOB, CAT]));
    world.exec("UPDATE contacts SET email = email");
    assert_eq!(noted(world), []);
}

pub fn a_row_from_the_server(world: &mut World) {
    two_synced(world);
    world.contact(ADA, "Adele", None, None);
    assert_eq!(noted(world), contacts(&[ADA]));
    world.exec(&format!("UPDATE contacts_synced SET email = 'b@x' WHERE id = '{BOB}'"));
    assert_eq!(noted(world), contacts(&[BOB]));
    world.exec(&format!("UPDATE contacts_synced SET email = 'c@x' WHERE id = '{CAT}'"));
    assert_eq!(noted(world), []);
    world.leaves("contacts", &format!("id = '{BOB}'"));
    assert_eq!(noted(world), contacts(&[BOB]));
}

pub fn an_echo(world: &mut World) {
    two_synced(world);
    world.exec("UPDATE contacts SET email = 'mine@x'");
    let write_ids = world.write_ids();
    noted(world);
    world.contact(ADA, "Ada", Some("mine@x"), Some(&write_ids[0]));
    assert_eq!(noted(world), contacts(&[ADA]));
    // The server shows the write on another row: what it was written to changes too.
    world.contact(CAT, "Cat", None, Some(&write_ids[1]));
    assert_eq!(noted(world), contacts(&[BOB, CAT]));
}

pub fn an_answer(world: &mut World) {
    two_synced(world);
    world.exec(&format!("UPDATE contacts SET email = 'mine@x' WHERE id = '{ADA}'"));
    world.exec(&format!("UPDATE contacts SET email = 'mine@x' WHERE id = '{BOB}'"));
    let write_ids = world.write_ids();
    noted(world);
    world.exec("UPDATE _changes SET attempts = attempts + 1, sent_with = 'w', error = 'HTTP 503'");
    world.exec(&format!("UPDATE _changes SET status = 'acknowledged', txid = '7' WHERE write_id = '{}'", write_ids[0]));
    assert_eq!(noted(world), []);
    world.reject(&write_ids[1]);
    assert_eq!(noted(world), contacts(&[BOB]));
    world.send_again(&[&write_ids[1]]);
    assert_eq!(noted(world), contacts(&[BOB]));
    let write_id = world.write_id();
    world.reject(&write_id);
    noted(world);
    // What was rejected isn't shown.
    world.exec(&format!("DELETE FROM _changes WHERE write_id = '{write_id}'"));
    assert_eq!(noted(world), []);
    // The sync layer settles what the stream has passed.
    world.exec(&format!("DELETE FROM _changes WHERE write_id = '{}'", write_ids[0]));
    assert_eq!(noted(world), contacts(&[ADA]));
}

pub fn a_rejected_insert_with_what_follows(world: &mut World) {
    world.contacts();
    world.exec(&format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{CAT}', 'Cat', 'C')"));
    world.exec("UPDATE contacts SET email = 'c@x'");
    let write_id = world.write_ids()[0].clone();
    noted(world);
    world.reject(&write_id);
    assert_eq!(noted(world), contacts(&[CAT]));
    assert_eq!(world.count("contacts"), 0);
}

pub fn a_refetch(world: &mut World) {
    two_synced(world);
    world.exec(&format!("UPDATE contacts SET email = 'mine@x' WHERE id = '{BOB}'"));
    noted(world);
    let script = world.arrival("contacts", crate::sql::contract::world::contact(ADA, "Ada", None), None);
    world.exec(&format!("BEGIN; {script} DELETE FROM contacts_synced WHERE id = '{BOB}'; COMMIT;"));
    assert_eq!(noted(world), contacts(&[ADA, BOB]));
}

pub fn an_emptied_table(world: &mut World) {
    two_synced(world);
    if world.is_pglite() {
        world.exec("TRUNCATE contacts_synced");
        assert_eq!(noted(world), all_of("contacts"));
    } else {
        world.exec("DELETE FROM contacts_synced");
        assert_eq!(noted(world), contacts(&[ADA, BOB]));
    }
}

/// So many rows for `countries_synced`, in one statement.
fn fill(world: &mut World, rows: usize) {
    world.exec(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO countries_synced (name, code) SELECT 'n', CAST(i AS TEXT) FROM n"
    ));
}

pub fn many_rows_at_once(world: &mut World) {
    world.load([models::countries()]);
    let steps: [fn(&mut World); 2] = [
        |world| world.exec("UPDATE countries_synced SET name = 'm'"),
        |world| world.exec("DELETE FROM countries_synced"),
    ];
    for rows in [1000, 1001] {
        fill(world, rows);
        for step in steps {
            let seen = noted(world);
            if world.adapter() != Adapter::Sqlite && rows > 1000 {
                assert_eq!(seen, all_of("countries"));
            } else {
                assert_eq!(seen.len(), rows);
            }
            step(world);
        }
        noted(world);
    }
}

pub fn a_load(world: &mut World) {
    world.load([models::contacts(), models::countries()]);
    world.exec("INSERT INTO _loading (table_name) VALUES ('countries')");
    fill(world, 10);
    world.exec("DELETE FROM countries_synced WHERE code = '10'");
    assert_eq!(noted(world), []);
    // Local writes, and other models, are noted as ever.
    world.exec("UPDATE countries SET name = 'mine' WHERE code = '2'");
    world.contact(ADA, "Ada", None, None);
    assert_eq!(noted(world), [contacts(&[ADA]), keys("countries", &["2"])].concat());
    let write_id = world.write_id();
    world.arrives("countries", json!({ "code": "2", "name": "mine" }), Some(&write_id));
    assert_eq!(noted(world), keys("countries", &["2"]));
    world.exec("DELETE FROM _loading");
    world.exec("UPDATE countries_synced SET name = 'o' WHERE code = '3'");
    assert_eq!(noted(world), keys("countries", &["3"]));
}

pub fn a_rollback(world: &mut World) {
    two_synced(world);
    world.exec("BEGIN; UPDATE contacts SET email = 'mine@x'; DELETE FROM contacts_synced; ROLLBACK;");
    assert_eq!(noted(world), []);
    world.refuses("UPDATE contacts SET first_name = NULL", "23502", &["first_name"]);
    assert_eq!(noted(world), []);
}

pub fn positions_never_return(world: &mut World) {
    two_synced(world);
    world.exec("UPDATE contacts SET email = 'mine@x'");
    let last = world.value("SELECT max(seq) AS seq FROM _changed_keys").as_i64().expect("a position");
    world.exec("DELETE FROM _changed_keys");
    world.load_again();
    world.contact(CAT, "Cat", None, None);
    let next = world.value("SELECT min(seq) AS seq FROM _changed_keys").as_i64().expect("a position");
    assert!(next > last, "{next} {last}");
}

pub fn keys_of_every_kind(world: &mut World) {
    world.load([models::memberships(), models::order(), models::tickets()]);
    world.exec("INSERT INTO memberships (org_id, user_no) VALUES ('o\"1, ü', 9007199254740993)");
    let key = r#"["o\"1, ü",9007199254740993]"#;
    assert_eq!(noted(world), keys("memberships", &[key]));
    world.arrives("memberships", json!({ "org_id": "o\"1, ü", "user_no": 9_007_199_254_740_993_i64, "role": "x" }), None);
    assert_eq!(noted(world), keys("memberships", &[key]));
    world.exec(&format!("INSERT INTO \"order\" (id, \"group\") VALUES ('{ADA}', 'g')"));
    world.exec("UPDATE \"order\" SET \"a\"\"b\" = 'x'");
    assert_eq!(noted(world), keys("order", &[ADA]));
    world.arrives("tickets", json!({ "id": 7, "title": "a", "priority": 3, "status": "new" }), None);
    assert_eq!(noted(world), keys("tickets", &["7"]));
}

pub fn a_key_that_the_server_has_made(world: &mut World) {
    world.load([models::documents(), models::tickets()]);
    world.exec("INSERT INTO tickets (title) VALUES ('a')");
    let key = world.value("SELECT id FROM tickets").to_string();
    world.exec(&format!("INSERT INTO documents (slug, title, ticket_id) VALUES ('d', 't', {key})"));
    let write_id = world.write_ids()[0].clone();
    noted(world);
    world.arrives("tickets", json!({ "id": 7, "title": "a", "priority": 3, "status": "new" }), Some(&write_id));
    assert_eq!(noted(world), [keys("documents", &["d"]), keys("tickets", &[&key, "7"])].concat());
}

pub fn what_was_sent(world: &mut World) {
    world.contacts();
    world.contact(ADA, "Ada", None, None);
    world.exec("UPDATE contacts SET email = 'a@x'");
    let write_id = world.write_id();
    world.exec(&format!("UPDATE _changes SET attempts = 1, sent_with = '{write_id}', txid = '4294967296'"));
    assert_eq!(world.log_column("sent_with"), [json!(write_id)]);
    assert_eq!(world.log_column("txid"), [json!("4294967296")]);
    world.reject(&write_id);
    assert_eq!(world.log_column("sent_with"), [json!(write_id)]);
    world.send_again(&[&write_id]);
    for column in ["sent_with", "txid", "error"] {
        assert_eq!(world.log_column(column), [Value::Null]);
    }
}

pub fn one_notification_a_transaction(world: &mut World) {
    if !world.is_pglite() {
        // The driver tells its listeners after each COMMIT.
        return;
    }
    let mut database = Pglite::open();
    database.load(&sql::files(&Plan::of(&models::project([models::contacts()])), Adapter::Pglite, &Default::default()).expect("the schema"));
    database.exec("LISTEN _changed_keys").expect("LISTEN");
    database.heard();
    let mut hears = |script: &str, expected: u64| {
        database.exec(script).unwrap_or_else(|error| panic!("{script}\n{error:?}"));
        assert_eq!(database.heard(), expected, "{script}");
    };
    hears(
        "BEGIN;
         INSERT INTO contacts (first_name, last_name) VALUES ('A', 'L'), ('B', 'L');
         UPDATE contacts SET email = 'mine@x';
         COMMIT;",
        1,
    );
    hears("UPDATE _changes SET attempts = 1", 1);
    hears("UPDATE _changes SET status = 'acknowledged'", 1);
    hears("UPDATE _changes SET status = 'acknowledged' WHERE write_id = 'none'", 0);
    hears("UPDATE contacts_synced SET email = 'none'", 0);
    hears("BEGIN; DELETE FROM contacts; ROLLBACK;", 0);
    hears("DELETE FROM _changes", 1);
    hears("DELETE FROM _changes", 0);
    hears("INSERT INTO contacts_synced VALUES (gen_random_uuid(), 'A', 'L', NULL, now(), now(), NULL)", 1);
    hears("TRUNCATE contacts_synced", 1);
}
