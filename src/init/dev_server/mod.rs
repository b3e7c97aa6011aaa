//! The development server's proxy: it passes requests below a prefix on to the backend, so that the API has the page's
//! own origin, and needs no CORS.

mod prefix;
mod tool;

pub use prefix::Route;
pub use tool::Tool;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::edit::Edit;

/// What the project's development server needs.
#[derive(Debug)]
pub struct Proxy {
    pub tool: Tool,
    pub file: PathBuf,
    /// What to add by hand.
    pub lines: String,
    /// The file as it is; empty where there is none.
    pub before: String,
    pub edit: Edit,
}

/// `None` where the folder shows no development server that is known.
pub fn proxy(folder: &Path, route: &Route) -> anyhow::Result<Option<Proxy>> {
    let Some(tool) = Tool::of(folder) else { return Ok(None) };
    let name = tool.file(folder);
    let file = folder.join(&name);
    let before = match fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let lines = tool.lines(route)?;
    let edit = tool.edit(before.as_deref(), route)?;
    Ok(Some(Proxy { tool, file, lines, before: before.unwrap_or_default(), edit }))
}
