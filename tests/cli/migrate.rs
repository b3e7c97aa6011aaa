//! `migrate` as a user runs it. What its statements do is tested with `diff`'s cases.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::binary::sync_patterns;

const DOCUMENT: &str = r##"{ "openapi": "3.1.0", "info": { "title": "t", "version": "1" }, "paths": { "/things": {
  "get": { "responses": { "200": { "description": "", "content": { "application/json": { "schema":
    { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } } } } } } } } },
  "components": { "schemas": { "Thing": { "type": "object", "required": ["id"], "properties": {
    "id": { "type": "string", "format": "uuid" }, "name": { "type": "string" } } } } } }"##;

fn project(server: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("openapi.json"), DOCUMENT).expect("a file");
    let config = format!("version: 1\nspec: ./openapi.json\noutput: ./generated\nframework: none\nsync: all\n{server}");
    fs::write(folder.path().join("sync-patterns.config.yaml"), config).expect("a file");
    folder
}

const SERVER: &str = "server: { output: ./server }\n";

/// Gives the column another type.
fn retype(folder: &Path) {
    let document =
        DOCUMENT.replace(r#""name": { "type": "string" }"#, r#""name": { "type": "integer", "format": "int32" }"#);
    fs::write(folder.join("openapi.json"), document).expect("a file");
}

#[test]
fn from_the_generated_file_or_a_kept_one() {
    let folder = project(SERVER);
    assert_eq!(sync_patterns(&["generate"], folder.path()).code, 0);
    let kept = folder.path().join("kept.json");
    fs::copy(folder.path().join("generated/schema/schema.json"), &kept).expect("a copy");
    let nothing = sync_patterns(&["migrate"], folder.path());
    assert_eq!((nothing.code, nothing.stderr.as_str()), (0, ""));
    assert_eq!(nothing.stdout, "-- The sync server's tables are as they were in `generated/schema/schema.json`.\n");

    retype(folder.path());
    let retyped = sync_patterns(&["migrate"], folder.path());
    assert_eq!(retyped.code, 0, "{}", retyped.stderr);
    let statement = "\nALTER TABLE \"things\" ALTER COLUMN \"name\" TYPE INTEGER USING \"name\"::TEXT::INTEGER;\n";
    assert!(retyped.stdout.contains(statement), "{}", retyped.stdout);
    assert!(retyped.stdout.contains("--file server/schema.sql"), "{}", retyped.stdout);
    assert_eq!(sync_patterns(&["generate"], folder.path()).code, 0);
    let again = sync_patterns(&["migrate", "--from", "kept.json"], folder.path());
    assert!(again.stdout.contains(statement), "{}{}", again.stdout, again.stderr);
}

#[test]
fn what_waits_for_somebody_is_counted() {
    let folder = project(SERVER);
    assert_eq!(sync_patterns(&["generate"], folder.path()).code, 0);
    let document = DOCUMENT.replace(r#", "name": { "type": "string" }"#, "");
    fs::write(folder.path().join("openapi.json"), document).expect("a file");
    let run = sync_patterns(&["migrate"], folder.path());
    assert!(run.stdout.ends_with("\n-- ALTER TABLE \"things\" DROP COLUMN \"name\";\n"), "{}", run.stdout);
    assert!(run.stderr.ends_with("note: 1 statement commented out, for you to decide on\n"), "{}", run.stderr);
    assert_eq!(sync_patterns(&["migrate", "--quiet"], folder.path()).stderr, "");
}

/// Of an application's tables, only what concerns the bookkeeping is printed.
#[test]
fn tables_of_an_application_are_left_to_it() {
    let server = "server: { output: ./server, tables: existing }\nmodels: { things: { table: crm.thing } }\n";
    let folder = project(server);
    assert_eq!(sync_patterns(&["generate"], folder.path()).code, 0);
    retype(folder.path());
    let retyped = sync_patterns(&["migrate"], folder.path());
    assert_eq!((retyped.code, retyped.stderr.as_str()), (0, ""));
    let statements = retyped.stdout.lines().filter(|line| !line.starts_with("--") && !line.is_empty());
    assert_eq!(statements.count(), 0, "{}", retyped.stdout);
    let words = ["The tables of the models are the application's", "`schema.sql` refuses it unless the column"];
    assert!(words.iter().all(|words| retyped.stdout.contains(words)), "{}", retyped.stdout);
    let rules = DOCUMENT.replace(r#""name": { "type": "string" }"#, r#""name": { "type": "string", "maxLength": 3 }"#);
    fs::write(folder.path().join("openapi.json"), rules).expect("a file");
    let run = sync_patterns(&["migrate"], folder.path());
    assert!(run.stdout.starts_with("-- The sync server's tables are as they were"), "{}", run.stdout);

    // A model that goes loses its triggers.
    let other = DOCUMENT.replace("/things", "/others");
    fs::write(folder.path().join("openapi.json"), other).expect("a file");
    let config = folder.path().join("sync-patterns.config.yaml");
    let text = fs::read_to_string(&config).expect("the config").replace("things: { table: crm.thing }", "others: {}");
    fs::write(&config, text).expect("a file");
    let gone = sync_patterns(&["migrate"], folder.path());
    assert!(gone.stdout.contains("refuses it unless the application has"), "{}{}", gone.stdout, gone.stderr);
    assert!(!gone.stdout.contains("DROP TABLE"), "{}", gone.stdout);
}

#[test]
fn what_nobody_can_compare_is_said() {
    let without = project("");
    let run = sync_patterns(&["migrate"], without.path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("there is no sync server whose tables could change"), "{}", run.stderr);
    let new = project(SERVER);
    let run = sync_patterns(&["migrate"], new.path());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("there is no generated/schema/schema.json"), "{}", run.stderr);
    let run = sync_patterns(&["migrate", "--from", "v1"], new.path());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("--from v1: there is no such file"), "{}", run.stderr);
}
