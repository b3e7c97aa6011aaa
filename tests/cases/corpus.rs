//! Real documents: each goes through `generate --all` for both databases; what comes out loads, compiles, and takes rows of
//! each model through its view, by SQL and by the client's own code.
//!
//! They are in the folder that `SYNC_PATTERNS_CORPUS` names, as `specs/*` and `broken/*`. Without it there is nothing
//! to test here, which is said. With `--nocapture`, the figures are printed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::offers::Offers;
use crate::support::binary::sync_patterns;
use crate::support::database::open;
use crate::support::exercise::exercise;
use crate::support::round_trip::{Clients, Compiled, understood};
use crate::{ADAPTERS, case};
use crate::{remedies, requests};
use libtest_mimic::Trial;
use rayon::prelude::*;
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;
use sync_patterns::config::{Config, Overrides, References, SpecLocation, Sync};
use sync_patterns::diagnostics::Problems;
use sync_patterns::openapi::fetch::{self, Access};

const VARIABLE: &str = "SYNC_PATTERNS_CORPUS";

fn documents(kind: &str) -> Vec<PathBuf> {
    let Some(corpus) = std::env::var_os(VARIABLE) else { return Vec::new() };
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
    // Its folder has no config.
    let folder = document.parent().expect("a folder");
    let (document, output) = (document.to_str().expect("a path"), output.to_str().expect("a path"));
    let arguments = ["generate", "--all", "-s", document, "-o", output, "-a", adapter, "--message-format", "json"];
    let run = sync_patterns(&arguments, folder);
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

pub fn cases(are_figures_printed: bool) -> Vec<Trial> {
    let mut cases = Vec::new();
    if std::env::var_os(VARIABLE).is_none() {
        eprintln!("\n*** {VARIABLE} isn't set: NO REAL DOCUMENTS ARE TESTED. ***\n");
    }
    let documents_of = documents("specs");
    for (index, document) in documents_of.iter().enumerate() {
        for (adapter, database) in ADAPTERS {
            let test = move || loads_and_takes_the_trip(index, adapter, database);
            cases.push(case(format!("corpus::{}::{adapter}", file_name(document)), test));
        }
    }
    if !documents_of.is_empty() {
        cases.push(case("corpus::types_of_what_came_out", || corpus().compiled.type_check_what_came_out()));
        cases.push(case("corpus::writes_that_documents_offer", move || offers_are_taken(are_figures_printed)));
        cases.push(case("corpus::remedies_that_are_printed", move || remedies_work(are_figures_printed)));
        cases.push(case("corpus::both_databases_get_the_same_models", move || {
            let outcomes = both_get_the_same();
            if are_figures_printed {
                report(&corpus().documents, &outcomes);
            }
        }));
    }
    for document in documents("broken") {
        let name = format!("corpus::broken::{}", file_name(&document));
        cases.push(case(name, move || broken_is_told(&document)));
    }
    cases
}

fn file_name(document: &Path) -> String {
    document.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The documents, what was said of each for each adapter, and their clients.
struct Corpus {
    documents: Vec<PathBuf>,
    outcomes: BTreeMap<(&'static str, usize), Outcome>,
    compiled: Compiled,
}

fn client(index: usize) -> String {
    format!("document{index}")
}

fn corpus() -> &'static Corpus {
    static CORPUS: OnceLock<Corpus> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let (clients, documents) = (Clients::new("documents"), documents("specs"));
        let runs: Vec<_> =
            ADAPTERS.iter().flat_map(|adapter| documents.iter().enumerate().map(move |one| (adapter, one))).collect();
        let outcomes = runs.par_iter().map(|((adapter, database), (index, document))| {
            let outcome = generate(document, adapter, &clients.folder(adapter, &client(*index)));
            if outcome.code == 0 {
                let client_of = understood(&all_of(document, *database)).expect("a client");
                clients.write_rows(adapter, &client(*index), &client_of.project);
            }
            ((*adapter, *index), outcome)
        });
        let outcomes = outcomes.collect();
        Corpus { documents, outcomes, compiled: clients.compile() }
    })
}

fn loads_and_takes_the_trip(index: usize, adapter: &'static str, database: Adapter) {
    let Corpus { documents, outcomes, compiled } = corpus();
    let outcome = &outcomes[&(adapter, index)];
    if outcome.code == 0 {
        let output = compiled.folder(adapter, &client(index));
        exercise(open(database).as_mut(), &read_schema(&output), &documents[index].to_string_lossy());
        compiled.trip(adapter, &client(index));
        requests::check(&root_of(&documents[index]), &output);
    } else {
        let error = outcome.problems.iter().find(|problem| problem["severity"] == "error").expect("an error");
        assert_eq!(error["code"], "no-models", "{error}");
    }
}

/// A document as it is read.
fn root_of(document: &Path) -> serde_json::Value {
    let access = Access { headers: Vec::new(), timeout: Duration::from_secs(1), references: References::Folder };
    let location = SpecLocation::File(document.to_owned());
    let spec = fetch::read(&location, access, &mut Problems::default()).expect("a document that can be read");
    spec.tree.expect("a document").root
}

/// The outcomes of all documents, which are the same for each adapter.
fn both_get_the_same() -> Vec<&'static Outcome> {
    let Corpus { documents, outcomes, .. } = corpus();
    let of = |adapter| (0..documents.len()).map(move |index| &outcomes[&(adapter, index)]);
    for ((one, other), document) in of("pglite").zip(of("sqlite")).zip(documents) {
        assert_eq!((one.code, one.models), (other.code, other.models), "{}", document.display());
    }
    of("pglite").collect()
}

/// The models have what the documents offer, but for a small part.
fn offers_are_taken(is_printed: bool) {
    let mut offers = Offers::default();
    for document in documents("specs") {
        offers.add(&document, &all_of(&document, Adapter::Sqlite));
    }
    if is_printed {
        offers.print();
    }
    for (kind, most) in [("create", 15.0), ("update", 10.0), ("delete", 8.0)] {
        let share = offers.writes[kind].share();
        assert!(share <= most, "{share:.1} % of {kind} are missing; {most} % may be");
    }
    assert!(offers.idle.is_empty(), "neither list nor write: {:#?}", offers.idle);
    assert!(offers.wrong.is_empty(), "wrong places: {:#?}", offers.wrong);
}

/// Whatever a message says to write into the config works.
fn remedies_work(is_printed: bool) {
    let tried: Vec<(usize, Vec<String>)> =
        documents("specs").par_iter().map(|document| remedies::of_document(document)).collect();
    let printed: usize = tried.iter().map(|(printed, _)| printed).sum();
    let of_documents = documents("specs").into_iter().zip(tried);
    let failed = of_documents.flat_map(|(document, (_, failed))| {
        failed.into_iter().map(move |one| format!("{}  {one}", file_name(&document)))
    });
    let failed: Vec<String> = failed.collect();
    if is_printed {
        println!("{printed} remedies were printed; {} don't work", failed.len());
    }
    assert!(failed.is_empty(), "{:#?}", failed);
}

/// Prints how many models there are, and what was left out, by the reasons.
fn report(documents: &[PathBuf], outcomes: &[&Outcome]) {
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

fn broken_is_told(document: &Path) {
    let root = tempfile::tempdir().expect("a folder");
    let outcome = generate(document, "sqlite", &root.path().join("generated"));
    let told = outcome.problems.iter().any(|problem| problem["severity"] != "note");
    assert!(told, "it passed without a word");
}
