//! `init`'s offer to tell formatters and linters of the generated folder.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::ask;
use crate::init::ignore::{self, Edit, Rule};

#[derive(Debug, Args)]
pub struct IgnoreFiles {
    /// Tell Prettier, Biome and ESLint, where the project uses them, to leave the generated folder alone
    ///
    /// Adds a line to .prettierignore, biome.json or the config of ESLint. Without this flag, init asks at a terminal, and
    /// elsewhere prints the lines to add. If the config exists already, init does only this.
    #[arg(long)]
    pub ignore_files: bool,
    /// Leave the files of these tools alone, and don't mention them
    #[arg(long, conflicts_with = "ignore_files")]
    no_ignore_files: bool,
}

/// The rules that the project's tools need.
pub struct Offer {
    rules: Vec<Rule>,
    is_taken: bool,
}

impl IgnoreFiles {
    /// `output`: the generated folder, from the current folder.
    pub fn offer(&self, folder: &Path, output: &Path, asks: bool) -> anyhow::Result<Offer> {
        if self.no_ignore_files {
            return Ok(Offer { rules: Vec::new(), is_taken: false });
        }
        let mut rules = ignore::rules(folder, output).context("can't read the files of formatters and linters")?;
        rules.retain(|rule| rule.edit != Edit::None);
        let files: Vec<String> = rules
            .iter()
            .filter(|rule| rule.edit != Edit::ByHand)
            .map(|rule| format!("{} ({})", rule.tool.name(), rule.file.display()))
            .collect();
        let is_taken = if asks && !self.ignore_files && !files.is_empty() {
            ask::yes(&format!("Tell {} to leave the generated folder alone", files.join(", ")), true)?
        } else {
            self.ignore_files
        };
        Ok(Offer { rules, is_taken })
    }
}

impl Offer {
    /// Edits the tools' files, where the user wants it.
    pub fn apply(&self) -> anyhow::Result<()> {
        for rule in self.rules.iter().filter(|_| self.is_taken) {
            if let Edit::Text(text) = &rule.edit {
                fs::write(&rule.file, text).with_context(|| format!("can't write {}", rule.file.display()))?;
            }
        }
        Ok(())
    }

    fn is_edited(&self, rule: &Rule) -> bool {
        self.is_taken && rule.edit != Edit::ByHand
    }

    pub fn json(&self) -> Vec<Value> {
        let rule = |rule: &Rule| json!({ "tool": rule.tool, "file": rule.file, "line": rule.line, "edited": self.is_edited(rule) });
        self.rules.iter().map(rule).collect()
    }

    /// Says what was edited, and what to add by hand.
    pub fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        let (edited, by_hand): (Vec<&Rule>, Vec<&Rule>) = self.rules.iter().partition(|rule| self.is_edited(rule));
        for rule in edited {
            writeln!(out, "{} is edited: {} leaves the generated folder alone", rule.file.display(), rule.tool.name())?;
        }
        if by_hand.is_empty() {
            return Ok(());
        }
        let flag = if self.is_taken { "" } else { " (`sync-patterns init --ignore-files` does it)" };
        writeln!(out, "\nAdd these lines, so that the generated folder is left alone{flag}:")?;
        for rule in by_hand {
            writeln!(out, "  {}: {}", rule.file.display(), rule.line)?;
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
