//! The steps of a run, one by one, on a document.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sync_patterns::codegen::{self, Files, Settings};
use sync_patterns::config::Adapter;
use sync_patterns::config::References;
use sync_patterns::config::{Config, Overrides, SpecLocation, Sync};
use sync_patterns::diagnostics::{self, Problems};
use sync_patterns::model::{self, Project};
use sync_patterns::openapi::fetch::{self, Access};
use sync_patterns::openapi::{Document, Tree};
use sync_patterns::output::Plan;
use sync_patterns::plan;
use sync_patterns::source::{Source, Whole};
use tempfile::TempDir;

/// A document, and the config that takes all of its models.
pub struct Input {
    name: String,
    path: PathBuf,
    config: Config,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Input {
    pub fn new(name: &str, path: &Path) -> Self {
        let overrides = Overrides {
            spec: Some(SpecLocation::File(path.to_owned())),
            output: Some(PathBuf::from("generated")),
            adapter: Some(Adapter::Pglite),
            sync: Some(Sync::All),
            ..Overrides::default()
        };
        let config = overrides.alone().expect("a document and an output folder are enough");
        Self { name: name.to_owned(), path: path.to_owned(), config }
    }

    /// The least that anything costs which knows what is in the document: all of it as a value tree, by the parser in use.
    pub fn parse(&self) -> serde_json::Value {
        let text = fs::read(&self.path).expect("a text");
        if self.path.extension().is_some_and(|extension| extension == "json") {
            return serde_json::from_slice(&text).expect("JSON");
        }
        let mut problems = Problems::default();
        let source = Source::new(&self.path.to_string_lossy(), text, diagnostics::Input::Spec, &mut problems);
        source.parse(diagnostics::Input::Spec, Whole, &mut problems).expect("YAML")
    }

    pub fn read(&self) -> Tree {
        let access = Access { headers: Vec::new(), timeout: Duration::from_secs(1), references: References::Folder };
        let spec = fetch::read(&self.config.spec, access, &mut Problems::default()).expect("a file that can be read");
        spec.tree.expect("a document that can be parsed")
    }

    pub fn model(&self, tree: Tree) -> Project {
        let mut problems = Problems::default();
        let document = Document::new(tree, &mut problems).expect("an OpenAPI document");
        model::build(&document, &self.config, &mut problems).expect("models")
    }

    pub fn render(&self, project: &Project) -> Files {
        codegen::files(&plan::Plan::of(project), Settings::of(&self.config, None)).expect("files")
    }

    /// From the document to the files in a folder.
    pub fn whole(&self, folder: &Path) {
        let files = self.render(&self.model(self.read()));
        let plan = Plan::new(folder, &files).expect("a folder that can be read");
        plan.apply(folder, &files).expect("a folder that can be written");
    }

    /// The program itself, from its start to its end.
    pub fn process(&self, folder: &Path) {
        // As in a front end.
        fs::create_dir_all(folder.join("node_modules")).expect("a folder");
        let mut program = Command::new(env!("CARGO_BIN_EXE_sync-patterns"));
        program.args(["generate", "--all", "--quiet", "--output", "generated", "--spec"]).arg(&self.path);
        let status = program.current_dir(folder).stderr(Stdio::null()).status().expect("the program can be run");
        assert!(status.success(), "{program:?}: {status}");
    }
}

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}
