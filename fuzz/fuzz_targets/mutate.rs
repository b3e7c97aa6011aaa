#![no_main]
//! The whole way, from documents of the fixtures. The bytes are choices: which document, and what is changed in it.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

#[path = "../../tests/support/mutate.rs"]
mod mutate;
mod pipeline;

static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let folders = fs::read_dir(fixtures).expect("the fixtures").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = folders.map(|folder| folder.join("openapi.yaml")).filter(|file| file.exists()).collect();
    files.sort();
    files.iter().filter_map(|file| pipeline::read("openapi.yaml", &fs::read(file).expect("a document"))).collect()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut left = bytes.chunks(2).map(|pair| pair.iter().fold(0, |number, byte| number * 256 + usize::from(*byte)));
    let Some(first) = left.next() else { return };
    let mut document = DOCUMENTS[first % DOCUMENTS.len()].clone();
    let mut left = left.peekable();
    while left.peek().is_some() {
        mutate::mutate(&mut document, &mut |below| left.next().unwrap_or(0) % below);
    }
    pipeline::generate(&document);
});
