//! From an OpenAPI document to a local-first client: `openapi` gets the document, `discovery` finds its collections, `model` says
//! what the backend offers, `codegen` writes it down, `output` puts it on disk.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)]
#![deny(clippy::indexing_slicing, clippy::string_slice)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic))]

pub mod cli;
pub mod codegen;
pub mod config;
pub mod diagnostics;
pub mod discovery;
pub mod init;
pub mod inspect;
pub mod model;
pub mod names;
pub mod openapi;
pub mod output;
mod parallel;
pub mod plan;
pub mod schema_json;
pub mod source;

use codegen::template::{OwnTemplates, TemplateError};
use codegen::{Files, Settings};
use config::Config;
use diagnostics::Problems;
use model::{Project, Survey};
use openapi::{Document, Tree};
use plan::Plan;

/// What a run makes: the models as understood, and all files.
#[derive(Debug)]
pub struct Client {
    pub project: Project,
    pub files: Files,
    /// Those of the sync server, where the config asks for one.
    pub server: Option<Files>,
    /// Its endpoints in the folder of the framework's routes; empty, where the framework has none there.
    pub routes: Files,
}

/// The whole way, and pure: the same document, config and templates give the same files. `None`, with problems, where the
/// input has errors.
pub fn generate(
    spec: Tree,
    config: &Config,
    templates: Option<&OwnTemplates>,
    problems: &mut Problems,
) -> anyhow::Result<Option<Client>> {
    let project = understood(spec, problems, |document, problems| model::build(document, config, problems));
    let Some(project) = project else { return Ok(None) };
    if problems.has_errors() {
        return Ok(None);
    }
    let (plan, settings) = (Plan::of(&project), Settings::of(config, templates));
    let made = codegen::files(&plan, settings).and_then(|files| {
        let server = config.server.as_ref().map(|_| codegen::server_files(&plan, settings)).transpose()?;
        let of_server = |files| codegen::with_imports(files, config.server_imports());
        let files = codegen::with_imports(files, config.client_imports());
        Ok((files, server.map(of_server), of_server(codegen::route_files(settings)?)))
    });
    match made {
        Ok((files, server, routes)) => Ok(Some(Client { project, files, server, routes })),
        Err(error) => {
            problems.push(error.downcast::<TemplateError>()?.problem());
            Ok(None)
        }
    }
}

/// What a document offers, chosen or not. `None`, with problems, where it can't be used at all.
pub fn survey(spec: Tree, config: &Config, problems: &mut Problems) -> Option<Survey> {
    understood(spec, problems, |document, problems| Some(model::survey(document, config, problems)))
}

/// What is made of a document, and its problems with the places and files that they are in.
fn understood<T>(
    spec: Tree,
    problems: &mut Problems,
    make: impl FnOnce(&Document, &mut Problems) -> Option<T>,
) -> Option<T> {
    let made = Document::new(spec, problems).and_then(|document| make(&document, problems));
    openapi::tree::assign_files(problems);
    made
}
