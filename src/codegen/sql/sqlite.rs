//! SQLite 3.40 and later: tables, a view and triggers, since it has no functions.

mod columns;
mod expression;
mod view;
mod writes;

pub use expression::column_type;

use anyhow::bail;

use crate::codegen::template::{Page, Renderer, TemplateSet, Templates};
use crate::codegen::{BANNER, Files};
use crate::model::{Model, Project};
use crate::parallel;

pub const TEMPLATES: TemplateSet = TemplateSet {
    folder: "sqlite",
    ending: "",
    templates: &[
        ("_changes.sql", include_str!("../../../templates/sqlite/_changes.sql")),
        ("keys.sql", include_str!("../../../templates/sqlite/keys.sql")),
        ("model.sql", include_str!("../../../templates/sqlite/model.sql")),
        ("tables.sql", include_str!("../../../templates/sqlite/tables.sql")),
        ("view.sql", include_str!("../../../templates/sqlite/view.sql")),
        ("fold.sql", include_str!("../../../templates/sqlite/fold.sql")),
        ("stream.sql", include_str!("../../../templates/sqlite/stream.sql")),
        ("insert.sql", include_str!("../../../templates/sqlite/insert.sql")),
        ("update.sql", include_str!("../../../templates/sqlite/update.sql")),
        ("delete.sql", include_str!("../../../templates/sqlite/delete.sql")),
    ],
};

pub fn files(project: &Project, templates: &Templates) -> anyhow::Result<Files> {
    let renderer = Renderer::new(TEMPLATES, templates)?;
    let page = Page::new("_changes.sql", "schema/_changes.sql");
    let mut files = Files::from([renderer.render(page, view::LogView { banner: BANNER })?]);
    let of_model = |model: &Model| {
        check_name(&model.name)?;
        let view = view::ModelView::new(model, project)?;
        let page = Page::new("model.sql", format!("schema/{}.sql", model.name)).about(&model.name);
        renderer.render(page, view)
    };
    files.extend(parallel::map(&project.models, of_model)?);
    Ok(files)
}

/// SQLite keeps `sqlite_` for itself, and a view called `json_each` would hide the function that triggers use.
fn check_name(name: &str) -> anyhow::Result<()> {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("sqlite_") || lower == "json_each" {
        bail!("SQLite can't have a model called `{name}`: give it another name in the config");
    }
    Ok(())
}
