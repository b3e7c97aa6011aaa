//! SQLite 3.40 and later: tables, a view and triggers, since it has no functions.

mod columns;
mod expression;
mod view;
mod writes;

pub use expression::column_type;

use crate::codegen::template::{Page, Renderer, TemplateSet, Templates, templates};
use crate::codegen::{BANNER, Files};
use crate::parallel;
use crate::plan::ModelPlan;

pub const TEMPLATES: TemplateSet = templates!["sqlite":
    "_changes.sql",
    "delete.sql",
    "fold.sql",
    "insert.sql",
    "log_changes.sql",
    "log_feed.sql",
    "log_fold.sql",
    "log_keys.sql",
    "log_stream.sql",
    "model.sql",
    "stream.sql",
    "tables.sql",
    "update.sql",
    "view.sql",
];

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
