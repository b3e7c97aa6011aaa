//! `init`'s offer to keep a copy of a document that a server gives.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::document::Document;
use crate::cli::ask;

#[derive(Debug, Args)]
pub struct SaveSpec {
    /// Save a copy of a document at a URL beside the config, and read that: where the backend doesn't run, as in CI
    #[arg(long)]
    save_spec: bool,
    /// Read the document from its URL each time
    #[arg(long, conflicts_with = "save_spec")]
    no_save_spec: bool,
}

/// A copy that is to be written.
pub struct Copy {
    pub path: PathBuf,
    bytes: Vec<u8>,
}

impl SaveSpec {
    /// `None` where no copy is wanted, or another file is in its place.
    pub fn offer(&self, document: &Document, folder: &Path, asks: bool) -> anyhow::Result<Option<Copy>> {
        let Self { save_spec, no_save_spec } = *self;
        let is_possible = document.is_url() && document.is_alone();
        if !is_possible || no_save_spec || !(save_spec || asks) {
            return Ok(None);
        }
        let bytes = document.download()?;
        let is_json = bytes.trim_ascii_start().starts_with(b"{");
        let path = folder.join(if is_json { "openapi.json" } else { "openapi.yaml" });
        let other = fs::read(&path).is_ok_and(|existing| existing != bytes);
        let shown = path.display();
        if other {
            if save_spec {
                anyhow::bail!(
                    "{shown} exists already, and isn't what {} gives\n  help: remove it, or name it with --spec",
                    document.name
                );
            }
            return Ok(None);
        }
        let wants =
            save_spec || ask::yes(&format!("Save a copy as {shown}, for CI, where the backend doesn't run"), true)?;
        Ok(wants.then_some(Copy { path, bytes }))
    }
}

impl Copy {
    pub fn write(&self) -> anyhow::Result<()> {
        fs::write(&self.path, &self.bytes).with_context(|| format!("can't write {}", self.path.display()))
    }
}
