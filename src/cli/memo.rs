//! What the last run read, left and said, so that a run for which nothing has changed says the same and makes nothing.
//! Kept where tools of a front end keep such things, `node_modules/.cache`; where there is none, all is made each time.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::Global;
use super::inputs::{Inputs, ProjectArgs};
use super::project::Project;
use super::report::Occasion;
use crate::config::SpecLocation;
use crate::diagnostics::{Input, Problems, Source};
use crate::output::{Hashes, Plan, hashes, holds, write};
use crate::read;

/// Where a run keeps what it leaves to the next.
pub struct Memo {
    file: PathBuf,
    program: Program,
    config: PathBuf,
}

/// Another one may make something else of the same inputs.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Program {
    version: String,
    path: PathBuf,
    bytes: u64,
    changed: SystemTime,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    program: Program,
    inputs: Read,
    output: PathBuf,
    files: Hashes,
    said: Said,
}

/// What a run was made from: the hashes of the config, where there is one, and of the document.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    config: Option<u64>,
    spec: (PathBuf, u64),
}

/// With colours, which a terminal shows and others don't get.
#[derive(Debug, Serialize, Deserialize)]
pub struct Said {
    pub stderr: String,
    pub stdout: String,
}

impl Memo {
    /// `None` where there is no place to keep one.
    pub fn of(args: &ProjectArgs, global: &Global) -> Option<Self> {
        let here = std::env::current_dir().ok()?;
        let config = here.join(&args.config);
        let folder =
            config.ancestors().skip(1).map(|above| above.join("node_modules")).find(|folder| folder.is_dir())?;
        // Where a run is started, and how, decides what it says.
        let mut hasher = DefaultHasher::new();
        format!("{} {args:?} {:?} {}", here.display(), global.format(), global.quiet).hash(&mut hasher);
        let file = folder.join(".cache/sync-patterns").join(format!("{:016x}.json", hasher.finish()));
        Some(Self { file, program: Program::running()?, config: args.config.clone() })
    }

    /// What the last run has said, where this one would find nothing to do.
    pub fn said(&self) -> Option<Said> {
        let record: Record = serde_json::from_slice(&fs::read(&self.file).ok()?).ok()?;
        let is_config_same = || match (fs::read(&self.config), record.inputs.config) {
            (Ok(bytes), Some(before)) => hash_of(&self.config, bytes) == before,
            (Err(error), None) => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        };
        let (spec, before) = &record.inputs.spec;
        let is_same = record.program == self.program
            && is_config_same()
            && read::file(spec).is_ok_and(|bytes| hash_of(spec, bytes) == *before)
            && holds(&record.output, &record.files).unwrap_or(false);
        is_same.then_some(record.said)
    }

    /// Leaves to the next run what this one has made. Where that fails, the next one makes all of it again.
    pub fn keep(self, project: Project, global: &Global) -> anyhow::Result<()> {
        let unchanged = project.client.files.len();
        let stdout = project.summary(&Plan { unchanged, ..Plan::default() }, Occasion::Written, global)?;
        let Some(inputs) = project.read else { return Ok(()) };
        let said = Said { stderr: project.told, stdout };
        let (program, output, files) = (self.program, project.config.output, hashes(&project.client.files));
        let record = Record { program, inputs, output, files, said };
        let record = serde_json::to_string(&record)?;
        let _ = self.file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| write(&self.file, &record));
        Ok(())
    }
}

impl Program {
    fn running() -> Option<Self> {
        let path = std::env::current_exe().ok()?;
        let metadata = path.metadata().ok()?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Some(Self { version, path, bytes: metadata.len(), changed: metadata.modified().ok()? })
    }
}

impl Read {
    /// `None` where a run depends on more than a config and a file: on the web, standard input, other files, templates.
    pub fn of(inputs: &Inputs, problems: &Problems) -> Option<Self> {
        let (config, spec) = (inputs.config.as_ref()?, inputs.spec.as_ref()?);
        let SpecLocation::File(path) = &config.spec else { return None };
        // Where a reference leads nowhere, a file may come to be there.
        let depends_on_more = !spec.others.is_empty()
            || config.templates_folder.is_some()
            || problems.iter().any(|problem| problem.code == "unresolved");
        let config = inputs.config_source.as_ref().map(|source| source.hash);
        (!depends_on_more).then(|| Self { config, spec: (path.clone(), spec.source.hash) })
    }
}

/// Of the text that a source makes of the bytes.
fn hash_of(path: &Path, bytes: Vec<u8>) -> u64 {
    Source::new(&path.to_string_lossy(), bytes, Input::Spec, &mut Problems::default()).hash
}
