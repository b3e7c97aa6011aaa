//! The only code that touches the user's files.

mod difference;
mod disk;

pub use difference::{Difference, Kind};
pub use disk::write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context;
use rayon::prelude::*;

use crate::codegen::{Files, is_ours};
use crate::parallel;
use disk::{Found, find, is_link, read, stale_in};

/// What has to happen on disk so that it holds what was generated.
#[derive(Debug, Default)]
pub struct Plan {
    /// By path below the output folder.
    pub changes: BTreeMap<String, Change>,
    pub unchanged: usize,
    /// Files that we would have to overwrite although we didn't write them.
    pub foreign: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Create,
    Update,
    /// Ours, and no longer generated.
    Remove,
}

impl Change {
    pub fn word(self) -> &'static str {
        match self {
            Change::Create => "create",
            Change::Update => "update",
            Change::Remove => "remove",
        }
    }
}

impl Plan {
    /// Compares what is generated with what is there. Reads only.
    pub fn new(folder: &Path, files: &Files) -> anyhow::Result<Self> {
        let mut plan = Plan::default();
        let links = linked_folders(folder, files.keys());
        let state = |(path, text): &(&String, &String)| {
            if links.contains(parent(path)) {
                return Ok(State::Foreign);
            }
            Ok(match find(&folder.join(path))? {
                Found::Nothing => State::Changes(Change::Create),
                Found::File(found) if found == text.as_bytes() => State::Unchanged,
                Found::File(found) if is_ours(&found) => State::Changes(Change::Update),
                Found::File(_) | Found::Link => State::Foreign,
            })
        };
        let generated: Vec<(&String, &String)> = files.iter().collect();
        for (path, state) in files.keys().zip(parallel::map(&generated, state)?) {
            match state {
                State::Unchanged => plan.unchanged += 1,
                State::Changes(change) => drop(plan.changes.insert(path.clone(), change)),
                State::Foreign => plan.foreign.push(path.clone()),
            }
        }
        for path in stale_in(folder, |path| files.contains_key(path))? {
            plan.changes.insert(path, Change::Remove);
        }
        Ok(plan)
    }

    pub fn count(&self, change: Change) -> usize {
        self.changes.values().filter(|other| **other == change).count()
    }

    /// What the plan would do, line by line.
    pub fn differences(&self, folder: &Path, files: &Files) -> anyhow::Result<Vec<Difference>> {
        let difference = |(path, _): (&String, &Change)| {
            let found = read(&folder.join(path))?;
            Ok(Difference::new(path, found.as_deref(), files.get(path).map(String::as_str)))
        };
        self.changes.iter().map(difference).collect()
    }

    /// Carries the plan out. A file is replaced as a whole or not at all; the stale ones go last, so that an
    /// interrupted run leaves too much rather than too little.
    pub fn apply(&self, folder: &Path, files: &Files) -> anyhow::Result<()> {
        // Where it is relative, each temporary file would ask where that is.
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let written: Vec<(&String, &String)> =
            self.changes.keys().filter_map(|path| Some((path, files.get(path)?))).collect();
        for parent in parents(written.iter().map(|(path, _)| *path)) {
            let made = fs::create_dir_all(absolute.join(parent));
            made.with_context(|| format!("can't make the folder {}", folder.join(parent).display()))?;
        }
        let write = |(path, text): &(&String, &String)| {
            let written = write(&absolute.join(path), text);
            written.with_context(|| format!("can't write {}", folder.join(path).display()))
        };
        // What comes after the first that can't be written is left alone.
        written.par_iter().map(write).find_map_first(Result::err).map_or(Ok(()), Err)?;
        for (path, change) in &self.changes {
            if *change == Change::Remove {
                let place = folder.join(path);
                fs::remove_file(&place).with_context(|| format!("can't remove {}", place.display()))?;
                remove_empty_folders(folder, path);
            }
        }
        Ok(())
    }
}

/// How a generated file compares with what is on disk.
enum State {
    Unchanged,
    Changes(Change),
    Foreign,
}

/// Removes the folders between `folder` and a removed file that hold nothing any more.
fn remove_empty_folders(folder: &Path, path: &str) {
    for parent in ancestors(path) {
        // Fails where something is in it.
        if fs::remove_dir(folder.join(parent)).is_err() {
            return;
        }
    }
}

/// The folders of files that are links, or in one: what they lead to isn't ours to write.
fn linked_folders<'a>(folder: &Path, paths: impl Iterator<Item = &'a String>) -> BTreeSet<&'a str> {
    let is_linked = |path: &str| is_link(&folder.join(path));
    parents(paths).into_iter().filter(|parent| is_linked(parent) || ancestors(parent).any(is_linked)).collect()
}

/// The folders that a path is in, below `output`, from the innermost.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(parent(path)), |path| Some(parent(path))).take_while(|path| !path.is_empty())
}

/// The folders that files are in, each once.
fn parents<'a>(paths: impl Iterator<Item = &'a String>) -> BTreeSet<&'a str> {
    paths.map(|path| parent(path)).collect()
}

/// The folder that a file is in below `output`; empty for `output` itself.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
