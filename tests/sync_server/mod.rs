//! The generated sync server, on PGlite and on PostgreSQL.

mod command;
mod postgres;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::support::binary::sync_patterns;
use crate::support::node::node;
use crate::support::workspace::Workspace;
use postgres::Postgres;

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sync_server")
}

/// The server and the tests as JavaScript.
fn compiled() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let workspace = Workspace::for_sync_server("sync-server");
        let [document, config] = ["openapi.yaml", "sync-patterns.config.yaml"]
            .map(|file| fs::read_to_string(home().join(file)).expect("text"));
        generate(&workspace, &older(&document, "  /tasks:\n", "  /countries:\n").replace(STAGE, ""), &{
            older(&config, "  tasks:\n", "  countries:\n").replace("server/sync", "server/older")
        });
        generate(&workspace, &document, &strict(&config));
        for fixture in ["server", "server-options"] {
            fixture_server(&workspace, fixture);
        }
        generate(&workspace, &document, &config);
        workspace.copy(&home(), "src/tests");
        let random = home().join("../client/support/random.ts");
        workspace.write_file("src/tests/support/random.ts", &fs::read_to_string(random).expect("text"));
        workspace.compile();
        workspace
    })
}

/// A column of the deals that the older document doesn't have.
const STAGE: &str = "        stage: { type: [string, \"null\"] }\n";

/// Without what stands from one line up to another one.
fn older(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).expect("the first line");
    let (_, after) = rest.split_once(to).expect("the line behind it");
    format!("{before}{to}{after}")
}

/// With all options of a server, and roles for a column.
fn strict(config: &str) -> String {
    let roles = "    rbac:\n      field_groups: { links: [contact_id] }\n      \
                 role_permissions: { editor: { links: write }, reader: { links: read } }\n";
    config
        .replace(
            "output: ./src/server/sync\n",
            "output: ./src/server/strict\n  row_level_security: true\n  history: true\n",
        )
        .replace(
            "    references: { contact_id: contacts }\n",
            &format!("    references: {{ contact_id: contacts }}\n{roles}"),
        )
}

/// The server of a fixture, in `src/server/fixtures`.
fn fixture_server(workspace: &Workspace, name: &str) {
    let folder = home().join("../../fixtures").join(name);
    let [document, config] =
        ["openapi.yaml", "sync-patterns.config.yaml"].map(|file| fs::read_to_string(folder.join(file)).expect("text"));
    let config = config
        .replace("output: ./server", &format!("output: ./src/server/fixtures/{name}"))
        .replace("output: ./generated", "output: ./src/generated")
        // The packages of a framework aren't here.
        .replace(" framework: tanstack-start,", "");
    generate(workspace, &document, &config);
}

fn generate(workspace: &Workspace, document: &str, config: &str) {
    workspace.write_file("openapi.yaml", document);
    workspace.write_file("sync-patterns.config.yaml", config);
    let generated = sync_patterns(&["generate"], workspace.folder());
    assert_eq!(generated.code, 0, "{}", generated.stderr);
    // The client is compiled by other tests.
    fs::remove_dir_all(workspace.folder().join("src/generated")).expect("the client's folder removed");
}

/// Runs the tests of a file on all databases that are there.
fn run(suite: &str) {
    let postgres = Postgres::start();
    let mut command = node(compiled().folder());
    command.args(["--enable-source-maps", "--test", "--test-force-exit", "--test-reporter=spec"]);
    command.arg(format!("dist/tests/{suite}.test.js"));
    command.env("SYNC_POSTGRES", postgres.as_ref().map_or("", |postgres| &postgres.url));
    let output = command.output().expect("Node");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("tests 0\n"), "no test ran:\n{said}");
}

#[test]
fn push() {
    run("protocol/push");
}

#[test]
fn conflicts() {
    run("protocol/conflicts");
}

#[test]
fn pull() {
    run("protocol/pull");
}

#[test]
fn upgrade() {
    run("protocol/upgrade");
}

#[test]
fn security() {
    run("protocol/security");
}

#[test]
fn roles() {
    run("protocol/roles");
}

#[test]
fn row_level_security() {
    run("protocol/row_level_security");
}

#[test]
fn history() {
    run("protocol/history");
}

#[test]
fn fixtures() {
    run("fixtures");
}

#[test]
fn simulation() {
    run("simulation");
}

#[test]
fn planted() {
    run("planted");
}

#[test]
fn http() {
    run("http");
}

#[test]
fn formatted() {
    compiled().assert_formatted(&["src/server/**/*.ts", "src/tests/**/*.ts"]);
}
