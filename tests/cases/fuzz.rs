//! The fuzz targets' functions, with the documents that the targets start from: their seeds, and the fixtures' files.
//! `fuzz/run` goes on from there.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::case;

#[path = "../../fuzz/src/lib.rs"]
#[allow(dead_code)]
mod shared;

use shared::targets;

/// No larger than the targets take them.
const MOST_BYTES: u64 = 100_000;

pub fn cases() -> Vec<Trial> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    ["fuzz/seeds", "fixtures"].iter().for_each(|folder| documents(&repository.join(folder), &mut files));
    files.sort();
    let cases = files.into_iter().map(|file| {
        let name = file.strip_prefix(repository).expect("below").to_string_lossy().replace('\\', "/");
        case(format!("fuzz::{name}"), move || {
            let bytes = fs::read(&file).expect("a document");
            targets::read(&bytes);
            targets::generate(&bytes);
        })
    });
    cases.collect()
}

fn documents(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry")) {
        let (path, size) = (entry.path(), entry.metadata().expect("its size").len());
        if path.is_dir() {
            documents(&path, files);
        } else if size < MOST_BYTES && path.extension().is_some_and(|name| name == "yaml" || name == "json") {
            files.push(path);
        }
    }
}
