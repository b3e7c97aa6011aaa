//! Reads the files that a command names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::invocation::command;
use crate::codegen;
use crate::codegen::template::OwnTemplates;
use crate::config::Adapter;
use crate::config::{self, Config, FILE_NAME, Overrides, References, SpecLocation, Sync};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity};
use crate::openapi::Tree;
use crate::openapi::fetch::{self, Access, ReadError, Spec};
use crate::source::{Source, Whole};

/// The options that say which project a command works on.
#[derive(Debug, Clone, Args)]
pub struct ProjectArgs {
    /// The config
    #[arg(short, long, value_name = "FILE", default_value = FILE_NAME)]
    pub config: PathBuf,
    /// The OpenAPI document, instead of the config's: a file, a URL, or - for standard input
    #[arg(short, long, value_name = "FILE|URL")]
    pub spec: Option<String>,
    /// A header of the request for a document at a URL, such as 'Authorization: Bearer …'; repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = config::parse_header)]
    pub header: Vec<(String, String)>,
    /// How long to wait for a document at a URL
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
    /// Which other files the document may refer to, instead of what the config says
    #[arg(long, value_enum, value_name = "WHERE")]
    pub spec_refs: Option<ReferencesName>,
    /// The folder with the generated files, instead of the config's
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// The local database, instead of the config's
    #[arg(short, long, value_enum)]
    pub adapter: Option<AdapterName>,
    /// Sync every model that is found, chosen or not
    #[arg(long)]
    pub all: bool,
    /// Whether the command shows what would be generated, and writes nothing.
    #[arg(skip)]
    pub is_shown: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum AdapterName {
    Pglite,
    Sqlite,
    #[value(name = "indexeddb")]
    IndexedDb,
}

impl From<AdapterName> for Adapter {
    fn from(name: AdapterName) -> Self {
        match name {
            AdapterName::Pglite => Adapter::Pglite,
            AdapterName::Sqlite => Adapter::Sqlite,
            AdapterName::IndexedDb => Adapter::IndexedDb,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ReferencesName {
    /// Files in its folder and below; for a URL, of its origin
    Folder,
    /// Any file
    Files,
    /// Any file, and other URLs
    Anywhere,
}

impl From<ReferencesName> for References {
    fn from(name: ReferencesName) -> Self {
        match name {
            ReferencesName::Folder => References::Folder,
            ReferencesName::Files => References::Files,
            ReferencesName::Anywhere => References::Anywhere,
        }
    }
}

/// What a run starts from. A part is missing if it can't be read; the problems say why.
#[derive(Debug, Default)]
pub struct Inputs {
    pub config_source: Option<Source>,
    pub config: Option<Config>,
    /// The user's templates.
    pub templates: Option<OwnTemplates>,
    pub spec: Option<Spec>,
}

impl Inputs {
    /// Takes the document out of the inputs.
    pub fn take_tree(&mut self) -> Option<Tree> {
        self.spec.as_mut()?.tree.take()
    }

    pub fn sources(&self) -> Vec<(Input, &Source)> {
        let config = self.config_source.as_ref().map(|source| (Input::Config, source));
        let spec = self.spec.iter().flat_map(Spec::sources);
        let templates = self.templates.iter().flat_map(OwnTemplates::sources).enumerate();
        let templates = templates.map(|(number, source)| (Input::Template(number), source));
        config.into_iter().chain(spec).chain(templates).collect()
    }
}

pub fn read(args: &ProjectArgs, problems: &mut Problems) -> anyhow::Result<Inputs> {
    let mut inputs = Inputs::default();
    let here = Path::new("");
    let overrides = Overrides {
        spec: args.spec.as_deref().map(|spec| config::spec_location(spec, here)),
        output: args.output.clone(),
        adapter: args.adapter.map(Adapter::from),
        spec_refs: args.spec_refs.map(References::from),
        sync: args.all.then_some(Sync::All),
        is_shown: args.is_shown,
    };
    inputs.config = match fs::read(&args.config) {
        Ok(bytes) => {
            inputs.config_source = Some(Source::new(&args.config.to_string_lossy(), bytes, Input::Config, problems));
            let folder = args.config.parent().unwrap_or(here);
            let root = inputs.config_source.as_ref().and_then(|source| source.parse(Input::Config, Whole, problems));
            root.and_then(|root| config::read(&root, folder, &overrides, problems))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match overrides.alone() {
            // A config that is named must exist. The default one may be missing if the command line says enough.
            Some(config) if args.config.as_os_str() == FILE_NAME => Some(config),
            _ => bail!(
                "there is no {}\n  help: `{} init` writes one; or give --spec and --output",
                args.config.display(),
                command()
            ),
        },
        Err(error) => return Err(error).with_context(|| format!("can't read {}", args.config.display())),
    };
    if let Some(config) = &inputs.config {
        inputs.templates = config.templates.as_deref().and_then(|folder| codegen::own_templates(folder, problems));
        match read_spec(args, config, problems) {
            Ok(spec) => inputs.spec = spec,
            // If the config names the document, this is a problem of the config, beside its others.
            Err(error) if inputs.config_source.is_some() && args.spec.is_none() => {
                let at = (Input::Config, "/spec");
                let mut problem = Problem::new(Severity::Error, Code::UnreadableSpec, at, error.message);
                problem.help = error.help;
                problems.push(problem);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(inputs)
}

/// `None`, with a problem, if a header can't be made.
pub fn read_spec(args: &ProjectArgs, config: &Config, problems: &mut Problems) -> Result<Option<Spec>, ReadError> {
    let mut headers = args.header.clone();
    // The config's headers are for the config's document.
    if args.spec.is_none() && matches!(config.spec, SpecLocation::Url(_)) {
        let is_given = |name: &str| args.header.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        for (name, value) in config.spec_headers.iter().filter(|(name, _)| !is_given(name)) {
            let Some(value) = config::substitute(name, value, problems) else { return Ok(None) };
            headers.push((name.clone(), value));
        }
    }
    read_document(args, &config.spec, headers, config.spec_refs, problems).map(Some)
}

pub fn read_document(
    args: &ProjectArgs,
    location: &SpecLocation,
    headers: Vec<(String, String)>,
    references: References,
    problems: &mut Problems,
) -> Result<Spec, ReadError> {
    let access = Access { headers, timeout: Duration::from_secs(args.timeout), references };
    fetch::read(location, access, problems)
}
