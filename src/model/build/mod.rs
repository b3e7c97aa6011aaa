//! Makes the models of what was chosen.

mod answers;
mod base_url;
mod complete;
mod draft;
mod fields;
mod lists;
mod metadata;
mod notes;
mod operations;
mod project;
mod reads;
mod references;
mod shapes;
mod type_names;

pub use project::{Made, Notes, build, make};
