//! From an OpenAPI document to a local-first client.

pub mod diagnostics;
pub mod model;
pub mod names;
pub mod render;
pub mod spec;
pub mod target;
