//! The packages that `init` says are needed: those that the tests run with, and those of the guide.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use sync_patterns::codegen::typescript::packages::{SERVER, Sources, packages};
use sync_patterns::config::Adapter;
use sync_patterns::config::Framework;

use crate::cli::home;
use crate::support::binary::sync_patterns;

/// What a lock file installs, by name.
fn locked(folder: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(home().join(folder).join("package-lock.json")).expect("a lock file");
    let lock: Value = serde_json::from_str(&text).expect("JSON");
    let packages = lock["packages"].as_object().expect("packages");
    let installed = packages.iter().filter_map(|(path, package)| {
        Some((path.strip_prefix("node_modules/")?.to_owned(), package["version"].as_str()?.to_owned()))
    });
    installed.collect()
}

#[test]
fn every_choice_is_a_set_that_is_tested() {
    let sets = [locked("tests/npm"), locked("tests/npm/frameworks")];
    for adapter in [Adapter::Pglite, Adapter::Sqlite, Adapter::IndexedDb] {
        for framework in Framework::ALL {
            for bits in 1_u8..16 {
                let has = |bit: u8| bits & bit > 0;
                let sources = Sources { streamed: has(1), polled: has(2), direct: has(4), pulled: has(8) };
                let needed = packages(adapter, framework, sources);
                let is_in = |set: &BTreeMap<String, String>| {
                    needed.iter().all(|package| set.get(package.name).is_some_and(|version| version == package.version))
                };
                assert!(sets.iter().any(is_in), "{adapter:?} {framework:?} {sources:?}: {needed:?}");
                let is_needed = |name: &str| needed.iter().any(|package| package.name == name);
                let database = match adapter {
                    Adapter::Pglite => "@electric-sql/pglite",
                    Adapter::Sqlite => "@sqlite.org/sqlite-wasm",
                    Adapter::IndexedDb => "idb",
                };
                assert_eq!(is_needed(database), sources.local());
                assert_eq!(is_needed("@tanstack/electric-db-collection"), sources.direct);
                assert_eq!(is_needed("@electric-sql/client"), sources.streamed || sources.direct);
            }
        }
    }
    let server = locked("tests/npm/sync-server");
    assert!(SERVER.iter().all(|package| server.get(package.name).is_some_and(|version| version == package.version)));
}

#[test]
fn the_command_of_the_guide() {
    let guide = fs::read_to_string(home().join("docs/guide.md")).expect("the guide");
    let folder = tempfile::tempdir().expect("a folder");
    let document = home().join("fixtures/contacts/openapi.yaml");
    let document = document.to_string_lossy();
    let choices = ["--transport", "rest", "--adapter", "sqlite"];
    let run = sync_patterns(&[&["init", "--spec", &document], &choices[..]].concat(), folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let install = run.stdout.lines().map(str::trim).find(|line| line.starts_with("npm install")).expect("a command");
    assert!(guide.contains(&format!("\n{install}\n")), "{install}");
    // And the table below it.
    for framework in Framework::ALL {
        for direct in [false, true] {
            let sources = Sources { streamed: true, direct, ..Sources::default() };
            let adapters = [Adapter::Sqlite, Adapter::Pglite, Adapter::IndexedDb];
            for package in adapters.into_iter().flat_map(|adapter| packages(adapter, framework, sources)) {
                let is_there = guide.contains(&format!("`{}` {}", package.name, package.version))
                    || guide.contains(&format!("{}@{}", package.name, package.version))
                    || (package.name == "@tanstack/db" && guide.contains(&format!("| {} |", package.version)));
                assert!(is_there, "{package:?}");
            }
        }
    }
}

/// The pages on frameworks install what `init` says there, without the driver of PostgreSQL.
#[test]
fn the_commands_of_the_pages_on_frameworks() {
    for (name, packages) in [
        ("tanstack-start", r#"{ "@tanstack/react-start": "1.169.5" }"#),
        ("sveltekit", r#"{ "@sveltejs/kit": "3.2.0", "svelte": "5.57.3" }"#),
    ] {
        let page = fs::read_to_string(home().join(format!("docs/{name}.md"))).expect("the page");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("package.json"), format!(r#"{{ "dependencies": {packages} }}"#)).expect("a file");
        fs::copy(home().join("examples/code-review/openapi.yaml"), folder.path().join("openapi.yaml")).expect("a file");
        let command = page.lines().find_map(|line| line.strip_prefix("npx sync-patterns init ")).expect("the command");
        let arguments: Vec<&str> = ["init"].into_iter().chain(command.split(' ')).collect();
        let run = sync_patterns(&arguments, folder.path());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let install =
            run.stdout.lines().map(str::trim).find(|line| line.starts_with("npm install")).expect("a command");
        let without_driver: Vec<&str> = install.split(' ').filter(|word| !word.starts_with("pg@")).collect();
        assert!(page.contains(&format!("\n{}\n", without_driver.join(" "))), "{name}: {install}");
    }
}
