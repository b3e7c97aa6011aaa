//! Which collections a document has, what their rows are, and which of them become models.

mod config_entries;
mod findings;
mod keys;
pub mod lists;
mod naming;
pub mod paths;
mod resources;
mod rows;
mod select;
mod survey;

pub use config_entries::can_name_a_model;
pub use keys::{field_of_parameter, item_parameters, looks_like_id, may_mean_key, means_own_key, same_name};
pub use resources::{PathItem, Resource};
pub use rows::{Row, answered_row};
pub use select::{Candidate, Choices, ConfigEntry, HOW_TO_CHOOSE, LeftOut, choose};
pub use survey::{Guess, Rows, guesses, rows, takes_idempotency_key};
