//! What `diff` says of a change, and what the upgrade of a database with pending writes then does.

mod api;
mod cases;
mod command;
mod fits;
mod tables;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::support::binary::sync_patterns;
use crate::support::node::node;
use crate::support::size::is_long;
use crate::support::workspace::Workspace;
use api::Api;
use cases::{CASES, Case};
use rayon::prelude::*;
use serde_json::{Value, json};

const ADAPTERS: [&str; 2] = ["pglite", "sqlite"];

/// Those of an adapter. PGlite takes a second for each: a short run has one of three there.
fn cases_of(adapter: &str) -> Vec<&'static Case> {
    let step = if is_long() || adapter == "sqlite" { 1 } else { 3 };
    CASES.iter().step_by(step).collect()
}

/// The clients of the cases of both adapters as JavaScript, with what `diff` says of each.
fn compiled() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let workspace = Workspace::new("diff");
        for adapter in ADAPTERS {
            generate(&workspace, &api::api(), "before", adapter);
            let before = format!("../before/{adapter}/schema/schema.json");
            let cases: Vec<Value> =
                cases_of(adapter).into_par_iter().map(|case| told(&workspace, case, adapter, &before)).collect();
            workspace.write_file(&format!("cases-{adapter}.json"), &json!(cases).to_string());
        }
        workspace.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/diff"), "src");
        workspace.compile();
        for adapter in ADAPTERS {
            cases_of(adapter).into_iter().for_each(|case| complete(&workspace, case, adapter));
        }
        workspace
    })
}

/// Writes a project, and generates the part of its client that opens a database.
fn generate(workspace: &Workspace, api: &Api, name: &str, adapter: &str) {
    workspace.write_file(&format!("{name}/openapi.json"), &api.document().to_string());
    workspace.write_file(&format!("{name}/sync-patterns.config.yaml"), &api.config());
    let folder = workspace.folder().join(name);
    let run = sync_patterns(&["generate", "--adapter", adapter, "--output", adapter], &folder);
    assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    let client = format!("src/clients/{name}-{adapter}");
    workspace.copy(&folder.join(adapter).join("schema"), &format!("{client}/schema"));
    if name == "before" {
        workspace.copy(&folder.join(adapter).join("db"), &format!("{client}/db"));
    } else {
        // All that the schema refers to. The rest is the same in every client, and compiled once.
        for file in ["db/client/model.ts", "db/client/json.ts"] {
            let text = fs::read_to_string(folder.join(adapter).join(file)).expect("a file");
            workspace.write_file(&format!("{client}/{file}"), &text);
        }
    }
}

/// Gives the client of a case the code that all clients share.
fn complete(workspace: &Workspace, case: &Case, adapter: &str) {
    let folder = |name: &str| workspace.folder().join(format!("dist/clients/{name}-{adapter}/db"));
    copy_folder(&folder("before"), &folder(case.name));
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder") {
        let path = entry.expect("an entry").path();
        let copy = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, copy).expect("a copy");
        }
    }
}

fn told(workspace: &Workspace, case: &Case, adapter: &str, before: &str) -> Value {
    let mut api = api::api();
    (case.edit)(&mut api);
    generate(workspace, &api, case.name, adapter);
    let arguments = ["diff", "--adapter", adapter, "--base", before, "--format", "json", "--exit-code"];
    let run = sync_patterns(&arguments, &workspace.folder().join(case.name));
    assert_eq!(run.code, i32::from(!case.kinds.is_empty()), "{}: {}{}", case.name, run.stdout, run.stderr);
    let told: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(kinds(&told), case.kinds, "{}: {}", case.name, run.stdout);
    json!({ "name": case.name, "changes": told["changes"], "unfit": case.unfit })
}

fn kinds(told: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let changes = told["changes"].as_array().expect("a list").iter();
    changes
        .map(|change| {
            let place = format!("{} {}", text(&change["kind"]), text(&change["model"]));
            if change["column"].is_null() { place } else { format!("{place}.{}", text(&change["column"])) }
        })
        .collect()
}

fn upgrade(adapter: &str) {
    let output = node(compiled().folder())
        .args(["--enable-source-maps", "dist/upgrade.js"])
        .env("ADAPTER", adapter)
        .output()
        .expect("Node on the PATH");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{adapter}:\n{text}");
    let done = text.lines().filter(|line| line.starts_with("as told: ")).count();
    assert_eq!(done, cases_of(adapter).len(), "{text}");
}

#[test]
fn an_upgrade_in_pglite_does_what_is_told() {
    upgrade("pglite");
}

#[test]
fn an_upgrade_in_sqlite_does_what_is_told() {
    upgrade("sqlite");
}
