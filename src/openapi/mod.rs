//! An OpenAPI document of any version, read as one shape: paths as they stand, schemas in one form.

mod answer;
mod document;
pub mod fetch;
mod keywords;
mod media;
mod operation;
mod parameters;
mod pointer;
mod properties;
mod query;
mod read_schema;
mod references;
mod resolved;
mod schema;
#[cfg(test)]
mod second_opinion;
mod servers;
pub mod tree;
mod type_keywords;
mod version;

pub use answer::{answers_header, declares, json_type, other_types, speaks, success};
pub use document::{Document, Node};
pub use keywords::Keywords;
pub use media::{JSON_API, JSON_PATCH, is_media, is_plain_json};
pub use operation::{Body, declares_header, find_body, find_response, path_parameter, takes_multipart};
pub use parameters::{Fallback, In, RequiredParameter, required_parameters};
pub use pointer::local_pointer;
pub use properties::{Properties, RawProperty, excluded, properties};
pub use query::{QueryParameter, query_parameters};
pub use resolved::Resolved;
pub use schema::{Schema, SchemaAt, Type};
pub use servers::servers;
pub use tree::Tree;
pub use version::Version;
