//! How many lines of the generated files an edit of the document changes: those are what somebody reviews.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::binary::sync_patterns_with_input;
use serde_json::{Map, Value, json};
use similar::{ChangeTag, TextDiff};

/// Six models; what is edited is `tasks`, with twelve properties, and `labels`, with three.
const SPEC: &str = include_str!("../../fixtures/workspace/openapi.yaml");

/// What may change, and how many lines of it at the most, in either database.
struct Bound {
    lines: usize,
    files: &'static [&'static str],
}

const TASKS: &[&str] = &["schema/schema.json", "schema/tasks.", "schema/tasks-sql.ts", "types/tasks.ts"];
const LABELS: &[&str] =
    &["schema/schema.json", "schema/labels.", "schema/labels-sql.ts", "types/labels.ts", "collections/labels.ts"];

type Edit = (&'static str, fn(&mut Value), Bound);

/// Lines are in pairs where one is replaced. A property is in `schema.json`, twice in each table and in the view's two
/// halves, all of the SQL once more in `*-sql.ts`, in `tasks.ts` with the hash of that SQL, and in up to three types.
const EDITS: &[Edit] = &[
    (
        "a property is added",
        |spec| add(spec, "Label", "note", json!({ "type": ["string", "null"] })),
        Bound { lines: 37, files: LABELS },
    ),
    (
        "a property is added, and the lists of what requests take no longer fit on a line",
        |spec| add(spec, "Task", "note", json!({ "type": ["string", "null"] })),
        Bound { lines: 82, files: TASKS },
    ),
    (
        "a property that is only read is added",
        |spec| insert(schema(spec, "Task"), "note", 3, json!({ "type": "string" })),
        Bound { lines: 27, files: TASKS },
    ),
    (
        "a property is removed",
        |spec| edit(spec, "Task", &|properties| drop(properties.shift_remove("priority"))),
        Bound { lines: 63, files: TASKS },
    ),
    ("a property is renamed", |spec| rename(spec, "priority", "urgency"), Bound { lines: 80, files: TASKS }),
    ("a property is moved", |spec| move_down(schema(spec, "Task"), "title"), Bound { lines: 72, files: TASKS }),
    (
        "properties of a request are reordered",
        |spec| reverse(schema(spec, "TaskUpdate")),
        Bound { lines: 0, files: &[] },
    ),
    (
        "a property may be null",
        |spec| drop(schema(spec, "Task").insert("title".into(), json!({ "type": ["string", "null"] }))),
        Bound { lines: 22, files: TASKS },
    ),
    (
        "a property has another type",
        |spec| drop(schema(spec, "Task").insert("priority".into(), json!({ "type": "integer", "format": "int64" }))),
        Bound { lines: 20, files: TASKS },
    ),
    (
        "a default is changed",
        |spec| {
            drop(
                schema(spec, "TaskCreate")
                    .insert("priority".into(), json!({ "type": "integer", "format": "int32", "default": 4 })),
            )
        },
        Bound { lines: 10, files: TASKS },
    ),
    (
        "a schema is described",
        |spec| spec["components"]["schemas"]["Task"]["description"] = json!("A thing to do."),
        Bound { lines: 1, files: &["types/tasks.ts"] },
    ),
    (
        "a model is saved once the server says so",
        |spec| spec["paths"]["/labels"]["x-sync"]["local_first"] = json!(false),
        Bound { lines: 6, files: LABELS },
    ),
    (
        "a model can't be deleted any more",
        |spec| drop(object(&mut spec["paths"]["/labels/{id}"]).shift_remove("delete")),
        Bound { lines: 82, files: LABELS },
    ),
    (
        "a model's type is renamed",
        |spec| replace(spec, "Label", "Mark"),
        Bound {
            lines: 24,
            files: &["index.ts", "store.ts", "schema/schema.json", "types/labels.ts", "collections/labels.ts"],
        },
    ),
];

fn object(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("an object")
}

/// The properties of a component.
fn schema<'a>(spec: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    object(&mut spec["components"]["schemas"][name]["properties"])
}

fn insert(properties: &mut Map<String, Value>, name: &str, index: usize, value: Value) {
    properties.shift_insert(index, name.to_owned(), value);
}

/// Of the row and of what creates and changes it.
fn edit(spec: &mut Value, model: &str, edit: &dyn Fn(&mut Map<String, Value>)) {
    for end in ["", "Create", "Update"] {
        let name = format!("{model}{end}");
        edit(schema(spec, &name));
        let known: BTreeSet<String> = schema(spec, &name).keys().cloned().collect();
        if let Some(required) = spec["components"]["schemas"][&name]["required"].as_array_mut() {
            required.retain(|name| known.contains(name.as_str().unwrap_or_default()));
        }
    }
}

fn add(spec: &mut Value, model: &str, name: &str, value: Value) {
    edit(spec, model, &|properties| insert(properties, name, 1, value.clone()));
}

fn replace(spec: &mut Value, old: &str, new: &str) {
    *spec = serde_json::from_str(&spec.to_string().replace(old, new)).expect("JSON");
}

fn rename(spec: &mut Value, old: &str, new: &str) {
    replace(spec, &format!("\"{old}\""), &format!("\"{new}\""));
}

fn move_down(properties: &mut Map<String, Value>, name: &str) {
    let index = properties.keys().position(|key| key == name).expect("the property");
    let value = properties.shift_remove(name).expect("the property");
    insert(properties, name, index + 1, value);
}

fn reverse(map: &mut Map<String, Value>) {
    *map = std::mem::take(map).into_iter().rev().collect();
}

/// The generated files, from the program's own mouth.
fn generate(spec: &Value, arguments: &[&str]) -> BTreeMap<String, String> {
    let arguments = [&["generate", "--spec", "-", "--stdout"], arguments].concat();
    let run = sync_patterns_with_input(&arguments, Path::new(env!("CARGO_MANIFEST_DIR")), spec.to_string().as_bytes());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let files = run.stdout.split("==> ").skip(1);
    files
        .map(|file| file.split_once(" <==\n").expect("a name"))
        .map(|(name, text)| (name.into(), text.into()))
        .collect()
}

/// The changed lines of each file that changes.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
    let mut changes = BTreeMap::new();
    for path in before.keys().chain(after.keys()) {
        let text = |files: &BTreeMap<String, String>| files.get(path).cloned().unwrap_or_default();
        let (old, new) = (text(before), text(after));
        let diff = TextDiff::from_lines(&old, &new);
        let changed = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
        let lines: Vec<String> = changed.map(|change| format!("{}{}", change.tag(), change.value())).collect();
        if !lines.is_empty() {
            changes.insert(path.clone(), lines);
        }
    }
    changes
}

fn spec() -> Value {
    serde_saphyr::from_str(SPEC).expect("YAML")
}

const ADAPTERS: [[&str; 4]; 2] =
    [["--output", "out", "--adapter", "pglite"], ["--output", "out", "--adapter", "sqlite"]];

#[test]
fn an_edit_changes_few_lines() {
    for arguments in &ADAPTERS {
        let before = generate(&spec(), arguments);
        for (what, edit, bound) in EDITS {
            let mut edited = spec();
            edit(&mut edited);
            assert_ne!(edited.to_string(), spec().to_string(), "{what}: nothing is edited");
            let changes = changes(&before, &generate(&edited, arguments));
            let lines: usize = changes.values().map(Vec::len).sum();
            let all: String = changes.values().flatten().map(String::as_str).collect();
            assert!(lines <= bound.lines, "{what}: {lines} lines\n{all}");
            assert_eq!(lines == 0, bound.lines == 0, "{what}: {lines} lines");
            for path in changes.keys() {
                assert!(bound.files.iter().any(|file| path.starts_with(file)), "{what}: {path}\n{all}");
            }
        }
    }
}

/// A model's own files come and go with it, and elsewhere it is a line or two.
#[test]
fn a_model_that_is_added_or_removed_leaves_the_others_alone() {
    for arguments in &ADAPTERS {
        let mut removed = spec();
        object(&mut removed["paths"]).retain(|path, _| !path.starts_with("/labels"));
        let (all, without) = (generate(&spec(), arguments), generate(&removed, arguments));
        let own = |path: &str| path.contains("/labels.") || path.ends_with("/labels-sql.ts");
        for (before, after, sign) in [(&all, &without, '-'), (&without, &all, '+')] {
            for (path, lines) in changes(before, after) {
                assert!(lines.iter().all(|line| line.starts_with(sign)), "{path}: {lines:?}");
                let most = match path.as_str() {
                    path if own(path) => usize::MAX,
                    "client.ts" | "index.ts" | "schema/_schema.ts" | "schema/index.ts" => 2,
                    "store.ts" => 6,
                    "schema/schema.json" => 60,
                    _ => 0,
                };
                assert!(lines.len() <= most, "{path}: {lines:?}");
            }
        }
    }
}

#[test]
fn the_order_of_paths_and_schemas_changes_nothing() {
    for name in [
        "composition",
        "contacts",
        "enums-and-unions",
        "envelopes",
        "hostile-names",
        "keys",
        "nested-paths",
        "workspace",
    ] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/{name}/openapi.yaml"));
        same_when_reversed(&serde_saphyr::from_str(&std::fs::read_to_string(file).expect("a document")).expect("YAML"));
    }
}

/// Several paths to the same rows, of which one counts, with nothing to tell which.
#[test]
fn the_order_of_paths_doesnt_decide_between_them() {
    let rows = json!({ "200": { "description": "Rows", "content": { "application/json": {
        "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Card" } } } } } });
    let list = json!({ "get": { "responses": rows } });
    let lists = |parent: &str| {
        json!({
            "parameters": [{ "name": "parent", "in": "path", "required": true, "schema": { "type": "string" } }],
            "get": { "responses": rows, "summary": parent }
        })
    };
    same_when_reversed(&json!({
        "openapi": "3.1.0",
        "info": { "title": "Cards", "version": "1" },
        "paths": {
            "/decks/{parent}/cards": lists("a deck"),
            "/boxes/{parent}/cards": lists("a box"),
            "/stars/": list,
            "/stars": list,
        },
        "components": { "schemas": { "Card": {
            "type": "object", "required": ["id"], "properties": { "id": { "type": "string", "format": "uuid" } }
        } } }
    }));
}

fn same_when_reversed(spec: &Value) {
    let arguments = ["--output", "out", "--all"];
    let mut reversed = spec.clone();
    reverse(object(&mut reversed["paths"]));
    reverse(object(&mut reversed["components"]["schemas"]));
    reverse(object(&mut reversed));
    assert_eq!(changes(&generate(spec, &arguments), &generate(&reversed, &arguments)), BTreeMap::new());
}
