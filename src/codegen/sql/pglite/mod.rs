//! PostgreSQL in the browser: PL/pgSQL functions and statement triggers.

mod expression;
mod view;

pub use expression::column_type;

use serde::Serialize;

use crate::codegen::template::{Page, Renderer, TemplateSet, Templates};
use crate::codegen::{BANNER, Files};
use crate::parallel;
use crate::plan::ModelPlan;

pub const TEMPLATES: TemplateSet = TemplateSet {
    folder: "pglite",
    ending: "",
    templates: &[
        ("_changes.sql", include_str!("../../../../templates/pglite/_changes.sql")),
        ("log_feed.sql", include_str!("../../../../templates/pglite/log_feed.sql")),
        ("log_fold.sql", include_str!("../../../../templates/pglite/log_fold.sql")),
        ("log_changes.sql", include_str!("../../../../templates/pglite/log_changes.sql")),
        ("log_keys.sql", include_str!("../../../../templates/pglite/log_keys.sql")),
        ("log_stream.sql", include_str!("../../../../templates/pglite/log_stream.sql")),
        ("log_views.sql", include_str!("../../../../templates/pglite/log_views.sql")),
        ("model.sql", include_str!("../../../../templates/pglite/model.sql")),
        ("tables.sql", include_str!("../../../../templates/pglite/tables.sql")),
        ("view.sql", include_str!("../../../../templates/pglite/view.sql")),
        ("fold.sql", include_str!("../../../../templates/pglite/fold.sql")),
        ("stream.sql", include_str!("../../../../templates/pglite/stream.sql")),
        ("made_keys.sql", include_str!("../../../../templates/pglite/made_keys.sql")),
        ("insert.sql", include_str!("../../../../templates/pglite/insert.sql")),
        ("update.sql", include_str!("../../../../templates/pglite/update.sql")),
        ("delete.sql", include_str!("../../../../templates/pglite/delete.sql")),
    ],
};

#[derive(Serialize)]
struct Shared {
    banner: &'static str,
}

pub fn files(models: &[&ModelPlan], templates: &Templates) -> anyhow::Result<Files> {
    let renderer = Renderer::new(TEMPLATES, templates)?;
    let page = Page::new("_changes.sql", "schema/_changes.sql");
    let mut files = Files::from([renderer.render(page, Shared { banner: BANNER })?]);
    let of_model = |plan: &&ModelPlan| {
        let name = &plan.model.name;
        let page = Page::new("model.sql", format!("schema/{name}.sql")).about(name);
        renderer.render(page, view::View::of(plan))
    };
    files.extend(parallel::map(models, of_model)?);
    Ok(files)
}
