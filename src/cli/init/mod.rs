//! Writes a first config: asks at a terminal, and takes flags.

mod arguments;
mod copy;
mod dev_proxy;
mod document;
mod questions;
mod written;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;

pub use self::arguments::Init;
use self::written::Written;
use super::global_options::Global;
use super::{ask, report};
use crate::config::{self, Config, Overrides, ServerFramework, Transport};
use crate::diagnostics::{Format, Input, Problems};
use crate::init::paths::beside;
use crate::source::{Source, Whole};

pub fn run(args: &Init, global: &Global) -> anyhow::Result<ExitCode> {
    let path = &args.project.config;
    let folder = path.parent().unwrap_or(Path::new(""));
    if path.exists() {
        if args.ignore_files.ignore_files {
            return ignore_only(args, folder, global);
        }
        bail!(is_there(path));
    }
    let asks = !args.yes && ask::can_ask();
    if asks {
        ask::show_cursor_on_interrupt()?;
    }
    let Some(document) = document::read(&args.project, folder, args.yes, asks, global)? else {
        return Ok(ExitCode::from(2));
    };
    let copy = args.save_spec.offer(&document, folder, asks)?;
    let mut decisions = args.settings(&document, folder, asks)?;
    let mut config = document.config(&args.project, Path::new(&decisions.output), decisions.adapter)?;
    config.transport = decisions.transport;
    let Some(found) = document.survey(&config, global)? else { return Ok(ExitCode::from(2)) };
    decisions.models = args.models(&found, asks)?;
    let paths: Vec<&str> = found.models.iter().map(|model| model.path.as_str()).collect();
    // The page's own server then takes what is written, and nothing is passed on.
    let is_own = decisions.transport == Transport::PushPull && decisions.server_framework != ServerFramework::default();
    let proxy = args.dev_proxy.offer(folder, &decisions.api_base_url, &paths, asks, is_own)?;
    if let Some(proxy) = proxy.as_ref().filter(|proxy| proxy.is_taken) {
        decisions.api_base_url = proxy.route.base_url.clone();
        decisions.proxied = Some(format!("{} on to {}", proxy.route.prefix, proxy.route.target));
    }
    let ignore = args.ignore_files.offer(folder, Path::new(&decisions.output), asks)?;
    if let Some(copy) = &copy {
        let shown = copy.path.display();
        let path = if folder.as_os_str().is_empty() { format!("./{shown}") } else { shown.to_string() };
        decisions.copy_of = Some(std::mem::replace(&mut decisions.spec, path));
    }
    decisions.spec = beside(folder, &decisions.spec)?;
    decisions.output = beside(folder, &decisions.output)?;
    let text = crate::init::config(&decisions, &found)?;
    if read_config(path, text.clone().into(), global)?.is_none() {
        return Ok(ExitCode::from(2));
    }
    write_new(path, &text)?;
    if let Some(copy) = &copy {
        copy.write()?;
    }
    if let Some(proxy) = &proxy {
        proxy.apply()?;
    }
    ignore.apply()?;
    let written = Written {
        path,
        folder,
        decisions: &decisions,
        found: &found,
        copy: copy.as_ref(),
        proxy: proxy.as_ref(),
        ignore: &ignore,
    };
    written.tell(global)?;
    Ok(ExitCode::SUCCESS)
}

/// Edits the files of formatters and linters alone, for a config that is there already.
fn ignore_only(args: &Init, folder: &Path, global: &Global) -> anyhow::Result<ExitCode> {
    let path = &args.project.config;
    let text = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
    let Some(config) = read_config(path, text, global)? else { return Ok(ExitCode::from(2)) };
    let offer = args.ignore_files.offer(folder, &config.output, false)?;
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
