//! Generates again whenever an input changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::global_options::Global;
use super::inputs::{self, Inputs, ProjectArgs};
use super::report::Occasion;
use super::{project, report};
use crate::config::{self, SpecLocation};
use crate::diagnostics::Problems;
use crate::source::Source;

/// Programs write a file in several steps. The inputs are read when no change has come for this long,
const QUIET: Duration = Duration::from_millis(100);
/// or, if changes keep coming, after this long.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a document at a URL is fetched.
const POLL: Duration = Duration::from_secs(2);

/// Runs until the program is ended.
pub fn run(args: &ProjectArgs, global: &Global) -> anyhow::Result<ExitCode> {
    refuse_stdin(spec(args, None).as_ref())?;
    let (sender, events) = mpsc::channel();
    let mut places = Places::default();
    let mut last: Option<Seen> = None;
    loop {
        let (inputs, problems, _watcher) = read(args, &mut places, &sender)?;
        let spec = spec(args, inputs.as_ref().ok());
        refuse_stdin(spec.as_ref())?;
        let seen = match &inputs {
            Ok(inputs) => Seen::new(args, inputs, &problems),
            Err(error) => Seen { failures: vec![format!("{error:#}")], ..last.clone().unwrap_or_default() },
        };
        match inputs {
            _ if last.as_ref() == Some(&seen) => {}
            Ok(inputs) => {
                if let Some(last) = &last {
                    report::changed(&seen.different(last), global)?;
                }
                generate(inputs, problems, last.is_some(), global)?;
                if last.is_none_or(|last| !seen.files.is_subset(&last.files)) {
                    report::watching(&seen.files, global)?;
                }
            }
            // At the start, every input must exist. Later, a missing one may come back.
            Err(error) if last.is_none() => return Err(error),
            Err(error) => report::failure(&error, global)?,
        }
        last = Some(seen);
        if matches!(spec, Some(SpecLocation::Url(_))) {
            thread::sleep(POLL);
            events.try_iter().for_each(drop);
        } else {
            wait(&events)?;
        }
    }
}

/// Where the document is, if that is known.
fn spec(args: &ProjectArgs, inputs: Option<&Inputs>) -> Option<SpecLocation> {
    let from_config = inputs.and_then(|inputs| inputs.config.as_ref()).map(|config| config.spec.clone());
    from_config.or_else(|| Some(config::spec_location(args.spec.as_ref()?, Path::new(""))))
}

fn refuse_stdin(spec: Option<&SpecLocation>) -> anyhow::Result<()> {
    anyhow::ensure!(
        spec != Some(&SpecLocation::Stdin),
        "--watch can't read the OpenAPI document from standard input, which can be read only once\n  help: give it as a file or a URL"
    );
    Ok(())
}

fn generate(inputs: Inputs, problems: Problems, again: bool, global: &Global) -> anyhow::Result<()> {
    let Some(project) = project::make_of(inputs, problems, "nothing was written", global)? else { return Ok(()) };
    match project.write() {
        Ok(targets) => {
            let occasion = if again { Occasion::Again } else { Occasion::Written };
            report::say(&project.summary(&targets, occasion, global)?)?;
        }
        Err(error) => report::failure(&error, global)?,
    }
    Ok(())
}

/// What a run depends on: if it is equal, nothing has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    files: BTreeSet<String>,
    /// The hash of what was read, by the name of the file.
    texts: BTreeMap<String, u64>,
    /// What couldn't be read. This may change without any text, when a folder appears.
    failures: Vec<String>,
}

impl Seen {
    fn new(args: &ProjectArgs, inputs: &Inputs, problems: &Problems) -> Self {
        let text = |source: &Source| (source.name.clone(), source.hash);
        Self {
            files: files(args, Some(inputs)),
            texts: inputs.sources().into_iter().map(|(_, source)| text(source)).collect(),
            failures: problems.iter().map(|problem| problem.message.clone()).collect(),
        }
    }

    /// The files that only one of them has, or that have different texts.
    fn different(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.texts.keys().chain(other.texts.keys()).collect();
        names.into_iter().filter(|name| self.texts.get(*name) != other.texts.get(*name)).cloned().collect()
    }
}

/// Reads the inputs while their folders are watched, so that no change is lost between the two. Makes a new watcher
/// each time: a folder may have been replaced by another of the same name. `places` is kept between calls.
fn read(
    args: &ProjectArgs,
    places: &mut Places,
    sender: &Sender<()>,
) -> anyhow::Result<(anyhow::Result<Inputs>, Problems, RecommendedWatcher)> {
    loop {
        let watched = places.folders();
        let watcher = watch(&watched, sender.clone()).context("can't watch the files")?;
        let mut problems = Problems::default();
        let inputs = inputs::read(args, &mut problems);
        places.add(args, inputs.as_ref().ok());
        if places.folders().iter().all(|(folder, mode)| watched.get(folder) == Some(mode)) {
            return Ok((inputs, problems, watcher));
        }
    }
}

fn watch(folders: &BTreeMap<PathBuf, RecursiveMode>, sender: Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // If an event was lost, reading everything again finds the change.
        if event.as_ref().map_or(true, is_change) {
            // Sending fails when the program is about to end.
            let _ = sender.send(());
        }
    })?;
    for (folder, mode) in folders {
        match watcher.watch(folder, *mode) {
            Err(error) if folder.exists() => return Err(error),
            _ => {}
        }
    }
    Ok(watcher)
}

/// Whether an event may be a change: our own reading causes events, too.
fn is_change(event: &Event) -> bool {
    !matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write))
}

/// The files that a run reads, and those that it would read if they existed.
fn files(args: &ProjectArgs, inputs: Option<&Inputs>) -> BTreeSet<String> {
    let sources = inputs.map(Inputs::sources).unwrap_or_default();
    let mut files: BTreeSet<String> = sources.iter().map(|(_, source)| source.name.clone()).collect();
    files.insert(args.config.display().to_string());
    if let Some(SpecLocation::File(spec)) = spec(args, inputs) {
        files.insert(spec.display().to_string());
    }
    files
}

/// Where inputs are or have been: one that is gone for a moment comes back.
#[derive(Debug, Default)]
struct Places {
    files: BTreeSet<String>,
    templates: BTreeSet<PathBuf>,
}

impl Places {
    fn add(&mut self, args: &ProjectArgs, inputs: Option<&Inputs>) {
        self.files.extend(files(args, inputs));
        self.templates.extend(inputs.and_then(|inputs| inputs.config.as_ref()?.templates.clone()));
    }

    /// The folders to watch. Editors replace a file instead of writing it, so watching the file itself would end with
    /// its first change.
    fn folders(&self) -> BTreeMap<PathBuf, RecursiveMode> {
        // If a file is a link, the link may change, and the file that it leads to.
        let places =
            self.files.iter().flat_map(|file| [Some(PathBuf::from(file)), Path::new(file).canonicalize().ok()]);
        let folders = places.flatten().filter_map(|file| existing(file.parent()?));
        let alone = folders.map(|folder| (folder, RecursiveMode::NonRecursive));
        // While the folder doesn't exist, the one above is watched, which may be large: without what is below.
        let mode = |folder: &Path| if folder.is_dir() { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        let templates = self.templates.iter().filter_map(|folder| Some((existing(folder)?, mode(folder))));
        alone.chain(templates).collect()
    }
}

/// The folder, or the nearest one above it that exists.
fn existing(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .chain([Path::new(".")])
        .find_map(|folder| folder.canonicalize().ok().filter(|found| found.is_dir()))
}

/// Waits until something has changed, and then until changes stop for a moment.
fn wait(events: &Receiver<()>) -> anyhow::Result<()> {
    events.recv().context("can't watch files any more")?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && events.recv_timeout(QUIET).is_ok() {}
    Ok(())
}
