//! Documents of the fixtures, changed at random, give a client that a database loads, or problems that say where they
//! are.

use std::fs;
use std::path::Path;

use crate::support::database::open;
use crate::support::mutate::mutate;
use crate::{case, setting};
use libtest_mimic::Trial;
use rayon::prelude::*;
use serde_json::Value;
use sync_patterns::Client;
use sync_patterns::config::Adapter;
use sync_patterns::config::{Config, Overrides, SpecLocation, Sync};
use sync_patterns::diagnostics::{Input, Problem, Problems, Severity};
use sync_patterns::openapi::Tree;
use sync_patterns::source::{Source, Whole};

/// Documents that are made of each fixture, where the environment doesn't say.
const VARIANTS: u64 = 24;

pub fn cases() -> Vec<Trial> {
    vec![case("mutations::changed_documents", changed_documents)]
}

/// The documents of the fixtures, and how they are called.
fn documents() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = fs::read_dir(folder).expect("the fixtures").map(|entry| entry.expect("an entry").path());
    let files = folders.flat_map(|folder| ["openapi.yaml", "openapi.json"].map(|name| folder.join(name)));
    let mut files: Vec<_> = files.filter(|file| file.exists()).collect();
    files.sort();
    let read = |file: &Path| {
        let source =
            Source::new(&file.to_string_lossy(), fs::read(file).expect("it"), Input::Spec, &mut Problems::default());
        source.parse(Input::Spec, Whole, &mut Problems::default()).expect("a document")
    };
    files.iter().map(|file| (file.display().to_string(), read(file))).collect()
}

fn config(adapter: Adapter) -> Config {
    let mut overrides = Overrides { adapter: Some(adapter), sync: Some(Sync::All), ..Overrides::default() };
    overrides.spec = Some(SpecLocation::Stdin);
    overrides.output = Some("out".into());
    overrides.alone().expect("a config")
}

/// What is made of a document; what is wrong with it says where.
fn generate(document: &Value, adapter: Adapter, what: &str) -> Option<Client> {
    let mut problems = Problems::default();
    let client = sync_patterns::generate(Tree::from(document.clone()), &config(adapter), None, &mut problems);
    let client = client.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(client.is_none(), problems.has_errors(), "{what}: {problems:?}");
    for problem in problems.iter().filter(|problem| problem.severity > Severity::Note) {
        assert!(is_located(document, problem), "{what}: {problem:?}");
        assert!(!problem.message.is_empty(), "{what}: {problem:?}");
    }
    client
}

/// A problem stands at something in the document, or at what the document lacks: its paths.
fn is_located(document: &Value, problem: &Problem) -> bool {
    problem.input == Input::Spec && (problem.pointer == "/paths" || document.pointer(&problem.pointer).is_some())
}

fn changed_documents() {
    let variants = setting("SYNC_PATTERNS_MUTATIONS", VARIANTS);
    let documents = documents();
    let all: Vec<_> = documents.iter().flat_map(|one| (0..variants).map(move |seed| (one, seed))).collect();
    let made = all.par_iter().filter(|((name, document), seed)| changed(name, document, *seed)).count();
    let refused = all.len() - made;
    // Neither everything nor nothing gets as far as the output.
    assert!(made > 50 && refused > 10, "{made} made, {refused} refused");
}

/// Whether a client is made of a document once it is changed. Then it loads.
fn changed(name: &str, document: &Value, seed: u64) -> bool {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut document = document.clone();
    for _ in 0..random.usize(1..=8) {
        mutate(&mut document, &mut |below| random.usize(..below));
    }
    let adapter = if seed.is_multiple_of(2) { Adapter::Sqlite } else { Adapter::Pglite };
    let client = generate(&document, adapter, &format!("{name}, seed {seed}"));
    if let Some(client) = client.as_ref().filter(|_| adapter == Adapter::Sqlite) {
        open(adapter).load(&client.files);
    }
    client.is_some()
}
