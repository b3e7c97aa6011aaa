//! Tells formatters and linters to leave the generated folder alone: what they change there, `check` reports.

mod biome;
mod eslint;
mod javascript;
mod prettier;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::surroundings::lists_package;

/// A tool that works on a project's source files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    Prettier,
    Biome,
    Eslint,
}

/// What a tool needs in one file, to leave the generated folder alone.
#[derive(Debug)]
pub struct Rule {
    pub tool: Tool,
    pub file: PathBuf,
    /// What to add by hand.
    pub line: String,
    pub edit: Edit,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Edit {
    /// The file has the rule.
    None,
    /// The file's text with the rule.
    Text(String),
    /// The file is written in a way that can't be edited safely.
    ByHand,
}

impl Tool {
    const ALL: [Self; 3] = [Self::Prettier, Self::Biome, Self::Eslint];

    pub fn name(self) -> &'static str {
        match self {
            Self::Prettier => "Prettier",
            Self::Biome => "Biome",
            Self::Eslint => "ESLint",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Prettier => "prettier",
            Self::Biome => "@biomejs/biome",
            Self::Eslint => "eslint",
        }
    }

    /// The files that show that a folder uses the tool.
    fn signs(self) -> &'static [&'static str] {
        match self {
            Self::Prettier => prettier::SIGNS,
            Self::Biome => biome::FILES,
            Self::Eslint => eslint::FILES,
        }
    }

    /// The file that takes the rule.
    fn file(self, folder: &Path) -> &'static str {
        let existing = |files: &[&'static str]| files.iter().find(|file| folder.join(file).is_file()).copied();
        match self {
            Self::Prettier => prettier::FILE,
            Self::Biome => existing(biome::FILES).unwrap_or("biome.json"),
            Self::Eslint => existing(eslint::FILES).unwrap_or("eslint.config.js"),
        }
    }

    fn line(self, path: &str) -> String {
        match self {
            Self::Prettier => prettier::line(path),
            Self::Biome => format!("\"files\": {{ \"includes\": [\"**\", {}] }}", biome::quoted(path)),
            Self::Eslint => format!("{{ ignores: [{}] }}", eslint::quoted(path, '"')),
        }
    }

    /// `text`: what the file has; `None` where there is no file.
    fn edit(self, text: Option<&str>, path: &str) -> Edit {
        match self {
            Self::Prettier => prettier::edit(text.unwrap_or_default(), path),
            Self::Biome => biome::edit(text.unwrap_or("{}\n"), path),
            Self::Eslint => text.map_or(Edit::ByHand, |text| eslint::edit(text, path)),
        }
    }
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

/// A path in the language of patterns that all three tools read: what has a meaning there is escaped.
fn pattern(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for character in path.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '!' | '#' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

/// Whether a pattern that somebody wrote leaves out the folder: itself, or every folder of its name.
fn covers(written: &str, path: &str) -> bool {
    let written = written.trim_start_matches("./").trim_start_matches('/');
    let written = written.strip_suffix("/**").or_else(|| written.strip_suffix("/*")).unwrap_or(written);
    let written = written.trim_end_matches('/');
    let path = pattern(path);
    match written.strip_prefix("**/") {
        Some(end) => path == end || path.ends_with(&format!("/{end}")),
        None => path == written,
    }
}

/// The line ending that a text uses.
fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The new text of a file.
    pub fn edited(edit: Edit) -> String {
        match edit {
            Edit::Text(text) => Some(text),
            _ => None,
        }
        .unwrap()
    }

    #[test]
    fn what_a_pattern_covers() {
        for written in ["src/api", "/src/api/", "./src/api/**", "src/api/*", "**/api", "**/src/api/**"] {
            assert!(covers(written, "src/api"), "{written}");
        }
        for written in ["api", "src", "src/api2", "**/pi", "src/**/api", ""] {
            assert!(!covers(written, "src/api"), "{written}");
        }
    }

    #[test]
    fn paths_from_a_folder_above() {
        let below = |folder: &str, output: &str| below(Path::new(folder), Path::new(output));
        assert_eq!(below("/a", "/a/b/c").as_deref(), Some("b/c"));
        assert_eq!(below("/a", "/a"), None);
        assert_eq!(below("/a", "/b"), None);
        assert_eq!(below("/a", "/a/../b"), None);
    }
}
