//! Everything but the SQL: types, the models as data and as modules, collections, and the code that they share.
//!
//! A shape of the model becomes a type (`shapes`), which is laid out as formatters would leave it (`layout`).
//! `types`, `schema`, `registry`, `schema_json`, `collections`, `client`, `store`, `deleted` and `index` are the views of the files; `runtime` says
//! which of the files that are the same for every spec go in.

mod access;
mod client;
mod collections;
mod comment;
mod deleted;
mod index;
mod layout;
mod lists;
mod literal;
mod module;
mod name_list;
pub mod packages;
mod registry;
mod runtime;
mod schema;
mod schema_json;
mod shapes;
mod store;
mod types;

use indexmap::IndexMap;

use crate::codegen::template::{File, Renderer, TemplateSet, Templates, templates};
use crate::codegen::{Files, Settings};
use crate::config::Int64;
use crate::parallel;
use crate::plan::{Column, Plan};
use crate::schema_json::document::Table;
pub use lists::list;
pub use literal::Language;
use module::{Module, modules, sql_modules};
use packages::Sources;
use runtime::Parts;
pub use runtime::paths as verbatim_paths;
pub use schema::stored_type;

/// The models as data, below the output folder.
pub const SCHEMA_JSON: &str = "schema/schema.json";

pub const TEMPLATES: TemplateSet = templates!["typescript/generated":
    "adapters.ts",
    "alias.ts",
    "client.ts",
    "collection.ts",
    "defaults.ts",
    "deleted.ts",
    "index.ts",
    "interface.ts",
    "model.ts",
    "models.ts",
    "names.ts",
    "schema.ts",
    "shared-types.ts",
    "sql.ts",
    "store.ts",
    "tables.ts",
    "transports.ts",
    "types.ts",
];

/// The type of a column as an app sees it: on one line, unless a comment within it takes one.
pub fn type_of(column: &Column, int64: Int64) -> String {
    let ty = shapes::column(column, int64);
    layout::text(&if column.can_show_null { shapes::or_null(ty) } else { ty })
}

/// `schema`: the SQL files, which go into modules as well. `tables`: those of the sync server, by model.
pub fn files(
    plan: &Plan,
    settings: Settings,
    templates: &Templates,
    schema: &Files,
    tables: &IndexMap<String, Table>,
) -> anyhow::Result<Files> {
    let renderer = Renderer::new(TEMPLATES, templates)?;
    let sql = sql_modules(schema);
    let modules = modules(plan, &sql);
    let parts = Parts {
        sources: Sources::of(plan.models.iter().map(|plan| plan.model)),
        access: modules.iter().any(|module| module.access.is_some()),
        keeps_deleted: modules.iter().any(deleted::keeps),
    };
    let mut files = runtime::files(settings, &parts, templates);

    let of_model = |module: &Module| {
        Ok([
            types::model(&renderer, module, settings.int64)?,
            registry::file(&renderer, module, settings.int64)?,
            collections::file(&renderer, module, settings)?,
        ])
    };
    let has_types = !plan.types.is_empty();
    let is_local = parts.sources.local();
    let keeps_deleted = parts.keeps_deleted;
    let parts: [&(dyn Fn() -> anyhow::Result<Vec<File>> + Sync); 8] = [
        &|| Ok(parallel::map(&modules, of_model)?.into_iter().flatten().collect()),
        &|| has_types.then(|| types::shared(&renderer, plan.types)).into_iter().collect(),
        &|| schema::files(&renderer, &sql, &modules),
        &|| Ok(vec![(SCHEMA_JSON.to_owned(), schema_json::text(plan, settings, tables)?)]),
        &|| client::files(&renderer, &modules, settings, &parts),
        &|| is_local.then(|| store::file(&renderer, &modules)).into_iter().collect(),
        &|| keeps_deleted.then(|| deleted::file(&renderer, &modules)).into_iter().collect(),
        &|| Ok(vec![index::file(&renderer, &modules, has_types, settings, &parts)?]),
    ];
    files.extend(parallel::map(&parts, |files| files())?.into_iter().flatten());
    Ok(files)
}
