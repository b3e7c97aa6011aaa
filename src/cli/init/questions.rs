//! What `init` asks beside the document: each question has a flag, and a default.

use std::path::Path;

use anyhow::{anyhow, bail};

use super::arguments::Init;
use super::document::Document;
use crate::cli::ask;
use crate::config::{Adapter, Collections, Framework, ImportExtension, References, Transport};
use crate::diagnostics::{all_of, clean, closest};
use crate::init::backend::base_url;
use crate::init::{Choice, Decisions, surroundings};
use crate::inspect::text::writes;
use crate::inspect::{ModelView, View};
use crate::openapi::fetch::address;

const OUTPUT: &str = "./src/generated";

impl Init {
    /// Everything but the models, and what is offered at the end. Paths are as the user gave them.
    pub fn settings(&self, document: &Document, folder: &Path, asks: bool) -> anyhow::Result<Decisions> {
        Ok(Decisions {
            spec: document.name.clone(),
            transport: self.transport(asks)?,
            adapter: self.adapter(asks)?,
            framework: self.framework(folder, asks)?,
            server_framework: surroundings::server_framework(folder),
            output: match &self.project.output {
                Some(output) => output.to_string_lossy().into_owned(),
                None if asks => ask::text("Folder to generate into", Some(OUTPUT))?,
                None => OUTPUT.to_owned(),
            },
            spec_refs: self.project.spec_refs.map(References::from),
            copy_of: None,
            import_extension: surroundings::bundler_without_endings(folder).map(|_| ImportExtension::None),
            collections: self.collections,
            all: self.project.all,
            database: self.database.clone(),
            electric_url: self.electric_url.clone(),
            api_base_url: self.base_url(document, asks)?,
            proxied: None,
            models: Vec::new(),
        })
    }

    fn transport(&self, asks: bool) -> anyhow::Result<Transport> {
        match (self.transport, self.collections) {
            (Some(Transport::Rest), Collections::Electric) => bail!(
                "`--collections electric` reads from Electric, and `--transport rest` from the API\n  help: leave out one of the two"
            ),
            (Some(Transport::PushPull), Collections::Electric) => bail!(
                "`--collections electric` reads from Electric, and `--transport push-pull` from a sync server\n  help: leave out one of the two"
            ),
            (_, Collections::Electric) => Ok(Transport::Electric),
            (Some(transport), _) => Ok(transport),
            (None, _) if asks => {
                let choices = [
                    "rest: from the API's own lists, every 30 seconds; needs nothing beside the API",
                    "electric: live, as they change; needs PostgreSQL, with Electric beside it",
                    "push-pull: live, from a sync server that is generated, too; needs a PostgreSQL database of your own",
                ];
                let transports = [Transport::Rest, Transport::Electric, Transport::PushPull];
                let number = ask::choice("How rows come in", &choices, 0)?;
                Ok(transports.get(number).copied().unwrap_or(Transport::Rest))
            }
            (None, _) => Ok(Transport::Electric),
        }
    }

    fn adapter(&self, asks: bool) -> anyhow::Result<Adapter> {
        let choices = [
            "pglite: PostgreSQL in the browser, which downloads 5.4 MB once",
            "sqlite: SQLite in the browser, which downloads 0.4 MB once",
            "indexeddb: the browser's own, which downloads nothing: no SQL, and in browsers only",
        ];
        let adapters = [Adapter::Pglite, Adapter::Sqlite, Adapter::IndexedDb];
        let number = match self.project.adapter {
            Some(name) => return Ok(Adapter::from(name)),
            None if asks => ask::choice("Local database", &choices, 0)?,
            None => 0,
        };
        Ok(adapters.get(number).copied().unwrap_or(Adapter::Pglite))
    }

    fn framework(&self, folder: &Path, asks: bool) -> anyhow::Result<Framework> {
        let found = surroundings::framework(folder).unwrap_or(Framework::React);
        if self.framework.is_some() || !asks {
            return Ok(self.framework.unwrap_or(found));
        }
        let usual = Framework::ALL.iter().position(|framework| *framework == found).unwrap_or_default();
        let number = ask::choice("Framework", &Framework::ALL.map(Framework::word), usual)?;
        Ok(Framework::ALL.get(number).copied().unwrap_or(found))
    }

    /// Where the API is. A server that gives the document is asked for nothing more.
    fn base_url(&self, document: &Document, asks: bool) -> anyhow::Result<String> {
        if let Some(given) = &self.api_base_url {
            return Ok(given.clone());
        }
        let usual = base_url(&document.name, &document.servers());
        if document.is_url() || !asks {
            return Ok(usual);
        }
        loop {
            let answer = ask::text("Where the API is, before the document's paths", Some(&usual))?;
            match address(&answer).or_else(|| answer.starts_with('/').then(|| answer.clone())) {
                Some(url) => return Ok(url),
                None => ask::say(&format!("`{answer}` isn't a URL, such as {usual}, or a path, such as /api"))?,
            }
        }
    }

    pub fn models(&self, found: &View, asks: bool) -> anyhow::Result<Vec<(String, Choice)>> {
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
    let chosen = loop {
        let chosen = ask::choices("Models to sync", &items)?;
        if !chosen.is_empty() || ask::yes("No model is chosen: the space bar chooses. Go on without", false)? {
            break chosen;
        }
    };
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
        false => {
            ask::say(
                "A write is saved once it is on the device (optimistic), or once the server has accepted it (confirmed).",
            )?;
            ask::choices("Models whose writes are saved before the server answers", &items)?
        }
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
        None => format!("models are {}", all_of(&known, 40)),
    };
    anyhow!("no model `{name}` was found; nothing was written\n  help: {help}")
}
