use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use url::Url;

use super::access::{Access, MAX_BYTES};
use super::bundle::Bundle;
use super::error::ReadError;
use super::http::{self, Client};
use super::loader::{self, Loader};
use super::names;
use crate::config::SpecLocation;
use crate::diagnostics::{Input, Problems};
use crate::openapi::keywords::Keywords;
use crate::openapi::tree::{self, Tree};
use crate::source::Source;

/// A document that was read.
#[derive(Debug)]
pub struct Spec {
    pub source: Source,
    /// The files that it refers to, in the order in which they are in the tree.
    pub others: Vec<Source>,
    /// `None`, with problems, where the document can't be parsed.
    pub tree: Option<Tree>,
}

impl Spec {
    pub fn sources(&self) -> impl Iterator<Item = (Input, &Source)> {
        let others = self.others.iter().enumerate().map(|(number, source)| (Input::Document(number), source));
        std::iter::once((Input::Spec, &self.source)).chain(others)
    }
}

/// Reads a document and what it refers to.
pub fn read(location: &SpecLocation, access: Access, problems: &mut Problems) -> Result<Spec, ReadError> {
    let (name, home, bytes) = match location {
        SpecLocation::File(path) => (path.display().to_string(), url_of(path)?, file(path)?),
        SpecLocation::Stdin => ("<stdin>".to_owned(), http::parse(loader::STANDARD_INPUT)?, standard_input()?),
        SpecLocation::Url(text) => {
            let mut url = http::parse(text)?;
            url.set_fragment(None);
            let bytes = Client::new(&url, access.clone()).get(&url, MAX_BYTES)?;
            (http::shown(&url), url, bytes)
        }
    };
    let mut source = Source::new(&name, bytes, Input::Spec, problems);
    let Some(root) = source.parse(Input::Spec, Keywords::Document, problems) else {
        return Ok(Spec { source, others: Vec::new(), tree: None });
    };
    source.forget_text();
    let loader = Loader::new(home.clone(), &name, access);
    let bundle = Bundle::load(root, &home, loader, problems);
    let (names, named) = names::give(&bundle);
    let (tree, others) = bundle.assemble(names, named);
    tree::assign_files(problems);
    Ok(Spec { source, others, tree: Some(tree) })
}

/// The bytes of a document at a URL, as the server gives them.
pub fn download(url: &str, access: Access) -> Result<Vec<u8>, ReadError> {
    let url = http::parse(url)?;
    Client::new(&url, access).get(&url, MAX_BYTES)
}

fn url_of(path: &Path) -> Result<Url, ReadError> {
    let absolute = std::path::absolute(path).ok().and_then(|path| Url::from_file_path(path).ok());
    absolute.ok_or_else(|| ReadError::new(format!("{} isn't the path of a file", path.display())))
}

/// The document in a file.
pub fn file(path: &Path) -> Result<Vec<u8>, ReadError> {
    let name = format!("the OpenAPI document {}", path.display());
    let file = File::open(path).map_err(|error| ReadError::new(format!("can't read {name}: {error}")))?;
    let expected = file.metadata().map_or(0, |metadata| metadata.len());
    all_of(file, expected, &name)
}

fn standard_input() -> Result<Vec<u8>, ReadError> {
    all_of(io::stdin().lock(), 0, "the OpenAPI document from standard input")
}

/// `expected` bytes, or more.
fn all_of(reader: impl Read, expected: u64, name: &str) -> Result<Vec<u8>, ReadError> {
    // A growing buffer would take twice the memory; reading to the end needs one byte more.
    let mut bytes = Vec::with_capacity(expected.min(MAX_BYTES) as usize + 1);
    let read = reader.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| ReadError::new(format!("can't read {name}: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ReadError::new(format!("{name} has more than {} MB", MAX_BYTES / 1024 / 1024))
            .help("give one that has only the paths that the client needs"));
    }
    Ok(bytes)
}
