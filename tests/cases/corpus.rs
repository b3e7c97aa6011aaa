//! Real documents: each goes through `generate --all` for both databases; what comes out loads, compiles, and takes rows of
//! each model through its view, by SQL and by the client's own code.
//!
//! They are in the folder that `SYNC_PATTERNS_CORPUS` names, as `specs/*` and `broken/*`. Without it there is nothing
//! to test here, which is said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::binary::sync_patterns;
use crate::support::database::open;
use crate::support::exercise::exercise;
use crate::support::round_trip::{Clients, understood};
use rayon::prelude::*;
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;
use sync_patterns::config::{Config, Overrides, SpecLocation, Sync};

const VARIABLE: &str = "SYNC_PATTERNS_CORPUS";

fn documents(kind: &str) -> Vec<PathBuf> {
    let Some(corpus) = std::env::var_os(VARIABLE) else {
        eprintln!("{VARIABLE} isn't set: no real documents are tested");
        return Vec::new();
    };
    let folder = Path::new(&corpus).join(kind);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut documents: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    documents.sort();
    assert!(!documents.is_empty(), "{} is empty", folder.display());
    documents
}

/// What a run said of a document, from its messages for programs.
struct Outcome {
    code: i32,
    models: usize,
    left_out: usize,
    problems: Vec<serde_json::Value>,
}

fn generate(document: &Path, adapter: &str, output: &Path) -> Outcome {
    let (document, output) = (document.to_str().expect("a path"), output.to_str().expect("a path"));
    let arguments = ["generate", "--all", "-s", document, "-o", output, "-a", adapter, "--message-format", "json"];
    let run = sync_patterns(&arguments, Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(matches!(run.code, 0 | 2), "{document}: exit code {}\n{}", run.code, run.stderr);
    let problems: Vec<serde_json::Value> =
        run.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    for problem in &problems {
        let located = problem["line"].is_u64() || problem["message"] == "the file is empty";
        assert!(located, "{document}: a problem without a place: {problem}");
    }
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_default();
    Outcome {
        code: run.code,
        models: summary["models"].as_array().map_or(0, Vec::len),
        left_out: problems.iter().filter(|problem| problem["severity"] == "warning" && is_left_out(problem)).count(),
        problems,
    }
}

fn is_left_out(problem: &serde_json::Value) -> bool {
    problem["code"] == "left-out"
}

fn read_schema(output: &Path) -> Files {
    let entries = fs::read_dir(output.join("schema")).expect("a schema");
    let named = entries.map(|entry| entry.expect("an entry").path()).map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (format!("schema/{name}"), fs::read_to_string(&path).expect("text"))
    });
    named.collect()
}

#[test]
fn real_documents_load_and_compile() {
    let documents = documents("specs");
    if documents.is_empty() {
        return;
    }
    let clients = Clients::new("documents");
    let adapters = [("pglite", Adapter::Pglite), ("sqlite", Adapter::Sqlite)];
    let runs: Vec<_> =
        adapters.iter().flat_map(|adapter| documents.iter().enumerate().map(move |one| (adapter, one))).collect();
    let outcomes: Vec<Outcome> = runs
        .par_iter()
        .map(|((adapter, database), (index, document))| {
            let name = format!("document{index}");
            let output = clients.folder(adapter, &name);
            let outcome = generate(document, adapter, &output);
            if outcome.code == 0 {
                exercise(open(*database).as_mut(), &read_schema(&output), &document.to_string_lossy());
                let client = understood(&all_of(document, *database)).expect("a client");
                clients.write_rows(adapter, &name, &client.project);
            } else {
                let error = outcome.problems.iter().find(|problem| problem["severity"] == "error").expect("an error");
                assert_eq!(error["code"], "no-models", "{}: {error}", document.display());
            }
            outcome
        })
        .collect();
    // Both databases get the same models.
    report(&documents, &outcomes);
    clients.run();
}

/// Prints how many models there are, and what was left out, by the reasons.
fn report(documents: &[PathBuf], outcomes: &[Outcome]) {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut written, mut models, mut left_out) = (0, 0, 0);
    for (document, outcome) in documents.iter().zip(outcomes) {
        written += usize::from(outcome.code == 0);
        models += outcome.models;
        left_out += outcome.left_out;
        for problem in outcome.problems.iter().filter(|problem| is_left_out(problem)) {
            let reason = problem["reason"].as_str().expect("a reason");
            let file = document.file_name().unwrap_or_default().to_string_lossy();
            let pointer = problem["pointer"].as_str().unwrap_or_default();
            let path = pointer.trim_start_matches("/paths/").replace("~1", "/").replace("~0", "~");
            reasons.entry(reason.to_owned()).or_default().push(format!("{file}  {path}"));
        }
    }
    println!(
        "{written} of {} documents have models; {models} models of {} were generated",
        documents.len(),
        models + left_out
    );
    for (reason, left_out) in reasons {
        println!("{:5}  {reason}", left_out.len());
        left_out.iter().for_each(|one| println!("         {one}"));
    }
}

fn all_of(document: &Path, adapter: Adapter) -> Config {
    let overrides = Overrides {
        spec: Some(SpecLocation::File(document.to_owned())),
        output: Some("generated".into()),
        adapter: Some(adapter),
        sync: Some(Sync::All),
        ..Overrides::default()
    };
    overrides.alone().expect("a config")
}

#[test]
fn broken_documents_are_told_what_is_wrong() {
    let root = tempfile::tempdir().expect("a folder");
    for document in documents("broken") {
        let outcome = generate(&document, "sqlite", &root.path().join("generated"));
        let told = outcome.problems.iter().any(|problem| problem["severity"] != "note");
        assert!(told, "{} passed without a word", document.display());
    }
}
