//! The view of `store.ts`: a table for each model of the local database.

use serde::Serialize;

use super::module::Module;
use super::name_list::NameList;
use crate::codegen::BANNER;
use crate::codegen::template::{File, Page, Renderer};
use crate::codegen::width::{WIDTH, width};
use crate::names::ts;

#[derive(Serialize)]
struct StoreView<'a> {
    banner: &'a str,
    tables: Vec<Table<'a>>,
}

#[derive(Serialize)]
struct Table<'a> {
    /// The model's name, as the key of an object literal.
    key: String,
    collection: &'a str,
    /// A string literal.
    collection_module: String,
    /// The constant that describes the model, and its module.
    description: &'a str,
    description_module: String,
    types: Option<NameList>,
    row: &'a str,
    /// The types of what a new row and a change take; `never` where the API has no such operation.
    create: &'a str,
    update: &'a str,
    /// The type of the list of the key's fields.
    names: String,
    /// Whether the types are too long for one line.
    is_long: bool,
}

/// What a line has beside its types: blanks, `: table<`, commas and `>(`.
const AROUND: usize = 4 + 8 + 6 + 2;

pub fn file(renderer: &Renderer, modules: &[Module]) -> anyhow::Result<File> {
    let tables = modules.iter().filter(|module| module.plan.model.is_local()).map(table).collect();
    renderer.render(Page::new("store.ts", "store.ts"), StoreView { banner: BANNER, tables })
}

fn table<'a>(module: &'a Module) -> Table<'a> {
    let model = module.plan.model;
    let names: Vec<String> = model.key.iter().map(|name| ts::string(name)).collect();
    let types = std::iter::once(&module.row).chain(&module.create).chain(&module.update).cloned();
    let key = ts::property_key(&model.name);
    let create = module.create.as_deref().unwrap_or("never");
    let update = module.update.as_deref().unwrap_or("never");
    let names = format!("[{}]", names.join(", "));
    let parts = [key.as_str(), &module.row, create, update, &names];
    Table {
        is_long: parts.iter().map(|part| width(part)).sum::<usize>() + AROUND > WIDTH,
        key,
        collection: &module.collection,
        collection_module: ts::string(&format!("./collections/{}.js", module.stem)),
        description: &module.description,
        description_module: ts::string(&format!("./schema/{}.js", module.stem)),
        types: NameList::new("import type", types, &format!("./types/{}.js", module.stem)),
        row: &module.row,
        create,
        update,
        names,
    }
}
