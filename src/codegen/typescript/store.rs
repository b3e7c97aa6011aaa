//! The view of `store.ts`: a table for each model of the local database.

use serde::Serialize;

use super::module::Module;
use crate::codegen::BANNER;
use crate::codegen::template::{File, Page, Renderer};
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
    /// The function that makes it, and its module as a string literal.
    name: &'a str,
    module: String,
}

pub fn file(renderer: &Renderer, modules: &[Module]) -> anyhow::Result<File> {
    let tables = modules.iter().filter_map(table).collect();
    renderer.render(Page::new("store.ts", "store.ts"), StoreView { banner: BANNER, tables })
}

fn table<'a>(module: &'a Module) -> Option<Table<'a>> {
    let name = module.table.as_deref()?;
    let key = ts::property_key(&module.plan.model.name);
    Some(Table { key, name, module: ts::string(&format!("./collections/{}.js", module.stem)) })
}
