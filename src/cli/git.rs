//! Reads files of a git revision.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail};

pub struct FileInGit {
    /// From the top of the repository, with `/`.
    pub path: String,
    /// `None` if the revision doesn't have it.
    pub bytes: Option<Vec<u8>>,
}

/// Reads a file as a revision has it, which `option` names. In the working tree, the file needn't exist.
pub fn file(option: &str, revision: &str, file: &Path) -> anyhow::Result<FileInGit> {
    let file = std::path::absolute(file).with_context(|| format!("can't find {}", file.display()))?;
    let folder = existing_folder(&file);
    let git = |arguments: &[&str]| git(&folder, arguments);

    let inside = git(&["rev-parse", "--show-prefix"])?;
    if !inside.status.success() {
        let error = String::from_utf8_lossy(&inside.stderr);
        let reason = if error.contains("not a git repository") {
            "\n  help: name a schema.json, or run this in the repository that has one".to_owned()
        } else {
            said(&inside)
        };
        bail!("{option} {revision}: there is no such file, and {} is in no git repository{reason}", folder.display());
    }
    let commit = format!("{revision}^{{commit}}");
    let found = git(&["rev-parse", "--quiet", "--verify", &commit])?;
    // Git would take it for an option.
    if revision.starts_with('-') || !found.status.success() {
        bail!(
            "{option} {revision}: there is no such file, and git knows no such revision\n  help: fetch it first (`git fetch origin main`; under GitHub Actions, `fetch-depth: 0`), or name a schema.json"
        );
    }
    let commit = text(&found);
    let path = format!("{}{}", text(&inside), below(&folder, &file));
    let listed = git(&["ls-tree", "-z", "--full-tree", &commit, "--", &path])?;
    if !listed.status.success() {
        bail!("git can't list {path} in {revision}{}", said(&listed));
    }
    if listed.stdout.is_empty() {
        return Ok(FileInGit { path, bytes: None });
    }
    let shown = git(&["cat-file", "blob", &format!("{commit}:{path}")])?;
    if !shown.status.success() {
        bail!("git can't show {path} of {revision}{}", said(&shown));
    }
    Ok(FileInGit { path, bytes: Some(shown.stdout) })
}

/// The nearest folder above a file that exists. A revision may have the file even if its folder is gone.
fn existing_folder(file: &Path) -> PathBuf {
    file.ancestors().skip(1).find(|folder| folder.is_dir()).map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The path from a folder to a file below it, with `/`.
fn below(folder: &Path, file: &Path) -> String {
    let way = file.strip_prefix(folder).unwrap_or(file);
    let parts: Vec<_> = way.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts.join("/")
}

fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    match Command::new("git")
        .args(["--literal-pathspecs", "-C"])
        .arg(folder)
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
    {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no git on the PATH\n  help: install it, or name a schema.json")
        }
        output => output.context("can't run git"),
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned()
}

/// The first line of git's error message.
fn said(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    error.trim().lines().next().map(|line| format!("\n  git: {line}")).unwrap_or_default()
}
