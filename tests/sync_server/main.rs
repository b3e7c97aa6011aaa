//! The generated sync server, on PGlite and on PostgreSQL.

#![cfg(unix)]

mod command;
mod postgres;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use postgres::Postgres;
use support::binary::sync_patterns;
use support::workspace::Workspace;

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sync_server")
}

/// The server and the tests as JavaScript.
fn compiled() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let workspace = Workspace::for_sync_server("sync-server");
        for file in ["openapi.yaml", "sync-patterns.config.yaml"] {
            workspace.write_file(file, &fs::read_to_string(home().join(file)).expect("text"));
        }
        let generated = sync_patterns(&["generate"], workspace.folder());
        assert_eq!(generated.code, 0, "{}", generated.stderr);
        // The client is compiled by other tests.
        fs::remove_dir_all(workspace.folder().join("src/generated")).expect("the client's folder removed");
        workspace.copy(&home(), "src/tests");
        workspace.compile();
        workspace
    })
}

/// Runs the tests of a file on all databases that are there.
fn run(suite: &str) {
    let postgres = Postgres::start();
    let mut command = Command::new("node");
    command.args(["--enable-source-maps", "--test", "--test-force-exit", "--test-reporter=spec"]);
    command.arg(format!("dist/tests/{suite}.test.js")).current_dir(compiled().folder());
    command.env("SYNC_POSTGRES", postgres.as_ref().map_or("", |postgres| &postgres.url));
    let output = command.output().expect("Node");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("tests 0\n"), "no test ran:\n{said}");
}

#[test]
fn protocol() {
    run("protocol");
}

#[test]
fn http() {
    run("http");
}

#[test]
fn formatted() {
    compiled().assert_formatted(&["src/server/**/*.ts", "src/tests/**/*.ts"]);
}
