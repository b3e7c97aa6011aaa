//! The generated client end to end, in Node: it is generated from `fixtures/workspace`, compiled with the tests beside
//! this file, and runs against an API server with Electric's HTTP API. Each file of tests runs once for each adapter.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::binary::sync_patterns;
use crate::support::workspace::Workspace;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Clients of both adapters and the tests, as JavaScript.
fn compiled() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let workspace = Workspace::new("client");
        for adapter in ["pglite", "sqlite"] {
            let output = workspace.folder().join("src").join(adapter);
            let output = output.to_str().expect("a path");
            let arguments = ["generate", "--adapter", adapter, "--output", output];
            let run = sync_patterns(&arguments, &repository().join("fixtures/workspace"));
            assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        }
        let upgrade = repository().join("tests/client/upgrade");
        for (version, adapter) in [("before", "pglite"), ("before", "sqlite"), ("after", "pglite"), ("after", "sqlite")]
        {
            let output = workspace.folder().join("src").join(format!("{version}-{adapter}"));
            let output = output.to_str().expect("a path");
            let spec = format!("{version}.yaml");
            let run = sync_patterns(&["generate", "--adapter", adapter, "--spec", &spec, "--output", output], &upgrade);
            assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        }
        workspace.copy(&repository().join("tests/client"), "src/tests");
        workspace.compile();
        workspace
    })
}

fn run(adapter: &str, name: &str) {
    let file = PathBuf::from("dist/tests").join(format!("{}.test.js", name.replace('_', "-")));
    let output = Command::new("node")
        .args(["--enable-source-maps", "--test-force-exit", "--test-reporter=spec"])
        .arg(file)
        .env("ADAPTER", adapter)
        .env("OLDER_SCHEMAS", repository().join("tests/client/older"))
        .current_dir(compiled().folder())
        .output()
        .expect("Node on the PATH");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{adapter}, {name}:\n{text}");
    println!("{text}");
}

/// What is tested of the server itself, once.
const SERVER: &[&str] = &["server"];

macro_rules! suites {
    ($($name:ident),* $(,)?) => {
        const SUITES: &[&str] = &[$(stringify!($name)),*];

        mod pglite {
            $(#[test] fn $name() { super::run("pglite", stringify!($name)); })*
        }

        mod sqlite {
            $(#[test] fn $name() { super::run("sqlite", stringify!($name)); })*
        }
    };
}

suites! {
    answers, auth, chaos, confirmed, convergence, crashes, faults, older_log, references, refetch, server_keys, upgrade
}

#[test]
fn server() {
    run("none", "server");
}

#[test]
fn every_file_of_tests_runs() {
    let files = std::fs::read_dir(repository().join("tests/client")).expect("the folder");
    let names = files.map(|file| file.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut found: Vec<String> =
        names.filter_map(|name| Some(name.strip_suffix(".test.ts")?.replace('-', "_"))).collect();
    let mut expected: Vec<&str> = SUITES.iter().chain(SERVER).copied().collect();
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
