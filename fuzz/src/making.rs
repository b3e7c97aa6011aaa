//! A tree to files.

use std::collections::HashSet;
use std::path::{Component, Path};

use serde_json::Value;
use sync_patterns::Client;
use sync_patterns::codegen::typescript::SCHEMA_JSON;
use sync_patterns::codegen::{Files, Settings, is_ours};
use sync_patterns::config::{Adapter, Int64};
use sync_patterns::config::{Collections, Config, Framework, Overrides, SpecLocation, Sync};
use sync_patterns::diagnostics::{Input, Problems};
use sync_patterns::inspect::{self, View};
use sync_patterns::openapi::Tree;
use sync_patterns::schema_json::diff::{self, Report};
use sync_patterns::schema_json::document::Document as Schema;
use sync_patterns::source::Source;

use super::reading::located;

/// One of the configs that take every model.
pub fn config(choice: usize) -> Config {
    let overrides = Overrides {
        spec: Some(SpecLocation::Stdin),
        output: Some("out".into()),
        adapter: Some([Adapter::Pglite, Adapter::Sqlite][choice % 2]),
        sync: Some(Sync::All),
        ..Overrides::default()
    };
    let mut config = overrides.alone().expect("a config");
    config.int64 = [Int64::Number, Int64::String, Int64::Bigint][choice / 2 % 3];
    config.framework = Framework::ALL[choice / 6 % 5];
    config.collections = [Collections::Local, Collections::Electric][choice / 30 % 2];
    config
}

/// Generates everything that is found, and returns the schema of it.
pub fn make(tree: &Tree, config: &Config) -> Option<Schema> {
    let once = || {
        let mut problems = Problems::default();
        let client = sync_patterns::generate(tree.clone(), config, None, &mut problems).expect("no failure of our own");
        assert_eq!(client.is_none(), problems.has_errors(), "it is made, or it is said why not");
        (client, problems)
    };
    let (client, problems) = once();
    located(&problems, &tree.root);
    show(tree, config);
    let (again, problems_again) = once();
    assert_eq!(format!("{problems:?}"), format!("{problems_again:?}"), "the same is said twice");
    let Client { files, .. } = client?;
    assert!(again.is_some_and(|again| again.files == files), "the same is made twice");
    check(&files);
    let schema = schema(&files[SCHEMA_JSON]);
    let changes = diff::compare(&schema, &schema);
    assert!(changes.is_empty(), "nothing has changed: {changes:?}");
    Some(schema)
}

/// What `inspect` prints.
fn show(tree: &Tree, config: &Config) {
    let mut problems = Problems::default();
    let Some(survey) = sync_patterns::survey(tree.clone(), config, &mut problems) else {
        return assert!(problems.has_errors(), "it is shown, or it is said why not");
    };
    let view = View::of(&survey, &Settings::of(config, None));
    serde_json::to_string(&view).expect("JSON");
    inspect::text::overview(&mut Vec::new(), &view).expect("room for it");
    for model in &view.models {
        inspect::text::detail(&mut Vec::new(), model, &view).expect("room for it");
    }
}

/// The files can be written below a folder of any system, and are known as ours afterwards.
fn check(files: &Files) {
    let mut names = HashSet::new();
    for (path, text) in files {
        let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        assert!(is_inside && !path.contains(|c: char| c.is_control() || "\\:*?\"<>|".contains(c)), "{path:?}");
        assert!(path.split('/').all(|part| part.len() < 250 && !part.ends_with(['.', ' '])), "{path:?}");
        assert!(names.insert(path.to_uppercase().to_lowercase()), "{path:?} is there already");
        assert!(is_ours(text.as_bytes()), "{path} doesn't begin as ours do");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path} doesn't end with a line");
        let is_printed = |c: char| !c.is_control() || c == '\n' || c == '\t';
        assert!(!path.ends_with("ts") || text.chars().all(is_printed), "{path} has controls");
        assert!(!text.contains('\0'), "{path} has what no database takes");
    }
}

fn schema(text: &str) -> Schema {
    serde_json::from_str::<Value>(text).expect("schema.json is JSON");
    let mut problems = Problems::default();
    let source = Source::new(SCHEMA_JSON, text.as_bytes().to_vec(), Input::Base, &mut problems);
    let schema = diff::read(&source, &mut problems);
    schema.unwrap_or_else(|| panic!("schema.json is read again: {problems:?}"))
}

/// What `diff` prints of two schemas, both ways.
pub fn compare(before: &Schema, after: &Schema) {
    for (old, new) in [(before, after), (after, before)] {
        let report = Report {
            base: SCHEMA_JSON.to_owned(),
            has_base: true,
            changes: diff::compare(old, new),
            tables: diff::compare_tables(old, new),
            is_existing: diff::are_existing(new),
        };
        diff::text(&mut Vec::new(), &report).expect("room for it");
        diff::markdown(&report);
        diff::json(&report).expect("JSON");
    }
}
