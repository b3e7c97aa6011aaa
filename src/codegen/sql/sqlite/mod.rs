//! SQLite 3.40 and later: tables, a view and triggers, since it has no functions.

mod columns;
mod expression;
mod view;
mod writes;

pub use expression::column_type;

use crate::codegen::template::{Page, Renderer, TemplateSet, Templates};
use crate::codegen::{BANNER, Files};
use crate::parallel;
use crate::plan::ModelPlan;

pub const TEMPLATES: TemplateSet = TemplateSet {
    folder: "sqlite",
    ending: "",
    templates: &[
        ("_changes.sql", include_str!("../../../../templates/sqlite/_changes.sql")),
        ("keys.sql", include_str!("../../../../templates/sqlite/keys.sql")),
        ("model.sql", include_str!("../../../../templates/sqlite/model.sql")),
        ("tables.sql", include_str!("../../../../templates/sqlite/tables.sql")),
        ("view.sql", include_str!("../../../../templates/sqlite/view.sql")),
        ("fold.sql", include_str!("../../../../templates/sqlite/fold.sql")),
        ("stream.sql", include_str!("../../../../templates/sqlite/stream.sql")),
        ("insert.sql", include_str!("../../../../templates/sqlite/insert.sql")),
        ("update.sql", include_str!("../../../../templates/sqlite/update.sql")),
        ("delete.sql", include_str!("../../../../templates/sqlite/delete.sql")),
    ],
};

pub fn files(models: &[&ModelPlan], templates: &Templates) -> anyhow::Result<Files> {
    let renderer = Renderer::new(TEMPLATES, templates)?;
    let page = Page::new("_changes.sql", "schema/_changes.sql");
    let mut files = Files::from([renderer.render(page, view::LogView { banner: BANNER })?]);
    let of_model = |plan: &&ModelPlan| {
        let name = &plan.model.name;
        let page = Page::new("model.sql", format!("schema/{name}.sql")).about(name);
        renderer.render(page, view::ModelView::of(plan))
    };
    files.extend(parallel::map(models, of_model)?);
    Ok(files)
}
