//! A made-up project with the contacts of the worked example.

use std::fs;
use std::path::{Path, PathBuf};

use super::binary::{Run, sync_patterns};

pub const SPEC: &str = include_str!("../../fixtures/contacts/openapi.yaml");

/// A config and a document, in a folder that is gone with it.
pub struct Project {
    pub folder: tempfile::TempDir,
}

impl Project {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let project = Self { folder };
        project.write("openapi.yaml", SPEC);
        project.write("sync-patterns.config.yaml", "version: 1\nspec: ./openapi.yaml\noutput: ./src/generated\n");
        project
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn write(&self, below: &str, text: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        sync_patterns(arguments, self.folder.path())
    }

    pub fn generate(&self) -> Run {
        let run = self.run(&["generate"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run
    }

    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        list(&self.path("src/generated"), &mut files);
        files.sort();
        files
    }
}

fn list(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() { list(&path, files) } else { files.push(path.to_string_lossy().into_owned()) }
    }
}
