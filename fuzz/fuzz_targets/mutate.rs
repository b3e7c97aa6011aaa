#![no_main]
//! The whole way from a fixture's document. The bytes are choices: which document, for which config, and what is changed in
//! it.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use sync_patterns::openapi::Tree;
use sync_patterns::schema_json::document::Document as Schema;
use sync_patterns_fuzz::{making, reading, with_room};

#[path = "../../tests/support/mutate.rs"]
mod mutate;

const MOST_CHANGES: usize = 16;

/// Copies of copies double a document each time: beyond so many values it is left as it is.
const MOST_VALUES: usize = 20_000;

/// Each document, and its schema before it is changed.
static DOCUMENTS: LazyLock<Vec<(Value, Option<Schema>)>> = LazyLock::new(|| {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let folders = fs::read_dir(fixtures).expect("the fixtures").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = folders.map(|folder| folder.join("openapi.yaml")).filter(|file| file.exists()).collect();
    files.sort();
    let documents = files.iter().filter_map(|file| reading::follow(file));
    documents.map(|tree| (tree.root.clone(), making::make(&tree, &making::config(0)))).collect()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    with_room(|| {
        let mut left =
            bytes.chunks(2).map(|pair| pair.iter().fold(0, |number, byte| number * 256 + usize::from(*byte)));
        let (Some(first), Some(options)) = (left.next(), left.next()) else { return };
        let (document, before) = &DOCUMENTS[first % DOCUMENTS.len()];
        let mut document = document.clone();
        let mut left = left.peekable();
        for _ in 0..MOST_CHANGES {
            if left.peek().is_none() || values_in(&document) > MOST_VALUES {
                break;
            }
            mutate::mutate(&mut document, &mut |below| left.next().unwrap_or(0) % below);
        }
        let after = making::make(&Tree::from(document), &making::config(options));
        if let (Some(before), Some(after)) = (before, after) {
            making::compare(before, &after);
        }
    });
});

fn values_in(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(values_in).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(values_in).sum::<usize>(),
        _ => 1,
    }
}
