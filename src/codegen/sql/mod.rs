//! The local database's schema: `schema/_changes.sql` and one file for each model.

mod pglite;
mod sqlite;

use crate::codegen::Files;
use crate::codegen::template::Templates;
use crate::config::Adapter;
use crate::model::FieldType;
use crate::plan::{ModelPlan, Plan};

pub use pglite::TEMPLATES as PGLITE_TEMPLATES;
pub use sqlite::TEMPLATES as SQLITE_TEMPLATES;

/// What a column of the type is in the database.
pub fn column_type(adapter: Adapter, ty: FieldType) -> &'static str {
    match adapter {
        Adapter::Pglite => pglite::column_type(ty),
        Adapter::Sqlite => sqlite::column_type(ty),
    }
}

/// `schema/_changes.sql` must run first; the models' files may run in any order.
pub fn files(plan: &Plan, adapter: Adapter, templates: &Templates) -> anyhow::Result<Files> {
    let models: Vec<&ModelPlan> = plan.local().collect();
    if models.is_empty() {
        return Ok(Files::new());
    }
    match adapter {
        Adapter::Pglite => pglite::files(&models, templates),
        Adapter::Sqlite => sqlite::files(&models, templates),
    }
}
