//! What a message says to write into the config works: it is written there, and the problem is gone, and no other of its kind
//! has come.
//!
//! A small document for each kind of problem is in `remedies`, with what the config says under `x-config`, the problem's code
//! under `x-problem`, and under `x-decided` what the user writes where a message has `…`. Under `x-absent` is a problem that
//! isn't told beside it, and under `x-summaries` what is told of several problems at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Map, Value, json};

use crate::case;
use sync_patterns::config::{self, Config, Overrides, References, SpecLocation};
use sync_patterns::diagnostics::{Code, Input, Problem, Problems, Reason, Severity, Told, clean, told};
use sync_patterns::model;
use sync_patterns::openapi::fetch::{self, Access};
use sync_patterns::openapi::{Document, Tree};

pub fn cases() -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/remedies");
    let entries = fs::read_dir(folder).expect("the documents").map(|entry| entry.expect("one").path());
    let mut documents: Vec<PathBuf> = entries.collect();
    documents.sort();
    let name = |document: &Path| document.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let test = |document: PathBuf| case(format!("remedies::{}", name(&document)), move || check(&document));
    documents.into_iter().map(test).collect()
}

fn check(document: &Path) {
    let tree = read(document);
    let meant_kind = tree.root["x-problem"].as_str().expect("a kind").to_owned();
    let own = tree.root.get("x-config").cloned().unwrap_or_else(|| json!({}));
    let decided = tree.root.get("x-decided").cloned().unwrap_or_else(|| json!({}));
    let tried = Tried { document, tree, decided };
    let config = merged(&json!({ "version": 1, "spec": "s", "output": "generated", "sync": "all" }), &own);
    let problems = tried.problems(&config);
    let meant: Vec<&Problem> = problems.iter().filter(|one| kind(one) == meant_kind).collect();
    assert!(!meant.is_empty(), "{}: no {meant_kind}, but {problems:#?}", document.display());
    let lines = meant.iter().map(|problem| lines(problem).len()).sum::<usize>();
    assert!(lines > 0, "no remedy is printed: {meant:#?}");
    let absent = tried.tree.root.get("x-absent").and_then(Value::as_str);
    assert!(!problems.iter().any(|one| Some(kind(one).as_str()) == absent), "{}: {problems:#?}", document.display());
    if let Some(expected) = tried.tree.root.get("x-summaries") {
        let problems = tried.all_problems(&config);
        let told = told(&problems, |_| true);
        let summaries = told.iter().filter_map(|told| match told {
            Told::Together(summed) => Some(json!({ "message": summed.message, "help": summed.help })),
            _ => None,
        });
        assert_eq!(&Value::Array(summaries.collect()), expected, "{}", document.display());
    }
    let failed = [tried.failures(&config, &problems), tried.failures_of_summaries(&config)].concat();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// How many remedies were printed for a document, all of it being generated, and which of them don't work.
pub fn of_document(document: &Path) -> (usize, Vec<String>) {
    let tried = Tried { document, tree: read(document), decided: json!({}) };
    let of_transport = |transport: &str| {
        let config = json!({ "version": 1, "spec": "s", "output": "o", "sync": "all", "transport": transport });
        let problems = tried.problems(&config);
        let printed: usize = problems.iter().map(|problem| lines(problem).len()).sum();
        (printed, tried.failures_at_once(&config, &problems))
    };
    let ((printed, failed), (more, also)) = (of_transport("electric"), of_transport("rest"));
    (printed + more, [failed, also].concat())
}

fn read(document: &Path) -> Tree {
    let access = Access { headers: Vec::new(), timeout: Duration::from_secs(1), references: References::Folder };
    let location = SpecLocation::File(document.to_owned());
    let spec = fetch::read(&location, access, &mut Problems::default()).expect("a document that can be read");
    spec.tree.expect("a document")
}

/// `left-out no-key`
fn kind(problem: &Problem) -> String {
    let reason = problem.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("{}{reason}", problem.code)
}

/// A document with which remedies are tried.
struct Tried<'d> {
    document: &'d Path,
    tree: Tree,
    /// By the key that a line has `…` for.
    decided: Value,
}

impl Tried<'_> {
    fn problems(&self, said: &Value) -> Vec<Problem> {
        self.all_problems(said).iter().cloned().collect()
    }

    fn all_problems(&self, said: &Value) -> Problems {
        let mut problems = Problems::default();
        let folder = self.document.parent().expect("a folder");
        let config: Option<Config> = config::read(said, folder, &Overrides::default(), &mut problems);
        let document = Document::new(Tree::from(self.tree.root.clone()), &mut problems);
        if let Some((config, document)) = config.zip(document) {
            model::build(&document, &config, &mut problems);
        }
        problems
    }

    /// Tries each remedy alone.
    fn failures(&self, config: &Value, problems: &[Problem]) -> Vec<String> {
        let each = problems.iter().flat_map(|problem| lines(problem).into_iter().map(move |line| (problem, line)));
        each.flat_map(|(problem, line)| {
            let after = self.problems(&self.with(config, problem, &line));
            let failed = [faults(problem, problems, &after), errors(problems, &after)].concat();
            failed.into_iter().map(move |fault| format!("`{line}`: {fault}"))
        })
        .collect()
    }

    /// Tries what is told of several problems at once: a line with `NAME`, `PATH` or `FIELDS` on each of them, any other on all.
    fn failures_of_summaries(&self, config: &Value) -> Vec<String> {
        let problems = self.all_problems(config);
        let mut failed = Vec::new();
        for told in told(&problems, |_| true) {
            let Told::Together(summed) = told else { continue };
            let is_error = summed.first.severity == Severity::Error;
            assert!(!is_error || !summed.message.contains("left out"), "{}", summed.message);
            let summary = |problem: &Problem| problem.summary.as_ref().map(|summary| summary.message.clone());
            let alike: Vec<&Problem> = problems
                .iter()
                .filter(|one| summary(one) == summary(summed.first))
                .filter(|one| one.severity == summed.first.severity)
                .collect();
            for line in lines(&Problem { help: summed.help.clone(), ..summed.first.clone() }) {
                let of_each = |problem: &&Problem| {
                    let item = problem.item().expect("an item");
                    let path = item.split_once(" (").and_then(|(_, rest)| rest.split(')').next()).unwrap_or_default();
                    let names = quoted(item);
                    let fields: Vec<String> = names.iter().skip(1).map(|field| json!(field).to_string()).collect();
                    let undecided: Vec<String> = fields.iter().map(|field| format!("{field}: …")).collect();
                    line.replace("NAME", names.first().unwrap_or(&""))
                        .replace("PATH", path)
                        .replace("FIELDS", &fields.join(", "))
                        .replace("FIELD: …", &undecided.join(", "))
                };
                let after: Vec<(&Problem, Vec<Problem>)> = alike
                    .iter()
                    .map(|problem| (*problem, self.problems(&self.with(config, problem, &of_each(problem)))))
                    .collect();
                let is_there =
                    |(problem, after): &&(&Problem, Vec<Problem>)| after.iter().any(|other| is_same(problem, other));
                failed.extend(
                    after.iter().filter(is_there).map(|(problem, _)| format!("`{line}`: still: {}", problem.message)),
                );
            }
        }
        failed
    }

    /// Tries the first remedy of every problem in one config, then the second of those that have one.
    fn failures_at_once(&self, config: &Value, problems: &[Problem]) -> Vec<String> {
        let most = problems.iter().map(|problem| lines(problem).len()).max().unwrap_or_default();
        let mut failed = Vec::new();
        for index in 0..most {
            let of = |problem: &&Problem| lines(problem).get(index).cloned();
            let tried: Vec<(&Problem, String)> =
                problems.iter().filter_map(|problem| Some((problem, of(&problem)?))).collect();
            let said = tried.iter().fold(config.clone(), |config, (problem, line)| self.with(&config, problem, line));
            let after = self.problems(&said);
            failed.extend(errors(problems, &after));
            for (problem, line) in tried {
                failed.extend(faults(problem, problems, &after).into_iter().map(|fault| format!("`{line}`: {fault}")));
            }
        }
        failed
    }

    /// The config with a line of it added.
    fn with(&self, config: &Value, problem: &Problem, line: &str) -> Value {
        let line: Value = serde_saphyr::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let line = self.filled(line, "", problem);
        let is_whole = line.as_object().expect("a mapping").keys().all(|key| top_level_keys().contains(key));
        let place = if is_whole { "" } else { enclosing(config, &problem.pointer) };
        let mut config = config.clone();
        let inner = config.pointer_mut(place).expect("the place of the problem");
        *inner = merged(inner, &line);
        config
    }

    /// With what the user decides in the places of `…`.
    fn filled(&self, value: Value, key: &str, problem: &Problem) -> Value {
        let decided = self.decided.get(key);
        match value {
            Value::String(text) if text == "…" => decided.cloned().unwrap_or_else(|| json!("something_else")),
            Value::String(text) => json!(text.replace('…', "api.example.org")),
            Value::Array(items) if items == [json!("…")] => {
                decided.cloned().unwrap_or_else(|| json!([first(problem)]))
            }
            Value::Object(members) => {
                let filled = |(key, value): (String, Value)| {
                    let value = self.filled(value, &key, problem);
                    (key, value)
                };
                members.into_iter().map(filled).collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }
}

/// The first of the fields that a message names for a key.
fn first(problem: &Problem) -> &str {
    let fields = problem.help.as_deref().and_then(|help| help.split_once("identifies a row, of "));
    let (_, fields) = fields.unwrap_or_else(|| panic!("no fields are named: {problem:#?}"));
    quoted(fields).first().expect("a field")
}

/// What is wrong after a remedy was applied: the problem is still there, or the same model has another of its kind.
fn faults(problem: &Problem, before: &[Problem], after: &[Problem]) -> Vec<String> {
    let is_there = after.iter().any(|other| is_same(problem, other));
    let still = is_there.then(|| format!("still: {}", problem.message));
    let kind_of = |one: &Problem| -> (Code, Option<Reason>) { (one.code, one.reason) };
    let subject = |one: &Problem| (quoted(&one.message).first().map(|name| (*name).to_owned()), one.pointer.clone());
    let is_another = |other: &&Problem| {
        kind_of(other) == kind_of(problem) && subject(other) == subject(problem) && is_new(other, before)
    };
    let new = after.iter().filter(is_another).map(|other| format!("new: {}", other.message));
    still.into_iter().chain(new).collect()
}

/// The errors that remedies have brought. That nothing is left is none, where that was asked for.
fn errors(before: &[Problem], after: &[Problem]) -> Vec<String> {
    let is_bad = |other: &&Problem| other.severity == Severity::Error && other.code != Code::NothingChosen;
    let new = after.iter().filter(is_bad).filter(|other| is_new(other, before));
    new.map(|other| format!("an error has come: {}", other.message)).collect()
}

fn is_new(problem: &Problem, before: &[Problem]) -> bool {
    !before.iter().any(|one| is_same(one, problem))
}

fn is_same(one: &Problem, other: &Problem) -> bool {
    one.code == other.code && one.message == other.message
}

/// The lines of the config in a help.
fn lines(problem: &Problem) -> Vec<String> {
    // As it is printed.
    let Some(help) = problem.help.as_deref().map(clean) else { return Vec::new() };
    let is_line = |text: &&&str| {
        let Some((key, rest)) = text.split_once(':') else { return false };
        let is_word = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_word && rest.starts_with(' ') && (problem.input == Input::Config || !key.starts_with("x-"))
    };
    let lines: Vec<String> = quoted(&help).iter().filter(is_line).map(|line| (*line).to_owned()).collect();
    for line in lines.iter().filter(|_| problem.input != Input::Config) {
        let key = line.split(':').next().unwrap_or_default();
        assert!(top_level_keys().iter().any(|own| own == key), "the line isn't whole: {help}");
    }
    lines
}

/// What stands in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn top_level_keys() -> Vec<String> {
    let schema: Value = serde_json::from_str(include_str!("../../templates/config/schema.json")).expect("JSON");
    schema["properties"].as_object().expect("the keys").keys().cloned().collect()
}

/// The mapping that a pointer leads to, or into.
fn enclosing<'p>(config: &Value, mut pointer: &'p str) -> &'p str {
    while !config.pointer(pointer).is_some_and(Value::is_object) {
        pointer = pointer.rsplit_once('/').map_or("", |(outer, _)| outer);
    }
    pointer
}

/// Mappings are merged, and what is excluded is added to what was; everything else is replaced.
fn merged(config: &Value, line: &Value) -> Value {
    let (Value::Object(own), Value::Object(added)) = (config, line) else { return line.clone() };
    let mut all = own.clone();
    for (key, value) in added {
        let value = match (all.get(key), value) {
            (Some(Value::Array(own)), Value::Array(more)) if key == "exclude" => {
                own.iter().chain(more).cloned().collect()
            }
            (Some(own), value) => merged(own, value),
            (None, value) => value.clone(),
        };
        all.insert(key.clone(), value);
    }
    all.into()
}
