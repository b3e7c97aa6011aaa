//! Reads the files that a command names.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::config::{self, Config, FILE_NAME, Overrides, SpecLocation, Sync};
use crate::diagnostics::{Input, Problems, Source};
use crate::target::Adapter;

/// Which project a command is about.
#[derive(Debug, Clone, Args)]
pub struct ProjectArgs {
    /// The config
    #[arg(short, long, value_name = "FILE", default_value = FILE_NAME)]
    pub config: PathBuf,
    /// The OpenAPI document, instead of the config's: a file, or - for standard input
    #[arg(short, long, value_name = "FILE")]
    pub spec: Option<String>,
    /// The folder with the generated files, instead of the config's
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// The database, instead of the config's
    #[arg(short, long, value_enum)]
    pub adapter: Option<AdapterName>,
    /// Take every model that is found, annotated or not
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum AdapterName {
    Pglite,
    Sqlite,
}

impl From<AdapterName> for Adapter {
    fn from(name: AdapterName) -> Self {
        match name {
            AdapterName::Pglite => Adapter::Pglite,
            AdapterName::Sqlite => Adapter::Sqlite,
        }
    }
}

/// What a run starts from. A part is missing where it could not be read; the problems say why.
#[derive(Debug, Default)]
pub struct Inputs {
    pub config_source: Option<Source>,
    pub config: Option<Config>,
    pub spec: Option<Source>,
}

impl Inputs {
    pub fn sources(&self) -> Vec<(Input, &Source)> {
        let config = self.config_source.as_ref().map(|source| (Input::Config, source));
        let spec = self.spec.as_ref().map(|source| (Input::Spec, source));
        config.into_iter().chain(spec).collect()
    }
}

pub fn read(args: &ProjectArgs, problems: &mut Problems) -> anyhow::Result<Inputs> {
    let mut inputs = Inputs::default();
    let here = Path::new("");
    let overrides = Overrides {
        spec: args.spec.as_deref().map(|spec| config::spec_location(spec, here)),
        output: args.output.clone(),
        adapter: args.adapter.map(Adapter::from),
        sync: args.all.then_some(Sync::All),
    };
    inputs.config = match fs::read(&args.config) {
        Ok(bytes) => {
            inputs.config_source = Some(Source::new(&args.config.to_string_lossy(), bytes, Input::Config, problems));
            let folder = args.config.parent().unwrap_or(here);
            let root = inputs.config_source.as_ref().and_then(|source| source.parse(Input::Config, problems));
            root.and_then(|root| config::read(&root, folder, &overrides, problems))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match overrides.alone() {
            // A config that was named must be there; the usual one may be missing where nothing needs it.
            Some(config) if args.config.as_os_str() == FILE_NAME => Some(config),
            _ => bail!(
                "there is no {}\n  help: `sync-patterns init` writes one; or give --spec and --output",
                args.config.display()
            ),
        },
        Err(error) => return Err(error).with_context(|| format!("can't read {}", args.config.display())),
    };
    if let Some(config) = &inputs.config {
        match read_spec(&config.spec, problems) {
            Ok(spec) => inputs.spec = Some(spec),
            // Where the config names it, it is a problem of the config, beside its others.
            Err(error) if inputs.config_source.is_some() && args.spec.is_none() => {
                problems.error("unreadable-spec", (Input::Config, "/spec"), format!("{error:#}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(inputs)
}

pub fn read_spec(location: &SpecLocation, problems: &mut Problems) -> anyhow::Result<Source> {
    let (name, bytes) = match location {
        SpecLocation::File(path) => {
            let bytes =
                fs::read(path).with_context(|| format!("can't read the OpenAPI document {}", path.display()))?;
            (path.display().to_string(), bytes)
        }
        SpecLocation::Stdin => {
            let mut bytes = Vec::new();
            io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .context("can't read the OpenAPI document from standard input")?;
            ("<stdin>".to_owned(), bytes)
        }
        SpecLocation::Url(url) => bail!(
            "this version reads no URLs\n  help: pipe the document in: curl --fail --silent {url} | sync-patterns generate --spec -"
        ),
    };
    Ok(Source::new(&name, bytes, Input::Spec, problems))
}
