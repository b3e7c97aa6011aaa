//! Tells formatters and linters to leave the generated folder alone: what they change there, `check` reports.

mod biome;
mod eslint;
mod pattern;
mod prettier;
mod tool;

pub use crate::init::edit::Edit;
pub use tool::Tool;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::surroundings::lists_package;

/// What a tool needs in one file, to leave the generated folder alone.
#[derive(Debug)]
pub struct Rule {
    pub tool: Tool,
    pub file: PathBuf,
    /// What to add by hand.
    pub line: String,
    pub edit: Edit,
}

/// The rules for the tools that a project uses. `folder` is where the config is; the tool's files may lie there, or in
/// a folder above it in the same repository. `output` is the generated folder, from the current folder.
pub fn rules(folder: &Path, output: &Path) -> io::Result<Vec<Rule>> {
    let output = std::env::current_dir()?.join(output);
    let mut rules = Vec::new();
    for tool in Tool::ALL {
        let Some((shown, absolute)) = home(tool, folder)? else { continue };
        let Some(path) = below(&absolute, &output) else { continue };
        let file = tool.file(&absolute);
        let text = match fs::read_to_string(absolute.join(file)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let edit = tool.edit(text.as_deref(), &path);
        rules.push(Rule { tool, file: shown.join(file), line: tool.line(&path), edit });
    }
    Ok(rules)
}

/// The nearest folder that uses the tool: as a user names it, and absolute.
fn home(tool: Tool, folder: &Path) -> io::Result<Option<(PathBuf, PathBuf)>> {
    let uses = |folder: &Path| {
        lists_package(folder, tool.package()) || tool.signs().iter().any(|file| folder.join(file).is_file())
    };
    let here = std::env::current_dir()?;
    let absolute = here.join(folder);
    let repository = absolute.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or_default();
    let mut shown = folder.to_owned();
    for absolute in absolute.ancestors().take(repository + 1) {
        if uses(absolute) {
            let shown = absolute.strip_prefix(&here).map_or(shown, Path::to_path_buf);
            return Ok(Some((shown, absolute.to_owned())));
        }
        shown.push("..");
    }
    Ok(None)
}

/// The way from a folder to one below it, with `/`. `None` where it isn't below.
fn below(folder: &Path, output: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> =
        output.strip_prefix(folder).ok()?.components().map(|part| part.as_os_str().to_str()).collect();
    let parts = parts?;
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_from_a_folder_above() {
        let below = |folder: &str, output: &str| below(Path::new(folder), Path::new(output));
        assert_eq!(below("/a", "/a/b/c").as_deref(), Some("b/c"));
        assert_eq!(below("/a", "/a"), None);
        assert_eq!(below("/a", "/b"), None);
        assert_eq!(below("/a", "/a/../b"), None);
    }
}
