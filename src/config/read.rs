//! Reads the config, but for its models.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value;

use super::choices::{
    Adapter, Collections, Framework, IdempotencyKey, Int64, References, ServerFramework, Sync, Transport,
};
use super::headers;
use super::keys::Reader;
use super::model::ModelEntry;
use super::paths::below;
use super::read_model::{COLLECTIONS, models, transport};
use super::server;
use super::settings::{Config, SpecLocation, USUAL_POLL};
use super::{line, list};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child};
use crate::names::sql::TABLES_OF_THE_SYNC_SERVER;

pub const ADAPTERS: &[(&str, Adapter)] =
    &[("pglite", Adapter::Pglite), ("sqlite", Adapter::Sqlite), ("indexeddb", Adapter::IndexedDb)];

/// Overrides from the command line.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub spec: Option<SpecLocation>,
    pub output: Option<PathBuf>,
    pub adapter: Option<Adapter>,
    pub spec_refs: Option<References>,
    pub sync: Option<Sync>,
    /// Without a folder for the output, the config is complete, too: nothing is written.
    pub is_shown: bool,
}

impl Overrides {
    /// The config of a run without a file: all but `spec` and `output` has a default.
    pub fn alone(&self) -> Option<Config> {
        let output = self.output.clone().or_else(|| self.is_shown.then(PathBuf::new))?;
        let mut config = with_defaults(self.spec.clone()?, output);
        self.apply(&mut config);
        Some(config)
    }

    fn apply(&self, config: &mut Config) {
        set(&mut config.adapter, self.adapter);
        set(&mut config.spec_refs, self.spec_refs);
        set(&mut config.sync, self.sync);
    }
}

fn with_defaults(spec: SpecLocation, output: PathBuf) -> Config {
    Config {
        spec,
        spec_headers: Vec::new(),
        spec_refs: References::Folder,
        output,
        adapter: Adapter::Pglite,
        sync: Sync::Annotated,
        transport: Transport::Electric,
        poll: USUAL_POLL,
        overlap: 10,
        framework: Framework::React,
        collections: Collections::Local,
        database: "sync-patterns-app".to_owned(),
        electric_url: "http://localhost:3000".to_owned(),
        api_base_url: "http://localhost:8000/api".to_owned(),
        idempotency_key: IdempotencyKey::Header,
        metadata: false,
        path_params: Vec::new(),
        params: Vec::new(),
        sync_url: "/api/sync".to_owned(),
        server: None,
        templates: None,
        int64: Int64::Number,
        import_extension: None,
        models: IndexMap::new(),
        missing_models: Severity::Error,
    }
}

/// Checks all of the file. Paths in it are relative to `folder`. What could be read is returned even where there were
/// errors, so that those of the spec are reported in the same run. `None` where it says nothing of a spec.
pub fn read(root: &Value, folder: &Path, overrides: &Overrides, problems: &mut Problems) -> Option<Config> {
    let mut reader = Reader::new(root, "", problems)?;
    version(&mut reader, problems);
    let spec = match &overrides.spec {
        Some(spec) => reader.string("spec", problems).map(|_| spec.clone()).or(Some(spec.clone())),
        None => required(&mut reader, "spec", "the OpenAPI document: a file, a URL, or - for standard input", problems)
            .map(|spec| spec_location(&spec, folder)),
    };
    let output = match &overrides.output {
        Some(output) => reader.string("output", problems).map(|_| output.clone()).or(Some(output.clone())),
        None if overrides.is_shown => reader.string("output", problems).map(|output| below(folder, &output)),
        None => required(&mut reader, "output", "the folder to write to, such as ./src/generated", problems)
            .map(|output| below(folder, &output)),
    };
    let (has_spec, has_output) = (spec.is_some(), output.is_some());
    let mut config = with_defaults(spec.unwrap_or(SpecLocation::Stdin), output.unwrap_or_default());

    config.spec_headers = headers::read(&mut reader, problems);
    let references = References::ALL.map(|references| (references.word(), references));
    set(&mut config.spec_refs, reader.choice("spec_refs", &references, problems));
    set(&mut config.adapter, reader.choice("adapter", ADAPTERS, problems));
    set(&mut config.sync, reader.choice("sync", &[("annotated", Sync::Annotated), ("all", Sync::All)], problems));
    set(&mut config.transport, transport(&mut reader, problems));
    set(&mut config.poll, list::number(&mut reader, "poll", 1, problems));
    set(&mut config.overlap, list::number(&mut reader, "overlap", 0, problems));
    let frameworks = Framework::ALL.map(|framework| (framework.word(), framework));
    set(&mut config.framework, reader.choice("framework", &frameworks, problems));
    set(&mut config.collections, reader.choice("collections", COLLECTIONS, problems));
    set(&mut config.database, reader.string("database", problems));
    set(&mut config.electric_url, url(&mut reader, "electric_url", problems));
    set(&mut config.api_base_url, url(&mut reader, "api_base_url", problems));
    let keys = IdempotencyKey::ALL.map(|key| (key.word(), key));
    set(&mut config.idempotency_key, reader.choice("idempotency_key", &keys, problems));
    set(&mut config.metadata, reader.bool("metadata", problems));
    set(&mut config.path_params, reader.pairs("path_params", problems));
    set(&mut config.params, reader.pairs("params", problems));
    let integers = [("number", Int64::Number), ("string", Int64::String), ("bigint", Int64::Bigint)];
    set(&mut config.int64, reader.choice("int64", &integers, problems));
    config.import_extension = server::import_extension(&mut reader, problems);
    set(&mut config.sync_url, url(&mut reader, "sync_url", problems));
    config.server = server::read(&mut reader, folder, problems);
    if has_output {
        check_outputs(&config, problems);
    }
    config.templates = templates(&mut reader, folder, problems);
    config.models = models(&mut reader, problems);
    check_tables(&config, problems);
    check_transports(&config, problems);
    reader.finish(problems);
    overrides.apply(&mut config);
    has_spec.then_some(config)
}

/// Each folder is written by one target alone: in a shared one, each would remove the files of the other.
fn check_outputs(config: &Config, problems: &mut Problems) {
    let Some(server) = &config.server else { return };
    let mut apart = |pointer: &str, message: &str, example: &str, [one, other]: [&Path; 2]| {
        if one.starts_with(other) || other.starts_with(one) {
            let problem = Problem::new(Severity::Error, Code::Contradiction, (Input::Config, pointer), message);
            problems.push(problem.help(format!("give each a folder of its own, such as {example}")));
        }
    };
    let message = "the folder of the server is in that of the client, or the other way round";
    apart("/server/output", message, "./src/server/sync", [&config.output, &server.output]);
    if server.framework == ServerFramework::Sveltekit {
        for other in [&config.output, &server.output] {
            let message = format!("the folder of the routes is in {}, or the other way round", other.display());
            apart("/server/routes", &message, "./src/routes/api/sync", [&server.routes, other]);
        }
    }
}

/// The sync server has tables of its own.
fn check_tables(config: &Config, problems: &mut Problems) {
    if config.server.is_none() {
        return;
    }
    for (name, entry) in &config.models {
        let ModelEntry::Include(model) = entry else { continue };
        let Some(table) = model.table.as_deref() else { continue };
        let own = table.rsplit('.').next().unwrap_or(table);
        if TABLES_OF_THE_SYNC_SERVER.contains(&own) {
            let at = format!("{}/table", child("/models", name));
            let message = format!("`{table}` is a table that the sync server has for itself");
            let problem = Problem::new(Severity::Error, Code::BadName, (Input::Config, &at), message);
            problems.push(problem.help("give the model's table another name"));
        }
    }
}

/// Collections without a local database read from Electric.
fn check_transports(config: &Config, problems: &mut Problems) {
    let mut contradicts = |transport: Transport, pointer: &str, model: Option<&str>| {
        let source = match transport {
            Transport::Electric => return,
            Transport::Rest => "the API's lists",
            Transport::PushPull => "a sync server",
        };
        let whose = model.map(|name| format!("`{name}`: ")).unwrap_or_default();
        let message = format!("{whose}`collections: electric` reads from Electric, not from {source}");
        let problem = Problem::new(Severity::Error, Code::Contradiction, (Input::Config, pointer), message);
        let local = "collections: local";
        let line = model.map_or_else(|| format!("`{local}`"), |name| line::of_model(name, None, local));
        problems.push(problem.help(format!("set {line}, or leave out `transport`")));
    };
    if config.collections == Collections::Electric {
        contradicts(config.transport, "/transport", None);
    }
    for (name, entry) in &config.models {
        let ModelEntry::Include(entry) = entry else { continue };
        let is_electric = entry.collections.unwrap_or(config.collections) == Collections::Electric;
        if let (true, Some(transport)) = (is_electric, entry.transport) {
            contradicts(transport, &child(&child("/models", name), "transport"), Some(name));
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// `-`, a URL, or a path relative to `folder`.
pub fn spec_location(text: &str, folder: &Path) -> SpecLocation {
    if text == "-" {
        SpecLocation::Stdin
    } else if text.starts_with("http://") || text.starts_with("https://") {
        SpecLocation::Url(text.to_owned())
    } else {
        SpecLocation::File(below(folder, text))
    }
}

fn templates(reader: &mut Reader, folder: &Path, problems: &mut Problems) -> Option<PathBuf> {
    let folder = below(folder, &reader.string("templates", problems)?);
    if !folder.is_dir() {
        let at = (Input::Config, "/templates");
        let problem = Problem::new(Severity::Error, Code::NoSuchFolder, at, "the folder doesn't exist");
        problems.push(problem.help("create it, or remove the line"));
    }
    Some(folder)
}

fn version(reader: &mut Reader, problems: &mut Problems) {
    let help = "write `version: 1`, the version of this file's format";
    match reader.take("version") {
        Some((value, _)) if value == 1 => {}
        Some((value, pointer)) => {
            let message = format!("unknown version `{}`", value.as_str().unwrap_or(&value.to_string()));
            problems.push(
                Problem::new(Severity::Error, Code::ConfigVersion, (Input::Config, &pointer), message).help(help),
            );
        }
        None => problems.push(
            Problem::new(Severity::Error, Code::MissingKey, (Input::Config, ""), "`version` is missing").help(help),
        ),
    }
}

fn required(reader: &mut Reader, key: &'static str, what: &str, problems: &mut Problems) -> Option<String> {
    if reader.take(key).is_none() {
        let message = format!("`{key}` is missing");
        problems.push(
            Problem::new(Severity::Error, Code::MissingKey, (Input::Config, ""), message).help(format!("it is {what}")),
        );
        return None;
    }
    reader.string(key, problems)
}

fn url(reader: &mut Reader, key: &'static str, problems: &mut Problems) -> Option<String> {
    let text = reader.string(key, problems)?;
    if text.starts_with("http://") || text.starts_with("https://") || text.starts_with('/') {
        return Some(text.trim_end_matches('/').to_owned());
    }
    let message = format!("`{text}` isn't a URL");
    let at = child("", key);
    problems.push(
        Problem::new(Severity::Error, Code::NotAUrl, (Input::Config, &at), message)
            .help("it begins with http://, https://, or / for the page's own origin"),
    );
    None
}
