//! Types, the schema as modules and as data, and the index.
//!
//! A shape of the model becomes a type (`shapes`), which is laid out as formatters would leave it (`layout`);
//! `types`, `schema`, `description` and `index` are the views of the files.

mod access;
mod comment;
mod description;
mod index;
mod layout;
mod literal;
mod schema;
mod shapes;
mod types;

use crate::model::{Model, Project};
use crate::names::{self, Scope};
use crate::render::{Renderer, Template};
use crate::target::{Files, Settings};

/// The width that generated TypeScript and JSON keeps to.
const WIDTH: usize = 120;

const TEMPLATES: &[Template] = &[
    ("names.ts", include_str!("../../../templates/typescript/names.ts.j2")),
    ("interface.ts", include_str!("../../../templates/typescript/interface.ts.j2")),
    ("model.ts", include_str!("../../../templates/typescript/model.ts.j2")),
    ("shared.ts", include_str!("../../../templates/typescript/shared.ts.j2")),
    ("sql.ts", include_str!("../../../templates/typescript/sql.ts.j2")),
    ("schema.ts", include_str!("../../../templates/typescript/schema.ts.j2")),
    ("index.ts", include_str!("../../../templates/typescript/index.ts.j2")),
];

/// `schema`: the SQL files, which go into modules as well.
pub fn files(project: &Project, settings: Settings, schema: &Files) -> anyhow::Result<Files> {
    let renderer = Renderer::new(TEMPLATES)?;
    let modules = modules(project);
    let mut files = Files::new();

    for module in &modules {
        files.insert(format!("types/{}.ts", module.stem), types::model(&renderer, module, settings.int64)?);
    }
    if !project.types.is_empty() {
        files.insert(format!("types/{SHARED}.ts"), types::shared(&renderer, &project.types)?);
    }
    files.extend(schema::files(&renderer, schema)?);
    files.insert("schema/schema.json".to_owned(), description::text(project)?);
    files.insert("index.ts".to_owned(), index::text(&renderer, &modules, !project.types.is_empty())?);
    Ok(files)
}

/// The module of the types that more than one model can refer to.
const SHARED: &str = "_shared";

/// A model with the names of what its module in `types` exports.
struct Module<'a> {
    model: &'a Model,
    /// File name without folder and extension.
    stem: String,
    row: String,
    create: Option<String>,
    update: Option<String>,
    /// The constant of the access metadata.
    access: Option<String>,
}

fn modules(project: &Project) -> Vec<Module<'_>> {
    let mut stems = Scope::with(&[SHARED]);
    let mut constants = Scope::default();
    project
        .models
        .iter()
        .map(|model| {
            let name = &model.type_name;
            Module {
                model,
                stem: stems.unique(&model.name),
                row: name.clone(),
                create: model.operations.create.as_ref().map(|_| format!("{name}Create")),
                update: model.operations.update.as_ref().map(|_| format!("{name}Update")),
                access: access::has_metadata(model)
                    .then(|| constants.unique(&names::ts::identifier(&names::camel_case(&format!("{name}Access"))))),
            }
        })
        .collect()
}
