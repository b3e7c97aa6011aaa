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

use super::inputs::{self, Inputs, ProjectArgs};
use super::report::Occasion;
use super::{Global, project, report};
use crate::config::{self, SpecLocation};
use crate::diagnostics::Problems;
use crate::source::Source;

/// Programs write a file in several steps: it is read once none has come for so long,
const QUIET: Duration = Duration::from_millis(100);
/// or where they come all the time, after so long.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a document is asked for that comes from a URL.
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
            // What the command was started with must be there; later, what is missing is waited for.
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

/// Where the document is, as far as that is known.
fn spec(args: &ProjectArgs, inputs: Option<&Inputs>) -> Option<SpecLocation> {
    let from_config = inputs.and_then(|inputs| inputs.config.as_ref()).map(|config| config.spec.clone());
    from_config.or_else(|| Some(config::spec_location(args.spec.as_ref()?, Path::new(""))))
}

fn refuse_stdin(spec: Option<&SpecLocation>) -> anyhow::Result<()> {
    anyhow::ensure!(
        spec != Some(&SpecLocation::Stdin),
        "--watch can't read the OpenAPI document from standard input, which comes only once\n  help: give it as a file or a URL"
    );
    Ok(())
}

fn generate(inputs: Inputs, problems: Problems, again: bool, global: &Global) -> anyhow::Result<()> {
    let Some(project) = project::make_of(inputs, problems, "nothing was written", global)? else { return Ok(()) };
    match project.write() {
        Ok(plan) => {
            let occasion = if again { Occasion::Again } else { Occasion::Written };
            report::say(&project.summary(&plan, occasion, global)?)?;
        }
        Err(error) => report::failure(&error, global)?,
    }
    Ok(())
}

/// What a round depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    files: BTreeSet<String>,
    /// The hash of what was read, by the name of the file.
    texts: BTreeMap<String, u64>,
    /// What couldn't be read. It may change without a text, as a folder does that wasn't there.
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

    /// The files that are in one only, or have another text.
    fn different(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.texts.keys().chain(other.texts.keys()).collect();
        names.into_iter().filter(|name| self.texts.get(*name) != other.texts.get(*name)).cloned().collect()
    }
}

/// Reads the inputs while their folders are watched, so that no change is lost between the two. The watcher is a new
/// one each time, since a folder may have been replaced by another of the same name. `places` is kept between calls.
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
        // Where something was lost, reading everything again finds it.
        if event.as_ref().map_or(true, is_change) {
            // It fails where the program is about to end.
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

/// Our own reading is an event too.
fn is_change(event: &Event) -> bool {
    !matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write))
}

/// The files that a run reads, and those that it would read if they were there.
fn files(args: &ProjectArgs, inputs: Option<&Inputs>) -> BTreeSet<String> {
    let sources = inputs.map(Inputs::sources).unwrap_or_default();
    let mut files: BTreeSet<String> = sources.iter().map(|(_, source)| source.name.clone()).collect();
    files.insert(args.config.display().to_string());
    if let Some(SpecLocation::File(spec)) = spec(args, inputs) {
        files.insert(spec.display().to_string());
    }
    files
}

/// Where inputs are or have been: what is gone for a moment, and isn't named by what is left, comes back.
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

    /// Editors replace a file instead of writing it, so that watching the file itself would end with its first change.
    fn folders(&self) -> BTreeMap<PathBuf, RecursiveMode> {
        // Where a file is a link, that may change, and what it leads to.
        let places =
            self.files.iter().flat_map(|file| [Some(PathBuf::from(file)), Path::new(file).canonicalize().ok()]);
        let folders = places.flatten().filter_map(|file| existing(file.parent()?));
        let alone = folders.map(|folder| (folder, RecursiveMode::NonRecursive));
        // While it isn't there, what is around it may be large.
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

/// Until something has changed, and has then been left alone for a moment.
fn wait(events: &Receiver<()>) -> anyhow::Result<()> {
    events.recv().context("can't watch files any more")?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && events.recv_timeout(QUIET).is_ok() {}
    Ok(())
}
