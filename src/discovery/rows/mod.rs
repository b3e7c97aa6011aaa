//! The row of a resource.

mod envelope;
mod find;
mod form;
mod from_bodies;
mod guess;
mod row;
mod strangers;

pub use envelope::{Unwrapped, answered_row, inner_row, item_row, list_row};
pub use find::{Found, find_row};
pub use guess::KnownIds;
pub use row::Row;
pub use strangers::strangers;
