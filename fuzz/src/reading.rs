//! Bytes to a tree.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sync_patterns::config::References;
use sync_patterns::config::SpecLocation;
use sync_patterns::diagnostics::{Format, Input, Problem, Problems, Severity, print};
use sync_patterns::openapi::Tree;
use sync_patterns::openapi::fetch::{self, Access};
use sync_patterns::openapi::tree::pointer_of;
use sync_patterns::source::{Source, Whole};

/// Parses one document.
pub fn read(name: &str, bytes: &[u8]) {
    let mut problems = Problems::default();
    let source = Source::new(name, bytes.to_vec(), Input::Spec, &mut problems);
    let value = source.parse(Input::Spec, Whole, &mut problems);
    assert_eq!(value.is_none(), problems.has_errors(), "it is read, or it is said why not");
    told(&problems, &[(Input::Spec, &source)]);
    if let Some(value) = value {
        located(&problems, &value);
        let again: Value = serde_json::from_str(&value.to_string()).expect("what was read is JSON");
        assert_eq!(value, again, "what was read stays as it is");
    }
}

/// Reads a document with the files that it refers to, from its folder alone.
pub fn follow(file: &Path) -> Option<Tree> {
    let access = || Access { headers: Vec::new(), timeout: Duration::from_secs(1), references: References::Folder };
    let read = || {
        let mut problems = Problems::default();
        let spec = fetch::read(&SpecLocation::File(file.to_path_buf()), access(), &mut problems);
        (spec.expect("a file that can be read"), problems)
    };
    let (spec, problems) = read();
    assert!(spec.tree.is_some() || problems.has_errors(), "it is read, or it is said why not");
    let said = told(&problems, &spec.sources().collect::<Vec<_>>());
    let (again, problems_again) = read();
    assert_eq!(said, told(&problems_again, &again.sources().collect::<Vec<_>>()), "the same is said twice");
    assert_eq!(
        spec.tree.as_ref().map(|tree| (&tree.root, &tree.names, &tree.named)),
        again.tree.as_ref().map(|tree| (&tree.root, &tree.names, &tree.named)),
        "the same is read twice"
    );
    if let Some(tree) = &spec.tree {
        located(&problems, &tree.root);
    }
    spec.tree.filter(|_| !problems.has_errors())
}

/// What is printed, in which each problem has its line.
fn told(problems: &Problems, sources: &[(Input, &Source)]) -> String {
    for format in [Format::Text, Format::Github] {
        print(&mut Vec::new(), problems, sources, format, Severity::Note).expect("room for it");
    }
    let mut lines = Vec::new();
    print(&mut lines, problems, sources, Format::Json, Severity::Note).expect("room for it");
    let lines = String::from_utf8(lines).expect("text");
    for line in lines.lines() {
        let told: Value = serde_json::from_str(line).expect("an object a line");
        assert!(told["message"].as_str().is_some_and(|message| !message.is_empty()), "{line}");
        let source = sources.iter().find(|(_, source)| told["file"] == *source.name).expect("the file");
        let count = source.1.text.split(['\n', '\r']).count() as u64;
        let is_empty = source.1.text.trim().is_empty();
        assert!(is_empty || told["line"].as_u64().is_some_and(|line| (1..=count).contains(&line)), "{line}");
    }
    lines
}

/// Each problem stands at something that the document has, or at what it lacks: its paths.
pub fn located(problems: &Problems, root: &Value) {
    for problem in problems.iter().filter(|problem| problem.severity > Severity::Note) {
        assert!(problem.position.is_some() || is_located(problem, root), "{problem:?}");
    }
}

fn is_located(problem: &Problem, root: &Value) -> bool {
    let pointer = match problem.input {
        Input::Document(number) => pointer_of(number, &problem.pointer),
        _ => problem.pointer.clone(),
    };
    pointer == "/paths" || root.pointer(&pointer).is_some()
}

/// The parts between separators.
pub fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(separator.len()).position(|window| window == separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}
