//! From an OpenAPI document to a local-first client: `config` and `spec` are read, `model` says what the
//! backend offers, `target` writes it down, `output` puts it on disk.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)]
#![deny(clippy::indexing_slicing, clippy::string_slice)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

pub mod cli;
pub mod config;
pub mod diagnostics;
pub mod model;
pub mod names;
pub mod output;
pub mod read;
pub mod render;
pub mod schema_diff;
pub mod spec;
pub mod target;

use config::Config;
use diagnostics::{Input, Problems, Source};
use model::Project;
use render::TemplateError;
use spec::Document;
use target::{Files, Settings};

/// What a run makes: the models as understood, and all files.
#[derive(Debug)]
pub struct Client {
    pub project: Project,
    pub files: Files,
}

/// The whole way, and pure: the same document and config give the same files. `None`, with problems, where the
/// input has errors.
pub fn generate(spec: &Source, config: &Config, problems: &mut Problems) -> anyhow::Result<Option<Client>> {
    let Some(root) = spec.parse(Input::Spec, problems) else { return Ok(None) };
    let Some(document) = Document::new(root, problems) else { return Ok(None) };
    let Some(project) = model::build(&document, config, problems) else { return Ok(None) };
    if problems.has_errors() {
        return Ok(None);
    }
    match target::files(&project, Settings::of(config)) {
        Ok(files) => Ok(Some(Client { project, files })),
        Err(error) => {
            problems.push(error.downcast::<TemplateError>()?.problem());
            Ok(None)
        }
    }
}
