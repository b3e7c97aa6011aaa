//! What a folder holds, told by hashes.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use twox_hash::XxHash3_64;

use super::disk::{Found, find, stale_in};
use super::{linked_folders, parent};
use crate::target::Files;

/// The hash of each file's text, by its path below the output folder.
pub type Hashes = BTreeMap<String, u64>;

fn hash(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

pub fn hashes(files: &Files) -> Hashes {
    files.par_iter().map(|(path, text)| (path.clone(), hash(text.as_bytes()))).collect()
}

/// Whether a plan for files with these hashes would find nothing to do.
pub fn holds(folder: &Path, hashes: &Hashes) -> anyhow::Result<bool> {
    let links = linked_folders(folder, hashes.keys());
    let is_held = |(path, expected): (&String, &u64)| {
        let found = if links.contains(parent(path)) { Found::Link } else { find(&folder.join(path))? };
        anyhow::Ok(matches!(found, Found::File(bytes) if hash(&bytes) == *expected))
    };
    let all: Vec<bool> = hashes.par_iter().map(is_held).collect::<anyhow::Result<_>>()?;
    Ok(all.into_iter().all(|is_held| is_held) && stale_in(folder, |path| hashes.contains_key(path))?.is_empty())
}
