//! From an OpenAPI document to a local-first client.

pub mod model;
pub mod names;
pub mod render;
pub mod target;
