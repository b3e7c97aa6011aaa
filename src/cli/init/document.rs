//! The document that `init` starts from.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::cli::ask;
use crate::cli::global_options::Global;
use crate::cli::inputs::ProjectArgs;
use crate::cli::invocation::command;
use crate::cli::report;
use crate::codegen::Settings;
use crate::config::{self, Adapter, Config, Overrides, References, SpecLocation};
use crate::diagnostics::Problems;
use crate::init::surroundings;
use crate::inspect::View;
use crate::openapi::fetch::{self, Access, ReadError, Spec, address, find};
use crate::openapi::{Tree, servers};

/// A document with models in it.
pub struct Document {
    /// The file from the current folder, or the URL.
    pub name: String,
    pub tree: Tree,
    spec: Spec,
    access: Access,
}

impl Document {
    pub fn servers(&self) -> Vec<String> {
        servers(&self.tree.root)
    }

    pub fn is_url(&self) -> bool {
        matches!(config::spec_location(&self.name, Path::new("")), SpecLocation::Url(_))
    }

    /// A config with the defaults.
    pub fn config(&self, project: &ProjectArgs, output: &Path, adapter: Adapter) -> anyhow::Result<Config> {
        let overrides = Overrides {
            spec: Some(config::spec_location(&self.name, Path::new(""))),
            output: Some(output.to_owned()),
            adapter: Some(adapter),
            spec_refs: project.spec_refs.map(References::from),
            ..Overrides::default()
        };
        overrides.alone().context("no document is named")
    }

    /// Its bytes once more, as the server gives them.
    pub fn download(&self) -> Result<Vec<u8>, ReadError> {
        fetch::download(&self.name, self.access.clone())
    }

    /// Whether it has no other files.
    pub fn is_alone(&self) -> bool {
        self.spec.others.is_empty()
    }

    /// The models as understood. `None`, after the problems are printed, if there are errors.
    pub fn survey(&self, config: &Config, global: &Global) -> anyhow::Result<Option<View>> {
        let mut problems = Problems::default();
        if let Some(survey) = crate::survey(self.tree.clone(), config, &mut problems) {
            return Ok(Some(View::of(&survey, &Settings::of(config, None))));
        }
        report::problems(&problems, &self.spec.sources().collect::<Vec<_>>(), global)?;
        report::failed(&problems, "nothing was written", global)?;
        Ok(None)
    }
}

/// `None`, after the problems are printed, if the document that a flag names has errors. At a terminal, asks until there is
/// one with models.
pub fn read(
    project: &ProjectArgs,
    folder: &Path,
    takes_usual: bool,
    asks: bool,
    global: &Global,
) -> anyhow::Result<Option<Document>> {
    let usual = surroundings::document(folder);
    match &project.spec {
        Some(spec) => read_one(project, spec, global),
        None if asks => ask_for_one(project, usual.as_deref(), global).map(Some),
        None => match usual.filter(|_| takes_usual) {
            Some(usual) => read_one(project, &usual, global),
            None => bail!(
                "no OpenAPI document is named, and there is no terminal to ask at\n  help: give --spec FILE|URL; optional are --transport, --output, --adapter, --framework, and --model NAME or --all"
            ),
        },
    }
}

fn ask_for_one(project: &ProjectArgs, usual: Option<&str>, global: &Global) -> anyhow::Result<Document> {
    let question = match usual {
        Some(_) => "OpenAPI document",
        None => "OpenAPI document (a file, or where the backend runs, such as localhost:8000)",
    };
    loop {
        let answer = ask::text(question, usual)?;
        match read_one(project, &answer, global) {
            Ok(Some(document)) => return Ok(document),
            Ok(None) => {}
            Err(error) => report::failure(&error, global)?,
        }
    }
}

fn read_one(project: &ProjectArgs, given: &str, global: &Global) -> anyhow::Result<Option<Document>> {
    let access = Access {
        headers: project.header.clone(),
        timeout: Duration::from_secs(project.timeout),
        references: project.spec_refs.map_or(References::Folder, References::from),
    };
    let name = match address(given).filter(|_| !Path::new(given).exists()) {
        Some(url) => find(&url, access.clone())?,
        None => given.to_owned(),
    };
    let mut problems = Problems::default();
    let mut spec = fetch::read(&config::spec_location(&name, Path::new("")), access.clone(), &mut problems)?;
    let Some(tree) = spec.tree.take() else {
        report::problems(&problems, &spec.sources().collect::<Vec<_>>(), global)?;
        report::failed(&problems, "nothing was written", global)?;
        return Ok(None);
    };
    let document = Document { name, tree, spec, access };
    let config = document.config(project, Path::new(""), Adapter::Pglite)?;
    match document.survey(&config, global)? {
        None => Ok(None),
        Some(found) if found.models.is_empty() => bail!(
            "no models were found in {}; nothing was written\n  help: `{} inspect --spec {}` shows what was left out, and why",
            document.spec.source.name,
            command(),
            document.name
        ),
        Some(_) => Ok(Some(document)),
    }
}
