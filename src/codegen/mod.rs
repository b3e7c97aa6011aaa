//! From models to files. Each target decides every name, type and clause in a view of its own; its templates
//! turn that into text.

mod files;
mod imports;
pub mod server;
mod settings;
pub mod sql;
pub mod template;
pub mod typescript;
mod width;

use std::path::Path;

use indexmap::IndexMap;

use crate::diagnostics::Problems;
use crate::plan::Plan;
pub use files::{BANNER, Files, is_ours};
pub use imports::with_imports;
pub use settings::Settings;
use template::{OwnTemplates, TemplateSet, Templates, View};

/// What tells git and reviews how to treat the folder.
pub const GITATTRIBUTES: &str = ".gitattributes";
const GITATTRIBUTES_TEXT: &str = include_str!("../../templates/gitattributes");

/// All generated files.
pub fn files(plan: &Plan, settings: Settings) -> anyhow::Result<Files> {
    render(plan, settings, &Templates::new(settings.templates))
}

/// All files of the sync server.
pub fn server_files(plan: &Plan, settings: Settings) -> anyhow::Result<Files> {
    let mut files = server::files(plan, settings, &Templates::new(settings.templates))?;
    files.insert(GITATTRIBUTES.to_owned(), format!("# {BANNER}\n\n{GITATTRIBUTES_TEXT}"));
    Ok(files)
}

/// The endpoints of the sync server that a framework finds by their folder. None, where it finds none so.
pub fn route_files(settings: Settings) -> anyhow::Result<Files> {
    let mut files = server::routes(settings, &Templates::new(settings.templates))?;
    if !files.is_empty() {
        files.insert(GITATTRIBUTES.to_owned(), format!("# {BANNER}\n\n{GITATTRIBUTES_TEXT}"));
    }
    Ok(files)
}

/// What each template is given for each file, in the order of the files.
pub fn views(plan: &Plan, settings: Settings) -> anyhow::Result<Vec<View>> {
    let templates = Templates::new(settings.templates).recording();
    render(plan, settings, &templates)?;
    Ok(templates.views())
}

fn render(plan: &Plan, settings: Settings, templates: &Templates) -> anyhow::Result<Files> {
    let schema = sql::files(plan, settings.adapter, templates)?;
    let tables = if settings.server.is_some() { server::tables(plan) } else { IndexMap::new() };
    let mut files = typescript::files(plan, settings, templates, &schema, &tables)?;
    files.extend(schema);
    files.insert(GITATTRIBUTES.to_owned(), format!("# {BANNER}\n\n{GITATTRIBUTES_TEXT}"));
    Ok(files)
}

/// Reads the user's templates from their folder.
pub fn own_templates(folder: &Path, problems: &mut Problems) -> Option<OwnTemplates> {
    template::read(folder, &template_paths().collect(), problems)
}

/// The paths of all templates below `templates`, and whether each is rendered; the others are taken as they stand.
pub fn template_paths() -> impl Iterator<Item = (String, bool)> {
    let sets = sql::templates().into_iter().chain([typescript::TEMPLATES, server::TEMPLATES]);
    let rendered = sets.flat_map(TemplateSet::paths);
    rendered
        .map(|path| (path, true))
        .chain(typescript::verbatim_paths().chain(server::verbatim_paths()).map(|path| (path.to_owned(), false)))
}
