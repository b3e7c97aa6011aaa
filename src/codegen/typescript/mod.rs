//! Everything but the SQL: types, the models as data and as modules, collections, and the code that they share.
//!
//! A shape of the model becomes a type (`shapes`), which is laid out as formatters would leave it (`layout`).
//! `types`, `schema`, `registry`, `schema_json`, `collections`, `client` and `index` are the views of the files; `runtime` says
//! which of the files that are the same for every spec go in.

mod access;
mod client;
mod collections;
mod comment;
mod index;
mod layout;
mod literal;
pub mod packages;
mod registry;
mod runtime;
mod schema;
mod schema_json;
mod shapes;
mod types;

use std::collections::BTreeMap;

use crate::codegen::template::{File, Renderer, TemplateSet, Templates, templates};
use crate::codegen::width::{WIDTH, width};
use crate::codegen::{Files, Settings};
use crate::config::Int64;
use crate::model::Field;
use crate::names::{self, Scope, ts};
use crate::parallel;
use crate::plan::{ModelPlan, Plan};
use runtime::Parts;
pub use runtime::paths as verbatim_paths;
use schema::SqlModule;

/// The models as data, below the output folder.
pub const SCHEMA_JSON: &str = "schema/schema.json";

pub const TEMPLATES: TemplateSet = templates!["typescript/generated":
    "adapters.ts",
    "client.ts",
    "collection.ts",
    "defaults.ts",
    "index.ts",
    "interface.ts",
    "model.ts",
    "models.ts",
    "names.ts",
    "shared-types.ts",
    "sql.ts",
    "types.ts",
];

/// The type of a field as an app sees it: on one line, unless a comment within it takes one.
pub fn type_of(field: &Field, or_null: bool, int64: Int64) -> String {
    let ty = shapes::field(field, int64);
    layout::text(&if or_null { shapes::or_null(ty) } else { ty })
}

/// `schema`: the SQL files, which go into modules as well.
pub fn files(plan: &Plan, settings: Settings, templates: &Templates, schema: &Files) -> anyhow::Result<Files> {
    let renderer = Renderer::new(TEMPLATES, templates)?;
    let sql = schema::sql_modules(schema);
    let modules = modules(plan, &sql);
    let parts = Parts {
        local: plan.local().next().is_some(),
        electric: !plan.models.iter().all(|plan| plan.model.is_local()),
        access: modules.iter().any(|module| module.access.is_some()),
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
    let parts: [&(dyn Fn() -> anyhow::Result<Vec<File>> + Sync); 6] = [
        &|| Ok(parallel::map(&modules, of_model)?.into_iter().flatten().collect()),
        &|| has_types.then(|| types::shared(&renderer, plan.types)).into_iter().collect(),
        &|| schema::files(&renderer, schema, &sql, &modules),
        &|| Ok(vec![(SCHEMA_JSON.to_owned(), schema_json::text(plan, settings)?)]),
        &|| client::files(&renderer, &modules, settings, &parts),
        &|| Ok(vec![index::file(&renderer, &modules, has_types, settings, &parts)?]),
    ];
    files.extend(parallel::map(&parts, |files| files())?.into_iter().flatten());
    Ok(files)
}

/// The module of the types that more than one model can refer to.
const SHARED: &str = "_shared";

/// A model with the names of what its modules export.
struct Module<'a> {
    plan: &'a ModelPlan<'a>,
    /// File name without folder and extension.
    stem: String,
    row: String,
    create: Option<String>,
    update: Option<String>,
    /// The constant of the access metadata, and its function.
    access: Option<(String, String)>,
    /// The constant that describes the model, and that of its SQL.
    description: String,
    sql: Option<&'a SqlModule>,
    collection: String,
    hook_all: String,
    hook_one: String,
}

fn modules<'a>(plan: &'a Plan<'a>, sql: &'a BTreeMap<&str, SqlModule>) -> Vec<Module<'a>> {
    let mut stems = Scope::with(&[SHARED, "index"]);
    let mut constants = Scope::with(index::RESERVED);
    plan.models
        .iter()
        .map(|plan| {
            let model = plan.model;
            let name = &model.type_name;
            let mut constant = |name: String| constants.unique(&ts::identifier(&name));
            let camel_name = names::camel_case(&model.name);
            let (hook_all, hook_one) = collections::hook_names(model);
            Module {
                plan,
                stem: stems.unique(&model.name),
                row: name.clone(),
                create: model.operations.create.as_ref().map(|_| format!("{name}Create")),
                update: model.operations.update.as_ref().map(|_| format!("{name}Update")),
                access: access::has_metadata(model).then(|| {
                    let camel_type = names::camel_case(&format!("{name}Access"));
                    (constant(camel_type), constant(format!("canEdit{}Field", names::pascal_case(name))))
                }),
                description: constant(format!("{camel_name}Model")),
                sql: sql.get(format!("schema/{}.sql", model.name).as_str()),
                collection: constant(format!("{camel_name}Collection")),
                hook_all: constant(hook_all),
                hook_one: constant(hook_one),
            }
        })
        .collect()
}
