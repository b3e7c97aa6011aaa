//! The only code that touches the user's files.

mod difference;
mod disk;

pub use difference::{Difference, Kind};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::target::{Files, is_ours};
use disk::{Found, find, is_link, read, stale_in, write};

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
        let mut folders: BTreeMap<&str, bool> = BTreeMap::new();
        for (path, text) in files {
            let parent = parent(path);
            if *folders.entry(parent).or_insert_with(|| !parent.is_empty() && is_link(&folder.join(parent))) {
                plan.foreign.push(path.clone());
                continue;
            }
            match find(&folder.join(path))? {
                Found::Nothing => drop(plan.changes.insert(path.clone(), Change::Create)),
                Found::File(found) if found == text.as_bytes() => plan.unchanged += 1,
                Found::File(found) if is_ours(&found) => drop(plan.changes.insert(path.clone(), Change::Update)),
                Found::File(_) | Found::Link => plan.foreign.push(path.clone()),
            }
        }
        for path in stale_in(folder, files)? {
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
        let written = || self.changes.keys().filter_map(|path| Some((path, files.get(path)?)));
        let parents: BTreeSet<&str> = written().map(|(path, _)| parent(path)).collect();
        for parent in parents {
            let made = fs::create_dir_all(absolute.join(parent));
            made.with_context(|| format!("can't make the folder {}", folder.join(parent).display()))?;
        }
        for (path, text) in written() {
            let written = write(&absolute.join(path), text);
            written.with_context(|| format!("can't write {}", folder.join(path).display()))?;
        }
        for (path, change) in &self.changes {
            if *change == Change::Remove {
                let place = folder.join(path);
                fs::remove_file(&place).with_context(|| format!("can't remove {}", place.display()))?;
            }
        }
        Ok(())
    }
}

/// The folder that a file is in below `output`; empty for `output` itself.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
