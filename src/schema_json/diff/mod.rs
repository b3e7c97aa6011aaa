//! What a change of the API, or of the config, does on devices that hold data: two versions of `schema/schema.json`
//! compared. `base` reads one, `compare` is pure, `effect` has the words, `tables` says it of the sync server's tables, and each
//! printer is a file: `migration` prints the statements that the tables need.

mod base;
mod change;
mod column;
mod compare;
mod effect;
mod endpoint;
mod json;
mod markdown;
mod migration;
mod model;
mod quote;
mod rename;
mod report;
mod step;
mod tables;
mod text;
mod type_change;

pub use base::read;
pub use change::{Change, Kind, Severity};
pub use compare::compare;
pub use json::json;
pub use markdown::markdown;
pub use migration::{left_to_you, migration};
pub use report::Report;
pub use tables::{TableChange, TableKind, are_existing, compare as compare_tables};
pub use text::text;
