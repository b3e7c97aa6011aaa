use std::path::PathBuf;

use indexmap::IndexMap;

use super::choices::{
    Adapter, Collections, Framework, IdempotencyKey, ImportExtension, Int64, References, ServerFramework, Sync,
    Transport,
};
use super::model::{ModelConfig, ModelEntry};
use super::server::ServerConfig;
use crate::diagnostics::Severity;

/// The file's name, looked for in the current folder.
pub const FILE_NAME: &str = "sync-patterns.config.yaml";

/// Seconds between two pulls of a list, where nothing else is said.
pub const USUAL_POLL: u32 = 30;

#[derive(Debug, Clone)]
pub struct Config {
    pub spec: SpecLocation,
    /// Sent with the request for a document at a URL; `${NAME}` in a value stands for a variable of the environment.
    pub spec_headers: Vec<(String, String)>,
    pub spec_refs: References,
    /// Relative to the config's folder.
    pub output: PathBuf,
    pub adapter: Adapter,
    pub sync: Sync,
    pub transport: Transport,
    /// Seconds between two pulls of a list.
    pub poll: u32,
    /// Seconds that an incremental pull goes back behind the newest row.
    pub overlap: u32,
    pub framework: Framework,
    pub collections: Collections,
    /// Name of the local database.
    pub database: String,
    pub electric_url: String,
    pub api_base_url: String,
    pub idempotency_key: IdempotencyKey,
    /// Whether rows carry when, and by which device, they were edited.
    pub metadata: bool,
    /// Values of path parameters that are the same in every request, in order of name.
    pub path_params: Vec<(String, String)>,
    /// Values of query parameters and headers that the API requires, and that are the same in every request, in order of
    /// name.
    pub params: Vec<(String, String)>,
    /// Where the sync server answers.
    pub sync_url: String,
    /// The sync server to generate.
    pub server: Option<ServerConfig>,
    /// The folder with the templates that replace ours.
    pub templates: Option<PathBuf>,
    pub int64: Int64,
    /// `None`: nothing is said, and imports end in `.js`.
    pub import_extension: Option<ImportExtension>,
    /// In the file's order.
    pub models: IndexMap<String, ModelEntry>,
    /// How bad it is that an entry of `models` is about none of the document's. A command that writes nothing takes the model as
    /// gone.
    pub missing_models: Severity,
}

impl Config {
    /// What imports in the files of the client end in.
    pub fn client_imports(&self) -> ImportExtension {
        self.import_extension.unwrap_or(ImportExtension::Js)
    }

    /// What imports in the files of the server end in. Where no framework bundles them, Node or the like runs them, and finds
    /// nothing without an ending.
    pub fn server_imports(&self) -> ImportExtension {
        let Some(server) = &self.server else { return self.client_imports() };
        let is_bundled = server.framework != ServerFramework::Fetch;
        server.import_extension.unwrap_or(match self.client_imports() {
            ImportExtension::None if !is_bundled => ImportExtension::Js,
            other => other,
        })
    }

    /// How a model's rows come in. A collection without a local database stands on Electric.
    pub fn transport_of(&self, model: Option<&ModelConfig>) -> Transport {
        let collections = model.and_then(|model| model.collections).unwrap_or(self.collections);
        match (model.and_then(|model| model.transport), collections) {
            (Some(given), _) => given,
            (None, Collections::Electric) => Transport::Electric,
            (None, Collections::Local) => self.transport,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecLocation {
    File(PathBuf),
    Url(String),
    Stdin,
}
