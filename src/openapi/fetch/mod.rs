//! Gets the OpenAPI document, wherever it is, with the files that it refers to.

mod access;
mod bundle;
mod error;
mod find;
mod http;
mod loader;
mod names;
mod read;

pub use access::Access;
pub use error::ReadError;
pub use find::{address, find};
pub use read::{Spec, download, file, read};
