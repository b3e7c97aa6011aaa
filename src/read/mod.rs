//! Reads the OpenAPI document, wherever it is.

mod error;
mod http;

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

pub use error::ReadError;
pub use http::{check_header, parse_header};

use crate::config::SpecLocation;
use crate::diagnostics::{Input, Problems, Source};
use http::Client;

/// A document larger than this isn't read.
const MAX_BYTES: u64 = 100 * 1024 * 1024;

/// How documents are fetched.
#[derive(Debug, Clone)]
pub struct Access {
    /// Sent to the origin of the document, and to no other.
    pub headers: Vec<(String, String)>,
    /// For the whole of one request.
    pub timeout: Duration,
}

/// The document's text.
pub fn read(location: &SpecLocation, access: Access, problems: &mut Problems) -> Result<Source, ReadError> {
    let (name, bytes) = match location {
        SpecLocation::File(path) => (path.display().to_string(), file(path)?),
        SpecLocation::Stdin => ("<stdin>".to_owned(), standard_input()?),
        SpecLocation::Url(text) => {
            let url = http::parse(text)?;
            (http::shown(&url), Client::new(&url, access).get(&url, MAX_BYTES)?)
        }
    };
    Ok(Source::new(&name, bytes, Input::Spec, problems))
}

fn file(path: &Path) -> Result<Vec<u8>, ReadError> {
    fs::read(path)
        .map_err(|error| ReadError::new(format!("can't read the OpenAPI document {}: {error}", path.display())))
}

fn standard_input() -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| ReadError::new(format!("can't read the OpenAPI document from standard input: {error}")))?;
    Ok(bytes)
}
