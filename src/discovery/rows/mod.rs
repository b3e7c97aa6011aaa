//! The row of a resource.

mod envelope;
mod find;
mod guess;
mod row;
mod written;

pub use find::{Found, find_row};
pub use guess::KnownIds;
pub use row::Row;
