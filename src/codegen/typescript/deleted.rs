//! The view of `deleted.ts`: the rows of each model that were deleted, with their types.

use serde::Serialize;

use super::module::Module;
use super::name_list::NameList;
use crate::codegen::BANNER;
use crate::codegen::template::{File, Page, Renderer};
use crate::names::ts;

#[derive(Serialize)]
struct DeletedView<'a> {
    banner: &'a str,
    imports: Vec<NameList>,
    models: Vec<Rows<'a>>,
}

#[derive(Serialize)]
struct Rows<'a> {
    /// The model's name, as the key of an object type.
    key: String,
    #[serde(rename = "type")]
    ty: &'a str,
}

/// Whether the local database keeps those of the model.
pub fn keeps(module: &Module) -> bool {
    module.plan.model.is_local() && module.plan.has_metadata()
}

pub fn file(renderer: &Renderer, modules: &[Module]) -> anyhow::Result<File> {
    let modules = || modules.iter().filter(|module| keeps(module));
    let import =
        |module: &Module| NameList::new("import type", [module.row.clone()], &format!("./types/{}.js", module.stem));
    let models = modules().map(|module| Rows { key: ts::property_key(&module.plan.model.name), ty: &module.row });
    let view =
        DeletedView { banner: BANNER, imports: modules().filter_map(import).collect(), models: models.collect() };
    renderer.render(Page::new("deleted.ts", "deleted.ts"), view)
}
