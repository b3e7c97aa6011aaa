//! Every fixture × both adapters, and what is said of every broken one: the real binary, and snapshots of what it prints.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::layout::check_files;
use crate::support::binary::{Run, sync_patterns};
use crate::support::database::open;
use crate::support::exercise::exercise;
use crate::{STORES, case, server};
use sync_patterns::codegen::{Files, template_paths};
use sync_patterns::config::Adapter;

fn folders(below: &str) -> Vec<PathBuf> {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    let mut folders: Vec<PathBuf> = fs::read_dir(parent)
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir() && !path.ends_with("errors"))
        .collect();
    folders.sort();
    folders
}

fn name(folder: &Path) -> String {
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

/// What is the same for every fixture, or twice in one, is shown once: with `contacts`. What stands in the templates as it
/// is generated isn't shown at all.
fn without_repetition(printed: &str, fixture: &str) -> String {
    let is_shown = |file: &&str| {
        let path = file.split(' ').next().unwrap_or_default();
        let is_repetition = [".gitattributes", "schema/_changes.sql"].contains(&path)
            || path.ends_with("-sql.ts")
            || path == "db/client/defaults.ts";
        let is_template = (path.starts_with("db/") && path != "db/client/defaults.ts") || is_of_every_server(path);
        !is_template && (fixture == "contacts" || !is_repetition)
    };
    let files = printed.split("==> ").skip(1).filter(is_shown);
    files.map(|file| format!("==> {file}")).collect()
}

/// The files of a sync server that are the same for every document.
fn is_of_every_server(path: &str) -> bool {
    template_paths().any(|(template, is_rendered)| !is_rendered && template == format!("server/runtime/{path}"))
}

pub fn cases() -> Vec<Trial> {
    let mut cases = Vec::new();
    for folder in folders("fixtures") {
        for (adapter, database) in STORES {
            let name = format!("fixtures::{}::{adapter}", name(&folder));
            let (one, other) = (folder.clone(), folder.clone());
            cases.push(case(format!("{name}::output"), move || output(&one, adapter)));
            cases.push(case(format!("{name}::loads_and_takes_writes"), move || loads(&other, adapter, database)));
        }
    }
    for folder in folders("fixtures").into_iter().filter(|folder| name(folder).starts_with("server")) {
        let test = format!("fixtures::{}::server_loads_twice", name(&folder));
        cases.push(case(test, move || {
            server::loads_twice(&files(&sync_patterns(&["generate", "--stdout"], &folder).stdout));
        }));
    }
    for folder in folders("fixtures/errors") {
        cases.push(case(format!("fixtures::errors::{}", name(&folder)), move || broken(&folder)));
    }
    cases.push(case("fixtures::no_snapshot_is_left_without_its_fixture", no_snapshot_is_left_without_its_fixture));
    let example = "fixtures::the_example_in_the_repository_is_what_is_generated";
    cases.push(case(example, the_example_in_the_repository_is_what_is_generated));
    cases
}

fn output(folder: &Path, adapter: &str) {
    let arguments = ["generate", "--adapter", adapter, "--stdout"];
    let first = sync_patterns(&arguments, folder);
    let second = sync_patterns(&arguments, folder);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(first.stdout, second.stdout, "the same input gives the same bytes");
    let all = files(&first.stdout);
    if adapter == "indexeddb" {
        assert!(
            !all.keys().any(|path| path.starts_with("schema/") && path.contains(".sql")),
            "SQL for a database without it"
        );
    } else {
        check_files(&all);
    }
    let files = without_repetition(&first.stdout, &name(folder));
    insta::assert_snapshot!(format!("{}__{adapter}", name(folder)), first.stderr + &files);
}

fn loads(folder: &Path, adapter: &str, database: Adapter) {
    let run = sync_patterns(&["generate", "--adapter", adapter, "--stdout"], folder);
    exercise(open(database).as_mut(), &files(&run.stdout), &folder.to_string_lossy());
}

fn no_snapshot_is_left_without_its_fixture() {
    let good =
        folders("fixtures").into_iter().flat_map(|folder| STORES.map(|(a, _)| format!("{}__{a}", name(&folder))));
    let broken = folders("fixtures/errors").into_iter().map(|folder| format!("errors__{}", name(&folder)));
    let mut expected: Vec<String> = good.chain(broken).map(|name| format!("cases__fixtures__{name}.snap")).collect();
    let entries =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/snapshots")).expect("the snapshots");
    let mut found: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

fn the_example_in_the_repository_is_what_is_generated() {
    let run =
        sync_patterns(&["generate", "--dry-run", "--message-format", "json"], Path::new(env!("CARGO_MANIFEST_DIR")));
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).expect("a summary");
    assert_eq!(summary["changes"], serde_json::json!([]), "run `cargo run -- generate` and commit what it writes");
}

/// The files that `--stdout` printed.
fn files(printed: &str) -> Files {
    let parts = printed.split("==> ").skip(1).filter_map(|part| part.split_once(" <==\n"));
    parts.map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

fn broken(folder: &Path) {
    let output = tempfile::tempdir().expect("a folder");
    let target = output.path().join("generated");
    let arguments = ["generate", "--output", target.to_str().expect("a path")];
    let Run { code, stdout, stderr } = sync_patterns(&arguments, folder);
    assert_eq!(code, 2, "{stdout}{stderr}");
    assert!(!target.exists(), "something was written");
    assert!(stderr.contains("error"), "{stderr}");
    insta::assert_snapshot!(format!("errors__{}", name(folder)), stderr);
}
