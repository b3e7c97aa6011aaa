//! What `inspect` says of documents, as people and as programs read it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::binary::{Run, sync_patterns, sync_patterns_with_input};
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn inspect(arguments: &[&str], folder: &Path) -> Run {
    sync_patterns(&[&["inspect"], arguments].concat(), folder)
}

fn json_of(arguments: &[&str], folder: &Path) -> Value {
    let run = inspect(&[&["--format", "json"], arguments].concat(), folder);
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON")
}

#[test]
fn every_model_on_a_line() {
    let run = inspect(&[], &fixture("workspace"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("workspace", run.stdout);
}

#[test]
fn one_model_in_full() {
    let run = inspect(&["labels"], &fixture("envelopes"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("envelopes_labels", run.stdout);
}

#[test]
fn a_model_whose_key_and_parents_were_guessed() {
    let run = inspect(&["members"], &fixture("keys"));
    insta::assert_snapshot!("keys_members", run.stdout);
}

#[test]
fn who_gives_what_a_list_requires() {
    let run = inspect(&["invoices"], &fixture("not-read"));
    assert!(run.stdout.contains("needs tenant from `params` or `listParams`"), "{}", run.stdout);
}

#[test]
fn what_is_left_out_and_why() {
    let run = inspect(&[], &fixture("nested-paths"));
    insta::assert_snapshot!("nested_paths", run.stdout);
}

#[test]
fn what_to_do_is_told_once() {
    let list = |row: Value| {
        let content = json!({ "application/json": { "schema": { "type": "array", "items": row } } });
        json!({ "get": { "responses": { "200": { "description": "All", "content": content } } } })
    };
    let slot =
        json!({ "type": "object", "properties": { "start": { "type": "string" }, "end": { "type": "string" } } });
    let untyped =
        ["/a/{id}", "/b/{id}", "/c/{id}"].map(|path| (path.to_owned(), json!({ "delete": { "responses": {} } })));
    let lists = ["/a", "/b", "/c"].map(|path| (path.to_owned(), list(json!({}))));
    let keyless = ["/x", "/y", "/z"].map(|path| (path.to_owned(), list(slot.clone())));
    let paths: serde_json::Map<String, Value> = untyped.into_iter().chain(lists).chain(keyless).collect();
    let document = json!({ "openapi": "3.0.3", "info": { "title": "Slots", "version": "1" }, "paths": paths });
    let run = sync_patterns_with_input(&["inspect", "--spec", "-"], Path::new("."), document.to_string().as_bytes());
    let helps: Vec<&str> = run.stdout.lines().skip_while(|line| !line.starts_with("  help: ")).take(5).collect();
    let expected = [
        "  help: give their operations JSON response schemas, or leave them out with `models: { /a: false, /b: false, /c: false }`",
        "  help: name what identifies a row, of the fields behind each: `models: { NAME: { path: \"PATH\", key: […] } }` in the config",
        "    - `x` (/x), of `start` and `end`",
        "    - `y` (/y), of `start` and `end`",
        "    - `z` (/z), of `start` and `end`",
    ];
    assert_eq!(helps, expected, "{}", run.stdout);
    assert_eq!(run.stdout.matches("help: ").count(), 2, "{}", run.stdout);
}

#[test]
fn where_columns_are_in_rows_and_bodies() {
    let run = inspect(
        &["articles", "--spec", "kinds/json-api.yaml"],
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"),
    );
    insta::assert_snapshot!("json_api_articles", run.stdout);
}

/// The folders of a client and of its server lie beside each other, and nothing is written into one that isn't named.
#[test]
fn configs_with_a_server() {
    let run = inspect(&[], &fixture("server"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let folder = tempfile::tempdir().expect("a folder");
    let config = fs::read_to_string(fixture("server/sync-patterns.config.yaml")).expect("the config");
    fs::write(folder.path().join("sync-patterns.config.yaml"), config.replace("output: ./generated\n", ""))
        .expect("a file");
    let document = fixture("server/openapi.yaml");
    let without_output = inspect(&["--spec", &document.to_string_lossy()], folder.path());
    assert_eq!((without_output.code, without_output.stdout), (0, run.stdout), "{}", without_output.stderr);
}

#[test]
fn nothing_is_chosen_yet() {
    let run = inspect(&[], &fixture("errors/nothing-chosen"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("nothing_chosen", run.stdout);
    let one = inspect(&["contacts"], &fixture("errors/nothing-chosen"));
    assert!(one.stdout.contains("It isn't chosen: choose with `x-sync: { local_first: true }`"), "{}", one.stdout);
}

#[test]
fn a_document_without_a_config_or_from_standard_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let document = fs::read(fixture("contacts/openapi.yaml")).expect("the document");
    fs::write(folder.path().join("openapi.yaml"), &document).expect("a file");
    let from_file = inspect(&["--spec", "openapi.yaml"], folder.path());
    let from_input = sync_patterns_with_input(&["inspect", "--spec", "-"], folder.path(), &document);
    assert_eq!((from_file.code, from_input.code), (0, 0), "{}", from_file.stderr);
    assert_eq!(from_file.stdout, from_input.stdout);
    let names: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(names.len(), 1, "nothing was written");
}

#[test]
fn errors_are_told_beside_what_was_understood() {
    let run = inspect(&[], &fixture("errors/no-key"));
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`tags` can't be generated: no property of its rows can be the key"), "{}", run.stderr);
    assert!(run.stdout.contains("/tags  no property of its rows can be the key"), "{}", run.stdout);
    let unreadable = inspect(&[], &fixture("errors/not-yaml"));
    assert_eq!((unreadable.code, unreadable.stdout.as_str()), (2, ""));
    assert!(unreadable.stderr.ends_with("1 error, nothing can be shown\n"), "{}", unreadable.stderr);
}

#[test]
fn a_model_that_isnt_there() {
    let run = inspect(&["projets"], &fixture("workspace"));
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert_eq!(run.stderr, "error: no model `projets` was found\n  help: did you mean `projects`?\n");
}

#[test]
fn the_members_that_programs_read() {
    let view = json_of(&["tasks"], &fixture("workspace"));
    let tasks = &view["models"][0];
    assert_eq!(view["models"].as_array().map(Vec::len), Some(1));
    assert_eq!(tasks["key"], json!({ "fields": ["id"], "made_by": "client" }));
    assert_eq!(
        (&tasks["chosen"], &tasks["mode"], &tasks["settled_by"]),
        (&json!(true), &json!("optimistic"), &json!("write_id"))
    );
    assert_eq!(tasks["endpoints"]["update"]["method"], "PATCH");
    let field = tasks["fields"].as_array().and_then(|fields| fields.iter().find(|field| field["name"] == "project_id"));
    assert_eq!(
        field.expect("the field"),
        &json!({
            "name": "project_id", "type": "uuid", "sql": "UUID", "typescript": "string", "nullable": false,
            "insert": "required", "update": true, "default": null, "references": "projects", "column": null
        })
    );
    let sqlite = json_of(&["tasks", "--adapter", "sqlite"], &fixture("workspace"));
    assert_eq!(sqlite["models"][0]["fields"][0]["sql"], "TEXT");
    let by_global_flag = inspect(&["tasks", "--message-format", "json"], &fixture("workspace"));
    assert_eq!(serde_json::from_str::<Value>(&by_global_flag.stdout).expect("JSON"), view);
}

/// The page names every member.
#[test]
fn members_of_the_page() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md")).expect("the page");
    let paragraph = page.split("With `--format json` it is for programs").nth(1).expect("the paragraph");
    let paragraph = paragraph.split("\n\n").next().expect("its text");
    let mut members: Vec<String> = Vec::new();
    let mut add = |value: &Value| members.extend(value.as_object().expect("an object").keys().cloned());
    let view = json_of(&["projects"], &fixture("envelopes"));
    let model = &view["models"][0];
    for object in [&view, model, &model["key"], &model["rows"], &model["fields"][0], &model["backend"][0]] {
        add(object);
    }
    add(&model["guesses"][0]);
    add(&json_of(&[], &fixture("nested-paths"))["left_out"][0]);
    for member in members {
        assert!(paragraph.contains(&format!("`{member}`")), "{member}");
    }
}

/// What the backend has isn't asked for again.
#[test]
fn what_the_backend_could_add() {
    let additions = |name: &str, folder: &Path| -> Vec<String> {
        let view = json_of(&[name], folder);
        let additions = view["models"][0]["backend"].as_array().expect("a list").clone();
        additions.iter().map(|addition| addition["add"].as_str().expect("a word").to_owned()).collect()
    };
    let workspace = fixture("workspace");
    assert_eq!(additions("tasks", &workspace), ["idempotency_key"]);
    assert_eq!(additions("invoices", &workspace), ["idempotency_key", "write_id", "key", "patch"]);
    assert_eq!(additions("projects", &fixture("envelopes")), ["idempotency_key", "write_id_in_bodies", "key", "patch"]);
    assert!(additions("tasks_comments", &fixture("nested-paths")).is_empty(), "it is read-only");

    let folder = tempfile::tempdir().expect("a folder");
    let document = fs::read_to_string(fixture("contacts/openapi.yaml")).expect("the document");
    let header = "{ name: idempotency-key, in: header, schema: { type: string } }";
    let with_header = document
        .replace(
            "      operationId: create_contact\n",
            &format!("      operationId: create_contact\n      parameters: [{header}]\n"),
        )
        .replace(
            "  /contacts/{id}:\n    parameters:\n",
            &format!("  /contacts/{{id}}:\n    parameters:\n      - {header}\n"),
        );
    fs::write(folder.path().join("openapi.yaml"), with_header).expect("a file");
    let view = json_of(&["contacts", "--spec", "openapi.yaml"], folder.path());
    assert_eq!(view["models"][0]["backend"], json!([]));
}

/// Writes that go to a sync server need nothing of the API.
#[test]
fn what_a_sync_server_makes_needless() {
    let view = json_of(&["pages"], &fixture("server-metadata"));
    let pages = &view["models"][0];
    assert_eq!((&pages["settled_by"], &pages["backend"]), (&json!("place"), &json!([])));
    let of = |transport: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let document = fs::read_to_string(fixture("workspace/openapi.yaml")).expect("the document");
        fs::write(folder.path().join("openapi.yaml"), document + "servers: [{ url: /v1 }]\n").expect("a file");
        let config = format!("version: 1\nspec: ./openapi.yaml\noutput: x\ntransport: {transport}\n");
        fs::write(folder.path().join("sync-patterns.config.yaml"), config).expect("a file");
        let generated = sync_patterns(&["generate"], folder.path());
        assert_eq!(generated.code, 0, "{}", generated.stderr);
        inspect(&[], folder.path()).stdout + &generated.stderr
    };
    for told in ["(PUT)", "Idempotency-Key", "`api_base_url`"] {
        assert!(of("rest").contains(told), "{told}");
        assert!(!of("push-pull").contains(told), "{told}");
    }
}

/// A create whose key is an integer takes one, and still leaves the making of it to the server.
#[test]
fn what_a_key_lacks() {
    let note = "{ type: object, properties: { id: { type: integer }, text: { type: string } } }";
    let content = |schema: &str| format!("content: {{ application/json: {{ schema: {schema} }} }}");
    let document = format!(
        "{{ openapi: 3.1.0, info: {{ title: x, version: '1' }}, paths: {{ /notes: {{ \
         get: {{ responses: {{ '200': {{ description: All, {} }} }} }}, \
         post: {{ requestBody: {{ {} }}, responses: {{ '201': {{ description: One }} }} }} }} }} }}",
        content(&format!("{{ type: array, items: {note} }}")),
        content(note),
    );
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("openapi.yaml"), document).expect("a file");
    let view = json_of(&["--spec", "openapi.yaml"], folder.path());
    let additions = view["models"][0]["backend"].as_array().expect("a list").clone();
    let additions: Vec<&str> = additions.iter().filter_map(|addition| addition["add"].as_str()).collect();
    assert!(additions.contains(&"key_of_clients") && !additions.contains(&"key"), "{additions:?}");
}

/// Rows that the client can't make have their keys from the server, and none is inserted.
#[test]
fn rows_that_only_the_server_makes() {
    let view = json_of(&["tasks_comments"], &fixture("nested-paths"));
    let comments = &view["models"][0];
    assert_eq!(comments["key"]["made_by"], json!("server"));
    let fields = comments["fields"].as_array().expect("fields");
    assert!(fields.iter().all(|field| field["insert"] == json!("never")), "{fields:?}");
}

/// Collections that keep nothing on the device settle nothing there.
#[test]
fn collections_on_electric() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = fixture("contacts/openapi.yaml");
    let config = format!("version: 1\nspec: {:?}\noutput: x\ncollections: electric\n", spec.to_string_lossy());
    fs::write(folder.path().join("sync-patterns.config.yaml"), config).expect("a file");
    let view = json_of(&["contacts"], folder.path());
    let contacts = &view["models"][0];
    assert_eq!((&contacts["collections"], &contacts["settled_by"]), (&json!("electric"), &json!("txid or answer")));
    assert_eq!(contacts["backend"].as_array().map(Vec::len), Some(1), "{}", contacts["backend"]);
    let text = inspect(&["contacts"], folder.path()).stdout;
    assert!(text.contains("kept     nothing on the device"), "{text}");
}

/// The sections that the additions name are in the page that the heading names.
#[test]
fn sections_of_the_page() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/backend.md")).expect("the page");
    let headings: Vec<String> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).map(|heading| heading.replace('`', "")).collect();
    for addition in sync_patterns::inspect::backend::ADDITIONS {
        assert!(headings.iter().any(|heading| heading == addition.section), "{}", addition.section);
    }
    let shown = inspect(&[], &fixture("workspace")).stdout;
    assert!(shown.contains("(docs/backend.md says how)"), "{shown}");
}

/// A name out of a document moves no cursor.
#[test]
fn hostile_names() {
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "x", "version": "1" },
        "paths": { "/\u{1b}[2Jcontacts": { "get": { "responses": { "200": { "description": "", "content": {
            "application/json": { "schema": { "type": "array", "items": { "type": "object", "properties": {
                "id": { "type": "string" }, "\u{1b}[31m\nname": { "type": "string", "default": "\u{202e}" }
            } } } }
        } } } } } }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let input = document.to_string();
    for model in [&[][..], &["/\u{1b}[2Jcontacts"]] {
        let arguments = [&["inspect", "--spec", "-", "--all"], model].concat();
        let run = sync_patterns_with_input(&arguments, folder.path(), input.as_bytes());
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']), "{:?}", run.stdout);
    }
}

#[test]
fn what_a_row_and_its_key_may_be_is_said_to_be_a_guess() {
    let run = inspect(&[], &fixture("guesses"));
    insta::assert_snapshot!("guesses", run.stdout);
    let view = json_of(&[], &fixture("guesses"));
    let models = view["models"].as_array().expect("models");
    let said = models.iter().flat_map(|model| {
        let guesses = model["guesses"].as_array().expect("guesses").iter();
        guesses.map(|guess| {
            format!("{}: {}\n", model["name"].as_str().unwrap_or_default(), guess["guess"].as_str().unwrap_or_default())
        })
    });
    insta::assert_snapshot!("guesses_told", said.collect::<String>());
    let notes: Vec<&Value> = models.iter().flat_map(|model| model["notes"].as_array().expect("notes")).collect();
    assert!(
        notes.contains(&&json!("`runners` leaves out `dateof`: it would have the same column as `dateOf`")),
        "{notes:?}"
    );
    let habits = inspect(&["habits"], &fixture("guesses"));
    assert!(habits.stdout.contains("as POST /habits takes"), "{}", habits.stdout);
}

#[test]
fn shapes_lack_rows_that_a_delete_only_marks() {
    let list = |row: &Value| {
        let content = json!({ "application/json": { "schema": { "type": "array", "items": row } } });
        json!({ "get": { "responses": { "200": { "description": "All", "content": content } } } })
    };
    let row = |mark: &str, schema: Value| json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" }, mark: schema } });
    let time = || json!({ "type": ["string", "null"], "format": "date-time" });
    let item = json!({
        "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
        "delete": { "responses": { "204": { "description": "Done" } } },
    });
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Notes", "version": "1" },
        "paths": {
            "/notes": list(&row("deletedAt", time())),
            "/notes/{id}": item,
            "/tags": list(&row("is_deleted", json!({ "type": "boolean" }))),
            "/tags/{id}": item,
            "/trash": list(&row("deleted_at", time())),
            "/trash/{id}": item,
            "/archive": list(&row("deleted_at", time())),
        },
    });
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("openapi.json"), document.to_string()).expect("the document");
    let config = "{ version: 1, spec: openapi.json, output: out, transport: electric, sync: all, models: { \
        notes: { path: /notes, columns: snake }, trash: { path: /trash, soft_delete: false } } }";
    fs::write(folder.path().join("sync-patterns.config.yaml"), config).expect("the config");
    let run = sync_patterns(&["generate"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (model, expected) in [
        ("notes", Some(r#"  where: '"deleted_at" IS NULL',"#)),
        ("tags", Some(r#"  where: '"is_deleted" = false OR "is_deleted" IS NULL',"#)),
        ("trash", None),
        ("archive", None),
    ] {
        let text = fs::read_to_string(folder.path().join(format!("out/schema/{model}.ts"))).expect("the model");
        assert_eq!(text.lines().find(|line| line.starts_with("  where:")), expected, "{model}");
    }
    let told = inspect(&["notes"], folder.path()).stdout;
    assert!(told.contains("shape    without deleted rows, by `deletedAt`"), "{told}");
}
