//! The only code that touches the user's files.

mod difference;
mod disk;

pub use difference::{Difference, Kind};

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::target::{Files, is_ours};
use disk::{leads_elsewhere, read, stale_in, write};

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
        for (path, text) in files {
            let place = folder.join(path);
            if leads_elsewhere(folder, path) {
                plan.foreign.push(path.clone());
                continue;
            }
            match read(&place)? {
                None => drop(plan.changes.insert(path.clone(), Change::Create)),
                Some(found) if found == text.as_bytes() => plan.unchanged += 1,
                Some(found) if is_ours(&found) => drop(plan.changes.insert(path.clone(), Change::Update)),
                Some(_) => plan.foreign.push(path.clone()),
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
        for path in self.changes.keys() {
            if let Some(text) = files.get(path) {
                write(&folder.join(path), text)
                    .with_context(|| format!("can't write {}", folder.join(path).display()))?;
            }
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
