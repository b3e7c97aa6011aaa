//! The tools, and what each is like.

use std::path::Path;

use serde::Serialize;

use super::{biome, eslint, prettier};
use crate::init::edit::Edit;

/// A tool that works on a project's source files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    Prettier,
    Biome,
    Eslint,
}

impl Tool {
    pub const ALL: [Self; 3] = [Self::Prettier, Self::Biome, Self::Eslint];

    pub fn name(self) -> &'static str {
        match self {
            Self::Prettier => "Prettier",
            Self::Biome => "Biome",
            Self::Eslint => "ESLint",
        }
    }

    pub fn package(self) -> &'static str {
        match self {
            Self::Prettier => "prettier",
            Self::Biome => "@biomejs/biome",
            Self::Eslint => "eslint",
        }
    }

    /// The files that show that a folder uses the tool.
    pub fn signs(self) -> &'static [&'static str] {
        match self {
            Self::Prettier => prettier::SIGNS,
            Self::Biome => biome::FILES,
            Self::Eslint => eslint::FILES,
        }
    }

    /// The file that takes the rule.
    pub fn file(self, folder: &Path) -> &'static str {
        let existing = |files: &[&'static str]| files.iter().find(|file| folder.join(file).is_file()).copied();
        match self {
            Self::Prettier => prettier::FILE,
            Self::Biome => existing(biome::FILES).unwrap_or("biome.json"),
            Self::Eslint => existing(eslint::FILES).unwrap_or("eslint.config.js"),
        }
    }

    pub fn line(self, path: &str) -> String {
        match self {
            Self::Prettier => prettier::line(path),
            Self::Biome => format!("\"files\": {{ \"includes\": [\"**\", {}] }}", biome::quoted(path)),
            Self::Eslint => format!("{{ ignores: [{}] }}", eslint::quoted(path, '"')),
        }
    }

    /// `text`: what the file has; `None` where there is no file.
    pub fn edit(self, text: Option<&str>, path: &str) -> Edit {
        match self {
            Self::Prettier => prettier::edit(text.unwrap_or_default(), path),
            Self::Biome => biome::edit(text.unwrap_or("{}\n"), path),
            Self::Eslint => text.map_or(Edit::ByHand, |text| eslint::edit(text, path)),
        }
    }
}
