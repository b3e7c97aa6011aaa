//! The local database's schema: `schema/_changes.sql` and one file for each model.

mod compact;
mod dialect;
mod layout;
mod lines;
mod pglite;
mod sqlite;
mod statements;
mod view;

use serde_json::Value;

use crate::codegen::template::{File, Page, Renderer, TemplateSet, Templates};
use crate::codegen::{BANNER, Files};
use crate::config::Adapter;
use crate::model::FieldType;
use crate::parallel;
use crate::plan::{ModelPlan, Plan};
pub use compact::compact;
use dialect::Dialect;
pub use statements::statements;
use view::{LogView, ModelView};

fn dialect_of(adapter: Adapter) -> Option<Dialect> {
    match adapter {
        Adapter::Pglite => Some(pglite::DIALECT),
        Adapter::Sqlite => Some(sqlite::DIALECT),
        Adapter::IndexedDb => None,
    }
}

/// What a column of the type is in the database; `None` where that has no SQL.
pub fn column_type(adapter: Adapter, ty: FieldType) -> Option<&'static str> {
    dialect_of(adapter).map(|dialect| (dialect.column_type)(ty))
}

/// What a column of the type is in PostgreSQL.
pub fn postgres_type(ty: FieldType) -> &'static str {
    (pglite::DIALECT.column_type)(ty)
}

/// A JSON value of the schema as an expression of PostgreSQL.
pub fn postgres_constant(value: &Value, ty: FieldType) -> String {
    (pglite::DIALECT.constant)(value, ty)
}

pub fn templates() -> [TemplateSet; 2] {
    [pglite::DIALECT.templates, sqlite::DIALECT.templates]
}

/// `schema/_changes.sql` must run first; the models' files may run in any order. A database without SQL has none.
pub fn files(plan: &Plan, adapter: Adapter, templates: &Templates) -> anyhow::Result<Files> {
    let models: Vec<&ModelPlan> = plan.local().collect();
    let Some(dialect) = dialect_of(adapter).filter(|_| !models.is_empty()) else { return Ok(Files::new()) };
    let renderer = Renderer::new(dialect.templates, templates)?;
    let page = Page::new("_changes.sql", "schema/_changes.sql");
    let log = LogView { banner: BANNER, keeps_deleted: models.iter().any(|plan| plan.has_metadata()) };
    let mut files = Files::from([laid_out(renderer.render(page, log)?)]);
    let of_model = |plan: &&ModelPlan| {
        let name = &plan.model.name;
        let page = Page::new("model.sql", format!("schema/{name}.sql")).about(name);
        Ok(laid_out(renderer.render(page, ModelView::of(plan, dialect))?))
    };
    files.extend(parallel::map(&models, of_model)?);
    Ok(files)
}

pub fn laid_out((path, text): File) -> File {
    (path, layout::laid_out(text))
}
