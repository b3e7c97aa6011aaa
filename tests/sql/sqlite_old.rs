//! An SQLite that is older than the oldest that is promised, 3.40: the schema loads there, and a first pass of writes goes
//! through.

use crate::support::database::schema_order;
use crate::support::models;
use crate::support::sqlite_old;
use sync_patterns::codegen::sql;
use sync_patterns::config::Adapter;
use sync_patterns::model::{FieldType, Project};
use sync_patterns::names::sql::{identifier, literal};
use sync_patterns::plan::Plan;

fn schema(project: &Project) -> String {
    let files = sql::files(&Plan::of(project), Adapter::Sqlite, &Default::default()).expect("the schema");
    schema_order(&files).into_iter().map(|name| files[name].as_str()).collect()
}

fn run(script: &str) -> String {
    sqlite_old::run(script).unwrap_or_else(|error| panic!("{error}\n{script}"))
}

#[test]
fn every_model_loads_twice() {
    let schema = schema(&models::everything());
    run(&format!("{schema}{schema}"));
}

#[test]
fn contacts_are_written_sent_and_settled() {
    let schema = schema(&models::project([models::contacts()]));
    let out = run(&format!(
        "{schema}
        INSERT INTO contacts (id, first_name, last_name) VALUES ('1', 'Ada', 'Lovelace');
        UPDATE contacts SET email = 'ada@example.org' WHERE id = '1';
        UPDATE contacts SET email = NULL WHERE id = '1';
        UPDATE contacts SET email = NULL WHERE id = '1';
        SELECT operation, value FROM _changes ORDER BY id;
        UPDATE _changes SET status = 'acknowledged', attempts = 1 WHERE operation = 'insert';
        INSERT INTO contacts_synced
        SELECT '1', 'Ada', 'King', 'king@example.org', '2024-01-01', '2024-01-01', write_id
        FROM _changes WHERE operation = 'insert';
        SELECT id, first_name, last_name, email, created_at, _has_local_changes FROM contacts;
        UPDATE _changes SET status = 'rejected', error = 'no' WHERE id = 2;
        UPDATE _changes SET status = 'pending' WHERE id = 2;
        SELECT id, email FROM contacts;
        SELECT id, operation, status, attempts FROM _changes ORDER BY id;
        DELETE FROM contacts;
        SELECT count(*) FROM contacts;
        DELETE FROM _changes;
        SELECT id, last_name, email, _has_local_changes, _pending_write_id FROM contacts;
        SELECT count(*) FROM contacts_local;"
    ));
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            r#"insert|{"id":"1","first_name":"Ada","last_name":"Lovelace"}"#,
            r#"update|{"id":"1","email":"ada@example.org"}"#,
            r#"update|{"id":"1","email":null}"#,
            "1|Ada|King||2024-01-01|1",
            "1|ada@example.org",
            "3|update|pending|0",
            "4|update|pending|0",
            "0",
            "1|King|king@example.org|0|",
            "0",
        ]
    );
}

#[test]
fn keys_of_one_statement_differ() {
    let schema = schema(&models::project([models::tickets()]));
    let out = run(&format!(
        "{schema}
        INSERT INTO tickets (title) VALUES ('one'), ('two');
        SELECT id, title, status FROM tickets ORDER BY id;
        UPDATE tickets SET body = 'later' WHERE title = 'one';
        INSERT INTO tickets_synced (id, title, priority, status, opened_on, write_id)
        SELECT 7, 'one', 3, 'open', '2024-01-01', write_id FROM _changes WHERE id = 1;
        SELECT row_key, operation, value FROM _changes ORDER BY id;
        SELECT id, title, body FROM tickets ORDER BY id;
        DELETE FROM tickets;
        INSERT INTO tickets (title) VALUES ('three');
        SELECT id > -4 FROM tickets;"
    ));
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            "-2|two|open",
            "-1|one|open",
            r#"-2|insert|{"id":-2,"title":"two","priority":3}"#,
            r#"7|update|{"id":7,"body":"later"}"#,
            "-2|two|",
            "7|one|later",
            "0",
        ]
    );
}

#[test]
fn every_type_survives_the_log() {
    let schema = schema(&models::project([models::measurements()]));
    let columns = "amount, amount_or_none, payload, active, active_or_none, tags, details, \
                   printf('%!.17g', ratio), ratio_or_none, big, big_or_none, small";
    let out = run(&format!(
        r#"{schema}
        INSERT INTO measurements (id, label, amount, amount_or_none, payload, active, tags, details, ratio, big_or_none, small)
        VALUES ('1', 'it''s', '1.10', '123456789012345678901234567890.10', 'AAECAw==', false, '[1, null]', '{{"a": [1.10, null]}}',
          0.30000000000000004, -9223372036854775808, 5.0);
        SELECT {columns} FROM measurements;
        SELECT value FROM _changes;
        UPDATE measurements SET tags = '"text"', details = '12345678901', active_or_none = true, ratio_or_none = 5;
        SELECT {columns} FROM measurements;
        UPDATE measurements SET tags = 'true', details = '1.5';
        SELECT tags, details FROM measurements;
        UPDATE measurements SET small = 5.0, ratio_or_none = 5, tags = ' true ';
        SELECT count(*) FROM _changes;"#
    ));
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            r#"1.10|123456789012345678901234567890.10|AAECAw==|0||[1,null]|{"a":[1.10,null]}|0.30000000000000004||9007199254740993|-9223372036854775808|5"#,
            r#"{"id":"1","label":"it's","amount":"1.10","amount_or_none":"123456789012345678901234567890.10","payload":"AAECAw==","payload_always":"AAEC","active":false,"tags":[1,null],"details":{"a":[1.10,null]},"ratio":0.30000000000000004,"big":9007199254740993,"big_or_none":-9223372036854775808,"small":5}"#,
            r#"1.10|123456789012345678901234567890.10|AAECAw==|0|1|"text"|12345678901|0.30000000000000004|5.0|9007199254740993|-9223372036854775808|5"#,
            "true|1.5",
            "3",
        ]
    );
}

#[test]
fn mistakes_are_errors() {
    let schema = schema(&models::everything());
    let row = "INSERT INTO contacts (id, first_name, last_name) VALUES ('1', 'Ada', 'Lovelace');";
    for (statement, message) in [
        ("INSERT INTO contacts (last_name) VALUES ('x');", "NOT NULL constraint failed: contacts.first_name"),
        (row, "UNIQUE constraint failed: contacts.id"),
        (
            "INSERT OR IGNORE INTO contacts (id, first_name, last_name) VALUES ('1', 'x', 'x');",
            "UNIQUE constraint failed",
        ),
        ("UPDATE contacts SET id = '2';", "contacts.id is the key, which can't be changed"),
        ("UPDATE contacts SET created_at = 'x';", "contacts.created_at is read-only"),
        ("UPDATE contacts SET last_name = NULL;", "NOT NULL constraint failed: contacts.last_name"),
        ("INSERT INTO reports (title) VALUES ('x');", "reports: the API has no endpoint to create rows"),
        ("INSERT INTO tickets (title, status) VALUES ('x', 'x');", "tickets.status is set by the server only"),
        ("INSERT INTO measurements (small) VALUES ('abc');", "measurements.small must be an integer"),
        ("INSERT INTO measurements (ratio) VALUES ('abc');", "measurements.ratio must be a number"),
        ("INSERT INTO measurements (active) VALUES (2);", "measurements.active must be true or false"),
        ("INSERT INTO measurements (tags) VALUES ('[');", "measurements.tags must be JSON"),
        ("INSERT INTO memberships (user_no) VALUES (1);", "NOT NULL constraint failed: memberships.org_id"),
    ] {
        let error = sqlite_old::run(&format!("{schema}{row}{statement}")).expect_err(statement);
        assert!(error.contains(message), "{statement}: {error}");
    }
}

#[test]
fn entries_sent_again_keep_their_order() {
    let schema = schema(&models::project([models::countries()]));
    let inserts: String =
        (0..9).map(|n| format!("INSERT INTO countries (code, name) VALUES ('{n}', 'n'); UPDATE countries SET name = 'm' WHERE code = '{n}';")).collect();
    let out = run(&format!(
        "{schema}{inserts}
        UPDATE _changes SET status = 'rejected', error = 'no' WHERE operation = 'insert';
        SELECT group_concat(status || ifnull(rejected_with = (SELECT o.write_id FROM _changes o WHERE o.id = c.id - 1), '-'), ' ') FROM _changes c;
        CREATE TABLE asked AS SELECT write_id FROM _changes ORDER BY write_id;
        UPDATE _changes SET status = 'pending' WHERE write_id IN (SELECT a.write_id FROM asked AS a);
        SELECT group_concat(id || operation || row_key, ' ') FROM (SELECT * FROM _changes ORDER BY id);"
    ));
    let before = ["rejected-", "rejected1"].repeat(9).join(" ");
    let after: Vec<String> =
        (0..9).flat_map(|n| [format!("{}insert{n}", 19 + 2 * n), format!("{}update{n}", 20 + 2 * n)]).collect();
    assert_eq!(out.lines().collect::<Vec<_>>(), [before, after.join(" ")]);
}

/// Each column is written alone and seen alone: a name that fits no column would be a string to SQLite.
#[test]
fn any_name_is_a_column() {
    let model = models::order();
    let schema = schema(&models::project([model.clone()]));
    let key = "00000000-0000-4000-8000-000000000001";
    let mut script = format!("{schema} INSERT INTO \"order\" (id, \"group\") VALUES ('{key}', 'g');");
    let mut expected = Vec::new();
    let columns = model.fields.iter().filter(|field| field.ty == FieldType::Text && field.nullable);
    for (number, field) in columns.enumerate() {
        let (name, literal) = (identifier(&field.name), literal(&field.name));
        script += &format!(
            "UPDATE \"order\" SET {name} = 'v{number}';
             SELECT o.{name} FROM \"order\" AS o WHERE o.{name} = 'v{number}';
             SELECT count(*), max(e.value) FILTER (WHERE e.key = {literal})
             FROM json_each((SELECT c.value FROM _changes AS c ORDER BY c.id DESC LIMIT 1)) AS e;
             UPDATE \"order\" SET {name} = NULL;
             SELECT count(*) FROM \"order\" AS o WHERE o.{name} IS NULL;"
        );
        expected.extend([format!("v{number}"), format!("2|v{number}"), "1".to_owned()]);
    }
    assert_eq!(run(&script).lines().collect::<Vec<_>>(), expected);
}
