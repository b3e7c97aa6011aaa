//! What the user decides: `sync-patterns.config.yaml`, and what the command line says instead.

mod headers;
mod model;
mod read;
mod reader;
mod templates;

pub use headers::substitute;
pub use model::{Columns, ModelConfig, ModelEntry};
pub use read::{Overrides, read, spec_location};

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::codegen::template::OwnTemplates;
use crate::read::References;

/// The file's name, looked for in the current folder.
pub const FILE_NAME: &str = "sync-patterns.config.yaml";

#[derive(Debug, Clone)]
pub struct Config {
    pub spec: SpecLocation,
    /// Sent with the request for a document at a URL; `${NAME}` in a value stands for a variable of the environment.
    pub spec_headers: Vec<(String, String)>,
    pub spec_refs: References,
    /// Below the config's folder where it is relative.
    pub output: PathBuf,
    pub adapter: Adapter,
    pub sync: Sync,
    pub framework: Framework,
    pub collections: Collections,
    /// Name of the local database.
    pub database: String,
    pub electric_url: String,
    pub api_base_url: String,
    /// Templates that replace ours.
    pub templates: Option<OwnTemplates>,
    /// Where they are, also where they can't be read.
    pub templates_folder: Option<PathBuf>,
    pub int64: Int64,
    /// In the file's order.
    pub models: IndexMap<String, ModelEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecLocation {
    File(PathBuf),
    Url(String),
    Stdin,
}

/// The local database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapter {
    Pglite,
    Sqlite,
}

impl Adapter {
    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            Adapter::Pglite => "pglite",
            Adapter::Sqlite => "sqlite",
        }
    }
}

/// What TypeScript sees of a 64-bit integer column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Int64 {
    Number,
    String,
    Bigint,
}

/// Which models are synced where nothing is said of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Sync {
    /// Those with `x-sync` in the spec or an entry in the config.
    Annotated,
    /// Every one that is found.
    All,
}

/// Whose hooks are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Framework {
    React,
    Vue,
    Svelte,
    Solid,
    None,
}

impl Framework {
    pub const ALL: [Framework; 5] = [Self::React, Self::Vue, Self::Svelte, Self::Solid, Self::None];

    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            Framework::React => "react",
            Framework::Vue => "vue",
            Framework::Svelte => "svelte",
            Framework::Solid => "solid",
            Framework::None => "none",
        }
    }
}

/// What a collection stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Collections {
    /// The local database.
    Local,
    /// Electric and the API, with nothing kept on the device.
    Electric,
}

impl Collections {
    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            Collections::Local => "local",
            Collections::Electric => "electric",
        }
    }
}
