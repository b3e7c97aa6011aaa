//! The generated sync server, on PGlite and on PostgreSQL.

mod command;
mod servers;

use std::fs;
use std::sync::OnceLock;

use crate::support::binary::sync_patterns;
use crate::support::node::node;
use crate::support::postgres::Postgres;
use crate::support::size::is_long;
use crate::support::start_application::{type_check_application, write_application};
use crate::support::workspace::Workspace;
use servers::{STAGE, generate, generate_servers, home, older};

/// The server and the tests as JavaScript.
fn compiled() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let workspace = Workspace::for_sync_server("sync-server");
        production(&workspace);
        migrated(&workspace);
        for fixture in ["server", "server-options"] {
            fixture_server(&workspace, fixture);
        }
        generate_for_drizzle(&workspace);
        generate_servers(&workspace);
        workspace.copy(&home(), "src/tests");
        let random = home().join("../client/support/random.ts");
        workspace.write_file("src/tests/support/random.ts", &fs::read_to_string(random).expect("text"));
        workspace.compile();
        workspace
    })
}

/// Writes servers with their tables for Drizzle: of an older document, and of the document.
fn generate_for_drizzle(workspace: &Workspace) {
    let [document, config] =
        ["openapi.yaml", "sync-patterns.config.yaml"].map(|file| fs::read_to_string(home().join(file)).expect("text"));
    let in_folder = |config: &str, folder: &str| {
        config.replace("server/sync\n", &format!("server/{folder}\n  orm: drizzle\n  history: true\n"))
    };
    generate(
        workspace,
        &older(&document, "  /tasks:\n", "  /countries:\n").replace(STAGE, ""),
        &in_folder(&older(&config, "  tasks:\n", "  countries:\n"), "drizzle-before"),
    );
    generate(workspace, &document, &in_folder(&config, "drizzle"));
}

/// A server before and after a change of its document, and what `migrate` prints between the two.
fn migrated(workspace: &Workspace) {
    let [before, config] = ["openapi.yaml", "sync-patterns.config.yaml"]
        .map(|file| fs::read_to_string(home().join("migrated").join(file)).expect("text"));
    workspace.write_file("openapi.yaml", &before);
    workspace.write_file("sync-patterns.config.yaml", &config);
    let run = |arguments: &[&str]| {
        let run = sync_patterns(arguments, workspace.folder());
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout
    };
    run(&["generate"]);
    let edits = [
        ("        fax: { type: [string, \"null\"] }\n", ""),
        ("age: { type: [string, \"null\"] }", "age: { type: [integer, \"null\"], format: int32 }"),
        (
            "city: { type: [string, \"null\"] }",
            "city: { type: string }\n        rank: { type: integer, format: int32 }",
        ),
        (
            "required: [id, name]\n      properties:\n        id: { type: string, format: uuid }\n        name: { type: string }\n        age",
            "required: [id, name, city, rank]\n      properties:\n        id: { type: string, format: uuid }\n        name: { type: string, maxLength: 5 }\n        age",
        ),
    ];
    let after = edits.iter().fold(older(&before, "  /logs:\n", "components:\n"), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let config = config
        .replace("  members: { local_first: true }", "  members: { local_first: true, references: { squad: teams } }")
        .replace("  logs: { local_first: true }\n", "")
        .replace("server/before", "server/after");
    workspace.write_file("openapi.yaml", &after);
    workspace.write_file("sync-patterns.config.yaml", &config);
    workspace.write_file("src/migration.sql", &run(&["migrate"]));
    generate(workspace, &after, &config);
}

/// The code of the page on production, with the server of its two tables.
fn production(workspace: &Workspace) {
    let page = fs::read_to_string(home().join("../../docs/sync-server-in-production.md")).expect("the page");
    let blocks = |language: &str| -> Vec<String> {
        let fence = format!("```{language}\n");
        page.split(&fence).skip(1).map(|rest| rest.split("```").next().expect("its end").to_owned()).collect()
    };
    let [document, config] = &blocks("yaml")[..] else { panic!("the document and the config") };
    generate(workspace, document, &config.replace("./src/server/sync", "./src/server/two"));
    let [tables] = &blocks("sql")[..] else { panic!("the two tables") };
    workspace.write_file("src/production/tables.sql", tables);
    let code = blocks("ts");
    assert_eq!(code.len(), 4);
    for text in code {
        let name = text.lines().next().and_then(|line| line.strip_prefix("// src/")).expect("the file's name");
        let text = text.replace("./server/sync/index.js", "../server/two/index.js");
        workspace.write_file(&format!("src/production/{name}"), &text);
    }
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
        .replace(", framework: tanstack-start", "")
        .replace(", framework: sveltekit", "");
    // Node runs a server that nothing bundles, whatever bundles the client.
    let config = config + "import_extension: none\n";
    generate(workspace, &document, &config);
}

/// What a short run has on PostgreSQL alone, where that is installed: PGlite, which is PostgreSQL, runs the same SQL for it.
const ON_POSTGRES: [&str; 4] = ["http", "protocol/history", "protocol/metadata", "protocol/security"];

/// In a short run, one file of tests shows the second driver of PostgreSQL, and one driver what tables of another application do.
fn drivers(suite: &str, tables: &str) -> &'static str {
    if is_long() || (suite, tables) == ("protocol/push", "own") {
        "all"
    } else if tables == "existing" || ON_POSTGRES.contains(&suite) {
        "one"
    } else {
        "two"
    }
}

/// Runs the tests of a file on the databases that are there.
fn run(suite: &str) {
    run_on(suite, "own");
}

/// `tables`: whose the tables are.
fn run_on(suite: &str, tables: &str) {
    let postgres = Postgres::shared();
    let mut command = node(compiled().folder());
    command.args(["--enable-source-maps", "--test-force-exit", "--test-reporter=spec"]);
    command.arg(format!("dist/tests/{suite}.test.js"));
    command.env("SYNC_TABLES", tables);
    command.env("SYNC_DRIVERS", drivers(suite, tables));
    command.env("SYNC_POSTGRES", postgres.as_ref().map_or("", |postgres| &postgres.url));
    let output = command.output().expect("Node");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("pass ") && !said.contains("pass 0\n"), "no test ran:\n{said}");
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

/// The main sentences of the protocol, on tables of another application.
#[test]
fn existing_push() {
    run_on("protocol/push", "existing");
}

#[test]
fn existing_pull() {
    run_on("protocol/pull", "existing");
}

#[test]
fn existing_conflicts() {
    run_on("protocol/conflicts", "existing");
}

#[test]
fn existing() {
    run("existing");
}

#[test]
fn migrated_tables() {
    run("migrated");
}

#[test]
fn production_page() {
    run("production");
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
fn metadata() {
    run("protocol/metadata");
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
fn drizzle() {
    run("drizzle");
}

#[test]
fn broken_connections() {
    // PGlite has none.
    if Postgres::shared().is_some() {
        run("broken_connections");
    }
}

#[test]
fn http() {
    run("http");
}

/// The functions of TanStack Start compile, with what the application says to them, and the client takes them.
#[test]
fn server_functions_have_types() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = home().join("../../fixtures/workspace");
    let config = fs::read_to_string(workspace.join("sync-patterns.config.yaml")).expect("the config");
    write_application(folder.path(), &workspace.join("openapi.yaml"), &config);
    type_check_application(folder.path());
}

#[test]
fn formatted() {
    // What isn't of the document is the same in all servers. A short run has that of one, and not the tests themselves.
    let one = ["src/server/sync/**/*.ts", "src/server/**/models/*.ts", "src/production/*.ts"];
    let others = ["src/server/{drizzle,existing-metadata}/**/*.ts", "src/tests/**/*.ts"];
    compiled().assert_formatted(&[&one[..], if is_long() { &others } else { &[] }].concat());
}
