//! Which collections a document has, what their rows are, and which of them become models.

mod config_entries;
mod constants;
mod enumerated;
mod findings;
mod group;
mod keys;
mod layout;
pub mod lists;
mod naming;
mod path_column;
mod path_columns;
pub mod paths;
mod resources;
mod rows;
mod select;
mod survey;

pub use config_entries::can_name_a_model;
pub use keys::{field_in_path, is_resource_name, same_name};
pub use layout::{Form, Layout, Ty, laid_out};
pub use path_column::{PathColumn, PathParent};
pub use path_columns::place_of;
pub use resources::{PathItem, Resource};
pub use rows::{Row, answered_row};
pub use select::{Candidate, Choices, ConfigEntry, HOW_TO_CHOOSE, LeftOut, key_of};
pub use survey::{Guess, Rows, guesses, rows, takes_idempotency_key};

use crate::config::Config;
use crate::diagnostics::Problems;
use crate::openapi::Document;

/// Chooses the collections that become models, and adds the columns that only their paths have.
pub fn choose<'a>(document: &'a Document, config: &'a Config, problems: &mut Problems) -> Choices<'a> {
    let mut choices = select::select(document, config, problems);
    path_columns::add(document, config, &mut choices);
    choices
}
