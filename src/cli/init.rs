use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::json;

use super::global_options::Global;
use super::ignore_files::{IgnoreFiles, Offer};
use super::inputs::{self, ProjectArgs};
use super::{ask, report};
use crate::codegen::Settings;
use crate::codegen::typescript::packages::{Sources, packages};
use crate::config::Adapter;
use crate::config::References;
use crate::config::{self, Collections, Config, Framework, Overrides};
use crate::diagnostics::{Format, Input, Problems, clean, closest, count, one_of};
use crate::init::paths::beside;
use crate::init::{Choice, Decisions, surroundings};
use crate::inspect::text::writes;
use crate::inspect::{ModelView, View};
use crate::openapi::Tree;
use crate::source::{Source, Whole};

const OUTPUT: &str = "./src/generated";

#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    project: ProjectArgs,
    /// The framework to generate hooks for [default: what package.json lists, else react]
    #[arg(short, long, value_enum)]
    framework: Option<Framework>,
    /// A model to sync; repeatable. A write is saved once it is in the local database (optimistic), or once the server
    /// has accepted it (confirmed) [default: as the document says, else confirmed]
    #[arg(short, long, value_name = "NAME[=optimistic|confirmed]", value_parser = model_flag)]
    model: Vec<(String, Option<bool>)>,
    /// Where collections keep their rows: in the local database, or nowhere (electric)
    #[arg(long, value_enum, default_value = "local")]
    collections: Collections,
    /// The name of the local database
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Where Electric answers /v1/shape
    #[arg(long, value_name = "URL")]
    electric_url: Option<String>,
    /// What stands before the document's paths [default: the origin of the document's URL, if it has one]
    #[arg(long, value_name = "URL")]
    api_base_url: Option<String>,
    #[command(flatten)]
    ignore_files: IgnoreFiles,
    /// Ask nothing, and use defaults for what no flag says
    #[arg(short, long)]
    yes: bool,
}

fn model_flag(text: &str) -> Result<(String, Option<bool>), String> {
    let (name, mode) = text.split_once('=').map_or((text, None), |(name, mode)| (name, Some(mode)));
    let local_first = match mode {
        None => None,
        Some("optimistic") => Some(true),
        Some("confirmed") => Some(false),
        Some(other) => return Err(format!("`{other}` is neither `optimistic` nor `confirmed`")),
    };
    Ok((name.to_owned(), local_first))
}

pub fn run(args: &Init, global: &Global) -> anyhow::Result<ExitCode> {
    let path = &args.project.config;
    let folder = path.parent().unwrap_or(Path::new(""));
    if path.exists() {
        if args.ignore_files.ignore_files {
            return args.ignore_only(folder, global);
        }
        bail!(is_there(path));
    }
    let asks = !args.yes && ask::can_ask();
    if asks {
        ask::show_cursor_on_interrupt()?;
    }
    let spec = args.spec(folder, asks)?;
    let location = config::spec_location(&spec, Path::new(""));
    let mut problems = Problems::default();
    let headers = args.project.header.clone();
    let references = args.project.spec_refs.map_or(References::Folder, References::from);
    let mut document = inputs::read_document(&args.project, &location, headers, references, &mut problems)?;
    let tree = document.tree.take();
    let decided = args.settings(&spec, folder, asks)?;
    let overrides = Overrides {
        spec: Some(location),
        output: Some(PathBuf::from(&decided.output)),
        adapter: Some(decided.adapter),
        spec_refs: Some(references),
        sync: None,
    };
    let found = match overrides.alone().zip(tree).and_then(|(config, tree)| found(tree, &config, &mut problems)) {
        Some(found) => found,
        None => {
            report::problems(&problems, &document.sources().collect::<Vec<_>>(), global)?;
            report::failed(&problems, "nothing was written", global)?;
            return Ok(ExitCode::from(2));
        }
    };
    if found.models.is_empty() {
        bail!(
            "no models were found in {}; nothing was written\n  help: `sync-patterns inspect --spec {spec}` shows what was left out, and why",
            document.source.name
        );
    }
    let models = args.models(&found, asks)?;
    let offer = args.ignore_files.offer(folder, Path::new(&decided.output), asks)?;
    let decisions =
        Decisions { spec: beside(folder, &spec)?, output: beside(folder, &decided.output)?, models, ..decided };
    let text = crate::init::config(&decisions, &found)?;
    if read_config(path, text.clone().into(), global)?.is_none() {
        return Ok(ExitCode::from(2));
    }
    write_new(path, &text)?;
    offer.apply()?;
    tell(&Written { path, decisions: &decisions, offer: &offer }, &found, folder, global)?;
    Ok(ExitCode::SUCCESS)
}

/// Surveys the document, which reports its problems.
fn found(tree: Tree, config: &Config, problems: &mut Problems) -> Option<View> {
    let survey = crate::survey(tree, config, problems)?;
    Some(View::of(&survey, &Settings::of(config, None)))
}

impl Init {
    fn spec(&self, folder: &Path, asks: bool) -> anyhow::Result<String> {
        match &self.project.spec {
            Some(spec) => Ok(spec.clone()),
            None if asks => {
                let usual = surroundings::document(folder);
                ask::text("OpenAPI document", usual.as_deref().or(Some("./openapi.json")))
            }
            None if self.yes
                && let Some(usual) = surroundings::document(folder) =>
            {
                Ok(usual)
            }
            None => Err(anyhow!(
                "no OpenAPI document is named, and there is no terminal to ask at\n  help: give --spec FILE; optional are --output, --adapter, --framework, and --model NAME or --all"
            )),
        }
    }

    /// Everything but the models. Paths are as the user gave them.
    fn settings(&self, spec: &str, folder: &Path, asks: bool) -> anyhow::Result<Decisions> {
        let output = match &self.project.output {
            Some(output) => output.to_string_lossy().into_owned(),
            None if asks => ask::text("Folder to generate into", Some(OUTPUT))?,
            None => OUTPUT.to_owned(),
        };
        let found = surroundings::framework(folder).unwrap_or(Framework::React);
        let framework = match self.framework {
            Some(framework) => framework,
            None if asks => {
                let usual = Framework::ALL.iter().position(|framework| *framework == found).unwrap_or_default();
                let number = ask::choice("Framework", &Framework::ALL.map(Framework::word), usual)?;
                Framework::ALL.get(number).copied().unwrap_or(found)
            }
            None => found,
        };
        let adapter = match self.project.adapter {
            Some(name) => Adapter::from(name),
            None if asks && ask::choice("Local database", &["pglite", "sqlite"], 0)? == 1 => Adapter::Sqlite,
            None => Adapter::Pglite,
        };
        Ok(Decisions {
            spec: String::new(),
            output,
            spec_refs: self.project.spec_refs.map(References::from),
            adapter,
            framework,
            collections: self.collections,
            all: self.project.all,
            database: self.database.clone(),
            electric_url: self.electric_url.clone(),
            api_base_url: self.api_base_url.clone().or_else(|| surroundings::origin(spec)),
            models: Vec::new(),
        })
    }

    /// Edits the files of formatters and linters alone, for a config that is there already.
    fn ignore_only(&self, folder: &Path, global: &Global) -> anyhow::Result<ExitCode> {
        let path = &self.project.config;
        let text = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
        let Some(config) = read_config(path, text, global)? else { return Ok(ExitCode::from(2)) };
        let offer = self.ignore_files.offer(folder, &config.output, false)?;
        offer.apply()?;
        let mut out = anstream::stdout().lock();
        if global.message_format == Some(Format::Json) {
            writeln!(out, "{}", json!({ "config": path, "ignore": offer.json() }))?;
        } else if !global.quiet && offer.is_empty() {
            writeln!(out, "nothing to edit: the project's formatters and linters leave the generated folder alone")?;
        } else if !global.quiet {
            offer.tell(&mut out)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn models(&self, found: &View, asks: bool) -> anyhow::Result<Vec<(String, Choice)>> {
        if asks && self.model.is_empty() && !self.project.all {
            return ask_for_models(&found.models);
        }
        let by_name = |name: &str| found.models.iter().find(|model| model.name == name);
        let choice = |(name, local_first): &(String, Option<bool>)| {
            let model = by_name(name).ok_or_else(|| unknown(name, found))?;
            let local_first = local_first.unwrap_or(model.mode == "optimistic");
            Ok((name.clone(), Choice::Take { local_first }))
        };
        self.model.iter().map(choice).collect()
    }
}

fn ask_for_models(models: &[ModelView]) -> anyhow::Result<Vec<(String, Choice)>> {
    let line = |model: &ModelView| clean(&format!("{} ({}: {})", model.name, model.path, writes(model)));
    let items: Vec<_> = models.iter().map(|model| (line(model), model.chosen)).collect();
    let chosen = ask::choices("Models to sync", &items)?;
    let is_chosen = |number: usize| chosen.contains(&number);
    let written: Vec<&ModelView> = models
        .iter()
        .enumerate()
        .filter(|(number, model)| is_chosen(*number) && !model.is_read_only())
        .map(|(_, model)| model)
        .collect();
    let items: Vec<_> = written.iter().map(|model| (model.name.clone(), model.mode == "optimistic")).collect();
    let optimistic = match items.is_empty() {
        true => Vec::new(),
        false => ask::choices("Models whose writes are saved before the server answers", &items)?,
    };
    let is_optimistic = |name: &str| {
        let number = written.iter().position(|model| model.name == name);
        number.is_some_and(|number| optimistic.contains(&number))
    };
    let choices = models.iter().enumerate().filter_map(|(number, model)| {
        let choice = if is_chosen(number) {
            Choice::Take { local_first: is_optimistic(&model.name) }
        } else if model.chosen {
            Choice::LeaveOut
        } else {
            return None;
        };
        Some((model.name.clone(), choice))
    });
    Ok(choices.collect())
}

fn unknown(name: &str, found: &View) -> anyhow::Error {
    let known: Vec<&str> = found.models.iter().map(|model| model.name.as_str()).collect();
    let help = match closest(name, known.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("models are {}", one_of(&known, 40)),
    };
    anyhow!("no model `{name}` was found; nothing was written\n  help: {help}")
}

/// Reads a config's text. `None`, after its problems are printed, if it has errors: a flag may have a value that the
/// config can't have.
fn read_config(path: &Path, text: Vec<u8>, global: &Global) -> anyhow::Result<Option<Config>> {
    let mut problems = Problems::default();
    let source = Source::new(&path.to_string_lossy(), text, Input::Config, &mut problems);
    let root = source.parse(Input::Config, Whole, &mut problems);
    let folder = path.parent().unwrap_or(Path::new(""));
    let config = root.and_then(|root| config::read(&root, folder, &Overrides::default(), &mut problems));
    if !problems.has_errors() {
        return Ok(config);
    }
    report::problems(&problems, &[(Input::Config, &source)], global)?;
    report::failed(&problems, "nothing was written", global)?;
    Ok(None)
}

fn is_there(path: &Path) -> String {
    format!(
        "{} exists already, and is not overwritten\n  help: edit it, or write another with --config; --ignore-files edits only the files of formatters and linters",
        path.display()
    )
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(is_there(path)),
        file => file.with_context(|| format!("can't write {}", path.display()))?,
    };
    file.write_all(text.as_bytes()).with_context(|| format!("can't write {}", path.display()))
}

/// What a run has written.
struct Written<'a> {
    path: &'a Path,
    decisions: &'a Decisions,
    offer: &'a Offer,
}

/// Says what was written, and what to do next.
fn tell(written: &Written, found: &View, folder: &Path, global: &Global) -> anyhow::Result<()> {
    let Written { path, decisions, offer } = *written;
    let is_taken = |model: &&ModelView| match decisions.models.iter().find(|(name, _)| *name == model.name) {
        Some((_, choice)) => *choice != Choice::LeaveOut,
        None => model.chosen || decisions.all,
    };
    let taken: Vec<&str> = found.models.iter().filter(is_taken).map(|model| model.name.as_str()).collect();
    let electric = decisions.collections == Collections::Electric;
    let sources = Sources { streamed: !electric, direct: electric, ..Sources::default() };
    let packages: Vec<String> = packages(decisions.adapter, decisions.framework, sources)
        .iter()
        .map(|package| format!("{}@{}", package.name, package.version))
        .collect();
    let install = format!("{} {}", surroundings::install_command(folder), packages.join(" "));
    let mut out = anstream::stdout().lock();
    if global.message_format == Some(Format::Json) {
        let told = json!({
            "config": path, "models": taken, "packages": packages, "install": install,
            "ignore": offer.json()
        });
        writeln!(out, "{told}")?;
        return Ok(());
    }
    if global.quiet {
        return Ok(());
    }
    let config = path.display();
    writeln!(out, "{config} is written: {} of {} chosen", taken.len(), count(found.models.len(), "model"))?;
    offer.tell(&mut out)?;
    writeln!(out)?;
    if taken.is_empty() {
        writeln!(out, "Choose models in it: remove the # before their lines. Then:")?;
    } else {
        writeln!(out, "Next:")?;
    }
    let named = if path == Path::new(config::FILE_NAME) { String::new() } else { format!(" --config {config}") };
    writeln!(out, "  {install}\n  sync-patterns generate{named}")?;
    Ok(())
}
