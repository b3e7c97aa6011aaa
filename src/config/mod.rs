//! What the user decides: `sync-patterns.config.yaml`, and what the command line says instead.

mod choices;
mod headers;
mod model;
mod read;
mod reader;
mod settings;

pub use choices::{Adapter, Collections, Framework, Int64, References, Sync};
pub use headers::{parse_header, substitute};
pub use model::{Columns, ModelConfig, ModelEntry};
pub use read::{Overrides, read, spec_location};
pub use settings::{Config, FILE_NAME, SpecLocation};
