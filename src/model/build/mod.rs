//! Makes the models of what was chosen.

mod draft;
mod fields;
mod make;
mod operations;
mod references;
mod shapes;
mod type_names;

pub use make::{Made, build, make};
