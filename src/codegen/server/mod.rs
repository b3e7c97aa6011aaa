//! The sync server: its tables in `schema.sql`, its models, and the code that all servers share.

mod application;
mod columns;
mod drizzle;
mod index;
mod model;
mod rules;
mod shape;
mod sveltekit;
mod tables;

use serde::Serialize;
use twox_hash::XxHash3_64;

use crate::codegen::sql::{compact, laid_out};
use crate::codegen::template::{Page, Renderer, TemplateSet, Templates, templates};
use crate::codegen::{BANNER, Files, Settings};
use crate::config::{ServerFramework, ServerOrm, ServerTables};
use crate::names::{sql, ts};
use crate::plan::Plan;
pub use shape::tables;

/// The file with the tables, in the server's folder.
pub const SCHEMA_SQL: &str = "schema.sql";

/// The file that takes the server out of a database whose tables are another application's.
const REMOVE_SQL: &str = "remove.sql";

pub const TEMPLATES: TemplateSet = templates!["server/generated":
    "drizzle.config.ts",
    "drizzle.ts",
    "epochs.sql",
    "existing.sql",
    "history.sql",
    "index.ts",
    "log.sql",
    "migration.sql",
    "model.ts",
    "models.ts",
    "remove.sql",
    "requests.sql",
    "rows.sql",
    "schema.sql",
    "schema.ts",
    "scopes.sql",
    "security.sql",
    "sql.ts",
    "sveltekit-route.ts",
    "sveltekit.ts",
    "tables.sql",
    "tanstack-start.ts",
    "triggers.sql",
    "upgrade.sql",
    "versions.sql",
    "watch.sql",
];

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        &[$((
            concat!("server/runtime/", $name),
            include_str!(concat!("../../../templates/server/runtime/", $name)),
        )),*]
    };
}

/// Who may set what: the client's code.
const ACCESS: (&str, &str) =
    ("typescript/runtime/client/access.ts", include_str!("../../../templates/typescript/runtime/client/access.ts"));

/// The path of each file below `templates`, and its text.
const RUNTIME: &[(&str, &str)] = modules![
    "answers.ts",
    "apply.ts",
    "batches.ts",
    "changes.ts",
    "conflicts.ts",
    "database.ts",
    "errors.ts",
    "handle.ts",
    "health.ts",
    "hooks.ts",
    "http.ts",
    "items.ts",
    "kept.ts",
    "locks.ts",
    "model.ts",
    "node.ts",
    "poke.ts",
    "protocol.ts",
    "pull.ts",
    "push.ts",
    "references.ts",
    "rows.ts",
    "server.ts",
    "stamps.ts",
    "values.ts",
    "versions.ts",
];

/// The paths of the templates that aren't rendered.
pub fn verbatim_paths() -> impl Iterator<Item = &'static str> {
    RUNTIME.iter().map(|(path, _)| *path)
}

#[derive(Serialize)]
struct StartView {
    banner: &'static str,
    /// A string literal.
    application: String,
}

/// All files below the server's folder.
pub fn files(plan: &Plan, settings: Settings, templates: &Templates) -> anyhow::Result<Files> {
    let renderer = Renderer::new(TEMPLATES, templates)?;
    let mut files: Files = RUNTIME
        .iter()
        .chain([&ACCESS])
        .map(|(path, text)| {
            let name = path.rsplit('/').next().unwrap_or(path);
            (name.to_owned(), format!("// {BANNER}\n\n{}", templates.verbatim(path, text)))
        })
        .collect();
    let mut view = tables::view(plan, settings.server);
    let (_, draft) = renderer.render(Page::new(SCHEMA_SQL, SCHEMA_SQL), &view)?;
    let version = format!("schema:{:016x}", XxHash3_64::oneshot(draft.as_bytes()));
    view.version = sql::literal(&version);
    let schema = laid_out(renderer.render(Page::new(SCHEMA_SQL, SCHEMA_SQL), &view)?);
    let text = ts::template_text(&compact(&schema.1));
    if settings.server.is_some_and(|server| server.tables == ServerTables::Existing) {
        let page = Page::new(REMOVE_SQL, REMOVE_SQL);
        files.extend([laid_out(renderer.render(page, tables::removal(plan, &schema.1))?)]);
    }
    if let Some(server) = settings.server.filter(|server| server.orm == ServerOrm::Drizzle) {
        files.extend(drizzle::files(plan, server, &schema.1, &renderer)?);
    }
    files.extend([
        renderer.render(Page::new("sql.ts", "schema-sql.ts"), index::SqlView { banner: BANNER, text })?,
        schema,
    ]);
    for module in model::modules(plan) {
        let page = Page::new("model.ts", format!("models/{}.ts", module.stem)).about(&module.plan.model.name);
        files.extend([renderer.render(page, model::view(&module))?]);
    }
    files.extend([
        renderer.render(Page::new("models.ts", "models/index.ts"), index::models(plan))?,
        renderer.render(Page::new("index.ts", "index.ts"), index::view(plan, &version)?)?,
    ]);
    let page = match settings.server.map(|server| (server, server.framework)) {
        Some((server, ServerFramework::TanstackStart)) => {
            let page = Page::new("tanstack-start.ts", "tanstack-start.ts");
            Some(renderer.render(
                page,
                StartView { banner: BANNER, application: ts::string(&format!("../{}", application::module(server))) },
            )?)
        }
        Some((_, ServerFramework::Sveltekit)) => Some(sveltekit::functions(&renderer)?),
        Some((_, ServerFramework::Fetch)) | None => None,
    };
    files.extend(page);
    Ok(files)
}

/// The endpoints in the folder of the routes, where the framework has such.
pub fn routes(settings: Settings, templates: &Templates) -> anyhow::Result<Files> {
    match settings.server.filter(|server| server.framework == ServerFramework::Sveltekit) {
        Some(server) => sveltekit::routes(server, &Renderer::new(TEMPLATES, templates)?),
        None => Ok(Files::new()),
    }
}
