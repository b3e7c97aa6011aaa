//! The text of an input: decoded, parsed, and searched for the places of problems.

mod error;
mod json;
mod text;
mod tree;
mod yaml;

pub use text::{Source, Syntax};
pub use tree::{Part, Whole};
