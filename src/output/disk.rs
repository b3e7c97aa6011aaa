//! Reads and writes files below the output folder, and tells ours from others.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::codegen::{GITATTRIBUTES, is_ours};

/// The folders below `output` that hold files of ours; others are never looked into.
const FOLDERS: &[&str] = &["", "collections", "health", "models", "poke", "pull", "push", "schema", "types"];

/// The folder that holds files of ours at any depth.
const DEEP_FOLDER: &str = "db";

/// What is where a file is to be.
pub enum Found {
    Nothing,
    File(Vec<u8>),
    /// A link: what it leads to is never written.
    Link,
}

pub fn find(path: &Path) -> anyhow::Result<Found> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => return Ok(Found::Link),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        _ => {}
    }
    Ok(read(path)?.map_or(Found::Nothing, Found::File))
}

pub fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink())
}

/// `None` where there is no file.
pub fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

/// The files of ours below the folder that aren't generated any more, as paths with `/`.
pub fn stale_in(folder: &Path, is_generated: impl Fn(&str) -> bool) -> anyhow::Result<Vec<String>> {
    let mut stale = Vec::new();
    let mut folders: Vec<String> = FOLDERS.iter().chain([&DEEP_FOLDER]).map(|&below| below.to_owned()).collect();
    while let Some(below) = folders.pop() {
        let place = folder.join(&below);
        if !below.is_empty() && is_link(&place) {
            continue;
        }
        let entries = match fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(error).with_context(|| format!("can't list {}", place.display())),
        };
        let is_deep = below.split('/').next() == Some(DEEP_FOLDER);
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            let kind = entry.file_type()?;
            let may_be_ours = [".ts", ".mjs", ".sql", ".json", GITATTRIBUTES].iter().any(|end| path.ends_with(end));
            if kind.is_dir() && is_deep {
                folders.push(path);
            } else if kind.is_file() && may_be_ours && !is_generated(&path) && begins_as_ours(&entry.path())? {
                stale.push(path);
            }
        }
    }
    Ok(stale)
}

fn begins_as_ours(path: &Path) -> anyhow::Result<bool> {
    let mut start = Vec::with_capacity(256);
    let file = File::open(path).with_context(|| format!("can't read {}", path.display()))?;
    file.take(256).read_to_end(&mut start).with_context(|| format!("can't read {}", path.display()))?;
    Ok(is_ours(&start))
}

/// Writes beside the file, in a folder that is there, and renames, with the permissions that a new file gets.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sync-patterns-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(&folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
