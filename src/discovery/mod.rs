//! Which collections a document has, what their rows are, and which of them become models.

mod config_entries;
mod findings;
mod keys;
pub mod lists;
mod naming;
mod path_columns;
pub mod paths;
mod resources;
mod rows;
mod select;
mod survey;

pub use config_entries::can_name_a_model;
pub use keys::field_in_path;
pub use path_columns::{PathColumn, PathParent, place_of};
pub use resources::{PathItem, Resource};
pub use rows::{Row, answered_row};
pub use select::{Candidate, Choices, ConfigEntry, HOW_TO_CHOOSE, LeftOut, choose};
pub use survey::{Guess, Rows, guesses, rows, takes_idempotency_key};
