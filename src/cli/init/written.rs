//! Says what `init` has written, and what to do next.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::copy::Copy;
use super::dev_proxy::ProxyOffer;
use crate::cli::global_options::Global;
use crate::cli::ignore_files::Offer;
use crate::cli::invocation::command;
use crate::codegen::typescript::packages::{SERVER, Sources, packages};
use crate::config::{Adapter, Collections, FILE_NAME, Transport};
use crate::diagnostics::{Format, clean, count};
use crate::init::{Choice, Decisions, surroundings};
use crate::inspect::{ModelView, View};

pub struct Written<'a> {
    pub path: &'a Path,
    pub folder: &'a Path,
    pub decisions: &'a Decisions,
    pub found: &'a View,
    pub copy: Option<&'a Copy>,
    pub proxy: Option<&'a ProxyOffer>,
    pub ignore: &'a Offer,
}

impl Written<'_> {
    pub fn tell(&self, global: &Global) -> anyhow::Result<()> {
        let taken = self.taken();
        let packages = self.packages();
        let install = format!("{} {}", surroundings::install_command(self.folder), packages.join(" "));
        let mut out = anstream::stdout().lock();
        if global.message_format == Some(Format::Json) {
            let copy = self.copy.map(|copy| &copy.path);
            let proxy = self.proxy.map_or(Value::Null, ProxyOffer::json);
            let told = json!({
                "config": self.path, "models": taken, "packages": packages, "install": install, "copy": copy,
                "proxy": proxy, "ignore": self.ignore.json()
            });
            writeln!(out, "{told}")?;
            return Ok(());
        }
        if global.quiet {
            return Ok(());
        }
        let config = self.path.display();
        writeln!(out, "{config} is written: {} of {} chosen", taken.len(), count(self.found.models.len(), "model"))?;
        if let Some(copy) = self.copy {
            writeln!(
                out,
                "{} is a copy of {}",
                copy.path.display(),
                self.decisions.copy_of.as_deref().unwrap_or_default()
            )?;
        }
        if let Some(proxy) = self.proxy {
            proxy.tell(&mut out)?;
        }
        self.ignore.tell(&mut out)?;
        writeln!(out)?;
        if taken.is_empty() {
            writeln!(out, "Choose models in it: remove the # before their lines. Then:")?;
        } else {
            writeln!(out, "Next:")?;
        }
        let named = if self.path == Path::new(FILE_NAME) { String::new() } else { format!(" --config {config}") };
        writeln!(out, "  {install}\n  {} generate{named}", command())?;
        if self.decisions.adapter == Adapter::Pglite && self.decisions.collections != Collections::Electric {
            let output = clean(self.decisions.output.trim_end_matches('/'));
            writeln!(
                out,
                "\nBrowsers take seconds to make a new PGlite database. Where the application is built,\n  \
                node {output}/db/store/sql/pglite/initial-data.mjs public/database.tar.gz\n\
                makes a file that `initializeDatabase({{ initialData: \"/database.tar.gz\" }})` begins with instead."
            )?;
        }
        Ok(())
    }

    fn taken(&self) -> Vec<&str> {
        let is_taken = |model: &&ModelView| match self.decisions.models.iter().find(|(name, _)| *name == model.name) {
            Some((_, choice)) => *choice != Choice::LeaveOut,
            None => model.chosen || self.decisions.all,
        };
        self.found.models.iter().filter(is_taken).map(|model| model.name.as_str()).collect()
    }

    fn packages(&self) -> Vec<String> {
        let Decisions { adapter, framework, transport, collections, .. } = *self.decisions;
        let direct = collections == Collections::Electric;
        let sources = Sources {
            streamed: !direct && transport == Transport::Electric,
            polled: !direct && transport == Transport::Rest,
            pulled: !direct && transport == Transport::PushPull,
            direct,
        };
        let server = if sources.pulled { &SERVER[..] } else { &[] };
        packages(adapter, framework, sources)
            .iter()
            .chain(server)
            .map(|package| format!("{}@{}", package.name, package.version))
            .collect()
    }
}
