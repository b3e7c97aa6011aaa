//! Reads the files that a document refers to, if `spec_refs` allows it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use super::access::{Access, MAX_BYTES};
use super::error::ReadError;
use super::http::{self, Client};
use crate::config::References;

/// The maximum of files.
const MAX_FILES: usize = 10_000;

/// The URL of standard input.
pub const STANDARD_INPUT: &str = "stdin:/document";

pub struct Loader {
    /// The first document.
    home: Url,
    /// Its name for the user.
    name: String,
    references: References,
    client: Client,
    bytes_left: u64,
    files_left: usize,
}

impl Loader {
    pub fn new(home: Url, name: &str, access: Access) -> Self {
        let references = access.references;
        let client = Client::new(&home, access);
        Self { home, name: name.to_owned(), references, client, bytes_left: MAX_BYTES, files_left: MAX_FILES }
    }

    pub fn get(&mut self, url: &Url) -> Result<Vec<u8>, ReadError> {
        let bytes = match url.scheme() {
            "file" => self.file(url)?,
            "http" | "https" => self.page(url)?,
            "stdin" => {
                return Err(ReadError::new("a document from standard input has no folder")
                    .help("name the document as a file or a URL, or bundle it into one file first"));
            }
            scheme => return Err(ReadError::new(format!("`{scheme}:` isn't supported: use a file, http or https"))),
        };
        self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
        self.files_left = self.files_left.saturating_sub(1);
        Ok(bytes)
    }

    /// The name of a file for the user: relative to the first document's folder.
    pub fn shown(&self, url: &Url) -> String {
        if *url == self.home {
            return self.name.clone();
        }
        if url.scheme() != "file" {
            return http::shown(url);
        }
        let folder = Path::new(&self.name).parent().unwrap_or(Path::new(""));
        match self.home.make_relative(url) {
            Some(below) => folder.join(percent_decode_str(&below).decode_utf8_lossy().as_ref()).display().to_string(),
            None => url.to_string(),
        }
    }

    fn page(&self, url: &Url) -> Result<Vec<u8>, ReadError> {
        if url.origin() != self.home.origin() && self.references != References::Anywhere {
            return Err(ReadError::new("it has another origin").help(
                "`spec_refs: anywhere` in the config, or `--spec-refs anywhere`, gets it; or bundle the documents into one file first",
            ));
        }
        self.check_room()?;
        self.client.get(url, self.bytes_left)
    }

    fn file(&self, url: &Url) -> Result<Vec<u8>, ReadError> {
        if self.home.scheme() != "file" {
            return Err(ReadError::new("a document from the web refers to a local file"));
        }
        let path = url.to_file_path().map_err(|()| ReadError::new("it isn't the path of a file"))?;
        if self.references == References::Folder {
            let folder = self.home.to_file_path().ok().and_then(|path| path.parent().map(Path::to_path_buf));
            // Symbolic links may lead out of the folder, and the folder itself may be one.
            let is_inside = |folder: PathBuf| path.starts_with(&folder) && leads_below(&path, &folder);
            if !folder.is_some_and(is_inside) {
                return Err(ReadError::new("it is outside of the document's folder").help(
                    "`spec_refs: files` in the config, or `--spec-refs files`, reads it; or move it below the folder",
                ));
            }
        }
        self.check_room()?;
        let cannot = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::new("there is no such file"),
            _ => ReadError::new(error.to_string()),
        };
        if !fs::metadata(&path).map_err(cannot)?.is_file() {
            return Err(ReadError::new("it isn't a file"));
        }
        let mut bytes = Vec::new();
        File::open(&path).and_then(|file| file.take(self.bytes_left + 1).read_to_end(&mut bytes)).map_err(cannot)?;
        if bytes.len() as u64 > self.bytes_left {
            return Err(ReadError::new("all files together have more than 100 MB"));
        }
        Ok(bytes)
    }

    fn check_room(&self) -> Result<(), ReadError> {
        if self.files_left == 0 {
            return Err(ReadError::new(format!("the document refers to more than {MAX_FILES} files")));
        }
        Ok(())
    }
}

/// Whether a file is in a folder after symbolic links are followed. A missing file counts as inside.
fn leads_below(path: &Path, folder: &Path) -> bool {
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => true,
    }
}
