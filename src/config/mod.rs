//! The user's decisions: `sync-patterns.config.yaml`, and overrides from the command line.

mod choices;
mod headers;
mod keys;
pub mod line;
mod list;
mod model;
mod paths;
mod read;
mod read_model;
mod server;
mod settings;

pub use choices::{
    Adapter, Collections, Conflict, Framework, IdempotencyKey, ImportExtension, Int64, References, ServerFramework,
    Sync, Transport,
};
pub use headers::{parse_header, substitute};
pub use list::{Choice, ListConfig, Place, Style};
pub use model::{Columns, ModelConfig, ModelEntry};
pub use paths::way;
pub use read::{Overrides, read, spec_location};
pub use server::{ScopeConfig, ServerConfig, ServerOrm, ServerTables};
pub use settings::{Config, FILE_NAME, SpecLocation, USUAL_POLL};
