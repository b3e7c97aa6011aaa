//! Makes the models of what was chosen.

mod fields;
mod make;
mod maker;
mod operations;
mod references;
mod shapes;
mod type_names;

pub use make::{Made, build, make};
