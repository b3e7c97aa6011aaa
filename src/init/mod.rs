//! Writes the config of a project that has none yet.

pub mod backend;
pub mod dev_server;
pub mod edit;
pub mod ignore;
pub mod paths;
pub mod surroundings;

use serde::Serialize;

use crate::codegen::template::{Page, Renderer, TemplateSet, Templates, templates};
use crate::config::Adapter;
use crate::config::References;
use crate::config::{Collections, FILE_NAME, Framework, ImportExtension, ServerFramework, Transport};
use crate::diagnostics::clean;
use crate::discovery::can_name_a_model;
use crate::inspect::View;
use crate::inspect::text::writes;
use crate::names::yaml;

const TEMPLATES: TemplateSet = templates!["config": "sync-patterns.config.yaml"];

/// What the user decided.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// Paths as the config has them.
    pub spec: String,
    pub output: String,
    /// `None`: the default.
    pub spec_refs: Option<References>,
    /// The URL of which `spec` is a copy.
    pub copy_of: Option<String>,
    pub transport: Transport,
    pub adapter: Adapter,
    pub framework: Framework,
    /// What a sync server's endpoints are for.
    pub server_framework: ServerFramework,
    /// `None`: the default.
    pub import_extension: Option<ImportExtension>,
    pub collections: Collections,
    /// Sync every model.
    pub all: bool,
    /// `None`: the default.
    pub database: Option<String>,
    pub electric_url: Option<String>,
    pub api_base_url: String,
    /// What the development server passes on, and where to: `/api on to http://localhost:8000`.
    pub proxied: Option<String>,
    pub models: Vec<(String, Choice)>,
}

/// What the user decided about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Take { local_first: bool },
    LeaveOut,
}

#[derive(Serialize)]
struct ConfigView {
    spec: String,
    output: String,
    spec_refs: Option<&'static str>,
    copy_of: Option<String>,
    transport: &'static str,
    /// Whether anything comes from Electric.
    is_electric: bool,
    /// Whether there is a sync server.
    is_pushed: bool,
    /// `None`: the default.
    server_framework: Option<&'static str>,
    adapter: &'static str,
    framework: &'static str,
    /// `None`: the default.
    import_extension: Option<&'static str>,
    /// `None`: the default.
    collections: Option<&'static str>,
    sync: &'static str,
    database: Setting,
    electric_url: Setting,
    api_base_url: String,
    proxied: Option<String>,
    models: Vec<Line>,
    left_out: Vec<Line>,
}

/// What makes a line a comment.
const COMMENT: &str = "# ";

#[derive(Serialize)]
struct Setting {
    /// Empty, or [`COMMENT`].
    mark: &'static str,
    value: String,
}

/// A line for one collection.
#[derive(Serialize)]
struct Line {
    mark: &'static str,
    entry: String,
    remark: String,
}

impl Setting {
    fn new(given: Option<&String>, usual: &str) -> Self {
        Self {
            mark: if given.is_some() { "" } else { COMMENT },
            value: yaml::scalar(given.map_or(usual, String::as_str)),
        }
    }
}

/// The text of the config, with the models that were found.
pub fn config(decisions: &Decisions, found: &View) -> anyhow::Result<String> {
    let said = |name: &str| decisions.models.iter().rfind(|(model, _)| model == name).map(|(_, choice)| *choice);
    let models = found.models.iter().map(|model| {
        let choice = said(&model.name);
        let usual = Choice::Take { local_first: model.mode == "optimistic" };
        let by_document =
            if choice.is_none() && model.chosen && !decisions.all { "; chosen by the document" } else { "" };
        Line {
            mark: if choice.is_some() { "" } else { COMMENT },
            entry: entry(&model.name, &model.path, choice.unwrap_or(usual)),
            remark: format!("{}: {}{by_document}", clean(&model.path), writes(model)),
        }
    });
    let left_out = found.left_out.iter().map(|left_out| Line {
        mark: COMMENT,
        entry: clean(&left_out.path),
        remark: clean(&left_out.why),
    });
    let view = ConfigView {
        spec: yaml::scalar(&decisions.spec),
        output: yaml::scalar(&decisions.output),
        spec_refs: decisions.spec_refs.map(References::word),
        copy_of: decisions.copy_of.as_deref().map(clean),
        transport: decisions.transport.word(),
        is_electric: decisions.transport == Transport::Electric,
        is_pushed: decisions.transport == Transport::PushPull,
        server_framework: (decisions.server_framework != ServerFramework::default())
            .then(|| decisions.server_framework.word()),
        adapter: decisions.adapter.word(),
        framework: decisions.framework.word(),
        import_extension: decisions.import_extension.map(ImportExtension::word),
        collections: (decisions.collections != Collections::Local).then(|| decisions.collections.word()),
        sync: if decisions.all { "all" } else { "annotated" },
        database: Setting::new(decisions.database.as_ref(), "sync-patterns-app"),
        electric_url: Setting::new(decisions.electric_url.as_ref(), "http://localhost:3000"),
        api_base_url: yaml::scalar(&decisions.api_base_url),
        proxied: decisions.proxied.clone(),
        models: models.collect(),
        left_out: left_out.collect(),
    };
    let (_, text) = Renderer::new(TEMPLATES, &Templates::new(None))?.render(Page::new(FILE_NAME, FILE_NAME), view)?;
    Ok(text)
}

/// `contacts: { local_first: true }`
fn entry(name: &str, path: &str, choice: Choice) -> String {
    let local_first = match choice {
        Choice::LeaveOut => return format!("{}: false", yaml::scalar(name)),
        Choice::Take { local_first } => local_first,
    };
    if can_name_a_model(name) {
        return format!("{}: {{ local_first: {local_first} }}", yaml::scalar(name));
    }
    // A name made from the path that begins with a digit, which names in the config can't.
    let name = yaml::scalar(&format!("api_{name}"));
    format!("{name}: {{ path: {}, local_first: {local_first} }}", yaml::quoted(path))
}
