//! What `diff` says of the sync server's tables, and what `schema.sql` then does with tables that have rows.

use std::fs;
use std::path::Path;

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::cli::diff::api::{Api, Column, api, column, int32, text};
use crate::cli::diff::cases::CASES;
use crate::cli::diff::compiled;
use crate::support::binary::sync_patterns;
use crate::support::node::node;
use crate::support::size::is_long;

/// What it is called, and what it does to a document.
type Edit<T> = (&'static str, fn(&mut T));

/// Changes that only the server knows of, or that mean something else to it.
const OWN: &[Edit<Api>] = &[
    ("longest", |api| api.things.column("nick").schema["maxLength"] = 1.into()),
    ("decimal-to-float", |api| api.things.column("size").schema = json!({ "type": "number" })),
    ("date-to-text", |api| api.things.column("due").schema = text()),
    ("time-to-date", |api| api.things.column("made_at").schema = json!({ "type": "string", "format": "date" })),
    ("integer-with-default", |api| {
        api.things.column("age").schema = json!({ "type": "integer", "format": "int64", "default": 7 });
    }),
    ("required-with-default", |api| {
        let schema = json!({ "type": "integer", "format": "int32", "default": 3 });
        api.things.columns.push(Column { nullable: false, ..column("level", schema) });
    }),
    ("scope", |api| api.config = "  things: { scope: { column: code, as: team } }\n"),
    ("soft-delete", |api| api.config = "  things: { soft_delete: made_at }\n"),
    ("reference-retyped", |api| api.labels.as_mut().expect("labels").column("thing_id").schema = int32()),
];

/// What the server does by its config: each is taken up, and given up again.
const OPTIONS: &[Edit<Api>] = &[
    ("row-level-security", |api| api.server = ", row_level_security: true"),
    ("history", |api| api.server = ", history: true"),
    ("reject", |api| api.config = "  things: { conflict: reject }\n"),
    ("last-write-wins", |api| api.config = "  things: { conflict: last-write-wins }\n"),
];

fn edited(edit: fn(&mut Api)) -> Api {
    let mut edited = api();
    edit(&mut edited);
    edited
}

/// Changes, each with its name, the API before, where it is another than usual, and the one after.
fn changes() -> Vec<(String, Option<Api>, Api)> {
    let all = CASES.iter().map(|case| (case.name, case.edit)).chain(OWN.iter().chain(OPTIONS).copied());
    let mut changes: Vec<_> = all.map(|(name, edit)| (name.to_owned(), None, edited(edit))).collect();
    changes.extend(OPTIONS.iter().map(|(name, edit)| (format!("no-{name}"), Some(edited(*edit)), api())));
    let [_, _, (_, reject), (_, later)] = *OPTIONS else { panic!("an option more") };
    changes.push(("reject-to-last-write-wins".to_owned(), Some(edited(reject)), edited(later)));
    changes.push(("last-write-wins-to-reject".to_owned(), Some(edited(later)), edited(reject)));
    changes
}

/// A project in a folder, with what is generated, and the SQL of its tables.
fn generated(folder: &Path, api: &Api) -> String {
    project(folder, api);
    generate(folder)
}

fn project(folder: &Path, api: &Api) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("openapi.json"), api.document().to_string()).expect("a file");
    let config = format!("{}server: {{ output: ./server{} }}\n", api.config(), api.server);
    fs::write(folder.join("sync-patterns.config.yaml"), config).expect("a file");
}

fn generate(folder: &Path) -> String {
    let run = sync_patterns(&["generate"], folder);
    assert_eq!(run.code, 0, "{}", run.stderr);
    fs::read_to_string(folder.join("server/schema.sql")).expect("the tables")
}

/// The words of a change, and the same as data with the SQL of before and after. `usual`: the tables of the usual API, whose
/// project is there for all.
fn told(folder: &Path, usual: &str, (name, before, after): (String, Option<Api>, Api)) -> (String, Value) {
    let own = folder.join(&name);
    let (base, old) = match before {
        None => ("../../usual", usual.to_owned()),
        Some(before) => ("../before", generated(&own.join("before"), &before)),
    };
    let base = &*format!("{base}/generated/schema/schema.json");
    let new = generated(&own.join("after"), &after);
    let after = own.join("after");
    let mut words = String::new();
    let text = sync_patterns(&["diff", "--base", base], &after).stdout;
    if let Some((_, tables)) = text.split_once("The server's tables: ") {
        let (tables, _) = tables.rsplit_once("\n\n").expect("the last line");
        words += &format!("# {name}: {tables}\n\n");
    }
    let run = sync_patterns(&["diff", "--base", base, "--format", "json"], &after);
    assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    let json: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let tables = json.get("tables").cloned().unwrap_or_else(|| json!([]));
    let run = sync_patterns(&["migrate", "--from", base], &after);
    assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    if let Some((_, statements)) = run.stdout.split_once("\n\n") {
        words += &format!("# {name}, migrate\n\n{statements}\n");
    }
    let case = json!({ "name": name, "before": old, "after": new, "tables": tables, "migration": run.stdout });
    (words, case)
}

#[test]
fn schema_sql_does_with_rows_what_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let usual = generated(&folder.path().join("usual"), &api());
    let told: Vec<_> = changes().into_par_iter().map(|change| told(folder.path(), &usual, change)).collect();
    let (words, cases): (Vec<String>, Vec<Value>) = told.into_iter().unzip();
    insta::assert_snapshot!("tables", words.concat());
    // Before the threads of `rayon` are taken, which it needs as well.
    let workspace = compiled();
    // A short run has every fourth. Two databases, each with half of them.
    let cases: Vec<Value> = cases.into_iter().step_by(if is_long() { 1 } else { 4 }).collect();
    let halves: Vec<&[Value]> = cases.chunks(cases.len().div_ceil(2)).collect();
    halves.par_iter().enumerate().for_each(|(index, half)| {
        let file = format!("tables-{index}.json");
        workspace.write_file(&file, &json!(half).to_string());
        let mut node = node(workspace.folder());
        let output = node.args(["--enable-source-maps", "dist/tables.js", &file]).output().expect("Node on the PATH");
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("as told: ")).count(), half.len(), "{text}");
    });
}

#[test]
fn a_server_that_comes_or_goes_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    project(folder.path(), &api());
    generate(folder.path());
    let config = folder.path().join("sync-patterns.config.yaml");
    let with = fs::read_to_string(&config).expect("the config");
    fs::write(&config, api().config()).expect("a file");
    let gone = sync_patterns(&["diff", "--exit-code"], folder.path());
    assert_eq!(gone.code, 1);
    assert!(gone.stdout.contains("there is no sync server any more"), "{}", gone.stdout);
    assert_eq!(sync_patterns(&["generate"], folder.path()).code, 0);
    fs::write(&config, with).expect("a file");
    let markdown = sync_patterns(&["diff", "--format", "markdown"], folder.path()).stdout;
    assert!(markdown.contains("| info | there is nothing to compare the tables with |"), "{markdown}");
}

/// Nothing of the tables can change without a word.
#[test]
fn every_difference_of_the_tables_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = api();
    all.config = "  things: { scope: { column: code, as: team } }\n";
    project(folder.path(), &all);
    generate(folder.path());
    let file = folder.path().join("generated/schema/schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(file).expect("the schema")).expect("JSON");
    let changes: &[Edit<Value>] = &[
        ("/tables/things/name", |value| *value = "\"other\"".into()),
        ("/tables/things/key/0", |value| *value = "code".into()),
        ("/tables/things/columns/age/type", |value| *value = "TEXT".into()),
        ("/tables/things/columns/title/required", |value| *value = false.into()),
        ("/tables/things/columns/made_at/default", |value| *value = "other()".into()),
        ("/tables/things/columns/state/checks/things_state_1", |value| *value = "other".into()),
        ("/tables/things/scope/kind", |value| *value = "other".into()),
        ("/tables/things/conflict", |value| *value = "reject".into()),
        ("/server/row_level_security", |value| *value = true.into()),
        ("/server/history", |value| *value = true.into()),
        ("/server", |value| value["existing"] = true.into()),
        ("/tables/labels/references/labels_thing_id_reference/to", |value| *value = "other".into()),
    ];
    for (pointer, change) in changes {
        let mut base = schema.clone();
        change(base.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}: {schema:#}")));
        fs::write(folder.path().join("base.json"), base.to_string()).expect("a file");
        let run = sync_patterns(&["diff", "--base", "base.json", "--exit-code"], folder.path());
        assert_eq!(run.code, 1, "{pointer}: {}", run.stdout);
        assert!(run.stdout.contains("The server's tables: 1 "), "{pointer}: {}", run.stdout);
    }
}
