//! Paths of the config, which start at its folder.

use std::path::{Path, PathBuf};

/// `./x` below a folder, without the dot, as people write it.
pub fn below(folder: &Path, path: &str) -> PathBuf {
    folder.join(path.strip_prefix("./").unwrap_or(path))
}
