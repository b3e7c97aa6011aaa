//! The view of `collections/<model>.ts`: the collection, and the framework's hooks.

use serde::Serialize;

use super::module::Module;
use super::name_list::NameList;
use crate::codegen::template::{File, Page, Renderer};
use crate::codegen::width::{WIDTH, width};
use crate::codegen::{BANNER, Settings};
use crate::config::Framework;
use crate::config::Int64;
use crate::model::{FieldType, Model};
use crate::names::ts;

#[derive(Serialize)]
struct CollectionView<'a> {
    banner: &'a str,
    collection: &'a str,
    /// The constant that describes the model, and its module.
    description: &'a str,
    module: String,
    types: Option<NameList>,
    row: &'a str,
    /// The type of what a new row takes: the only one, or all of `inputs`.
    input: &'a str,
    inputs: Vec<&'a str>,
    /// The type of a row's key in the collection.
    key_type: &'static str,
    local_first: bool,
    /// Whether the application can write.
    is_written: bool,
    is_local: bool,
    table: Option<Table<'a>>,
    hooks: Option<Hooks<'a>>,
}

/// The function that makes the model's part of the store.
#[derive(Serialize)]
struct Table<'a> {
    name: &'a str,
    /// The model's name, as the key of an object literal.
    key: String,
    /// The types of what a new row and a change take; `never` where the API has no such operation.
    create: &'a str,
    update: &'a str,
    /// The type of the list of the key's fields.
    names: String,
    /// Whether the types are too long for one line, and whether the collection by the model's name is.
    is_long: bool,
    is_wide: bool,
}

/// What a line has beside its types: blanks, `return table<`, commas and `>(`.
const AROUND: usize = 2 + 13 + 6 + 2;

#[derive(Serialize)]
struct Hooks<'a> {
    /// A string literal.
    package: &'static str,
    all: &'a str,
    one: &'a str,
    /// The parameter of the hook for one row.
    key: &'static str,
    key_type: String,
    /// Whether the parameter may change by itself.
    is_live: bool,
}

pub fn file(renderer: &Renderer, module: &Module, settings: Settings) -> anyhow::Result<File> {
    let model = module.plan.model;
    let writes: Vec<&str> = module.create.iter().chain(&module.update).map(String::as_str).collect();
    let input = match writes.as_slice() {
        [] => module.row.as_str(),
        [only] => only,
        _ => "Input",
    };
    let key_type = key_type(model, settings.int64);
    let types = std::iter::once(module.row.clone()).chain(writes.iter().map(|name| (*name).to_owned()));
    let view = CollectionView {
        banner: BANNER,
        collection: &module.collection,
        description: &module.description,
        module: ts::string(&format!("../schema/{}.js", module.stem)),
        types: NameList::new("import type", types, &format!("../types/{}.js", module.stem)),
        row: &module.row,
        input,
        inputs: if writes.len() > 1 { writes } else { Vec::new() },
        key_type,
        local_first: model.local_first && model.is_local(),
        is_written: module.create.is_some() || module.update.is_some() || model.operations.delete.is_some(),
        is_local: model.is_local(),
        table: table(module),
        hooks: hooks(module, settings.framework),
    };
    let page = Page::new("collection.ts", format!("collections/{}.ts", module.stem)).about(&model.name);
    renderer.render(page, view)
}

fn key_type(model: &Model, int64: Int64) -> &'static str {
    match model.key_fields().map(|field| field.ty).collect::<Vec<_>>().as_slice() {
        [FieldType::Int32] => "number",
        [FieldType::Int64] if int64 == Int64::Number => "number | string",
        _ => "string",
    }
}

fn table<'a>(module: &'a Module) -> Option<Table<'a>> {
    let name = module.table.as_deref()?;
    let names: Vec<String> = module.plan.model.key.iter().map(|name| ts::string(name)).collect();
    let create = module.create.as_deref().unwrap_or("never");
    let update = module.update.as_deref().unwrap_or("never");
    let names = format!("[{}]", names.join(", "));
    let types = [&module.row, create, update, &names];
    let is_long = types.iter().map(|ty| width(ty)).sum::<usize>() + AROUND > WIDTH;
    let key = ts::property_key(&module.plan.model.name);
    let is_wide = width(&format!("  collections: object = {{ {key}: {} }},", module.collection)) > WIDTH;
    Some(Table { name, key, create, update, names, is_long, is_wide })
}

fn hooks<'a>(module: &'a Module, framework: Framework) -> Option<Hooks<'a>> {
    let package = match framework {
        Framework::React => "\"@tanstack/react-db\"",
        Framework::Vue => "\"@tanstack/vue-db\"",
        Framework::Svelte => "\"@tanstack/svelte-db\"",
        Framework::Solid => "\"@tanstack/solid-db\"",
        Framework::None => return None,
    };
    let row = &module.row;
    let names: Vec<String> = module.plan.model.key.iter().map(|name| ts::string(name)).collect();
    let (key, key_type) = match names.as_slice() {
        [only] => ("id", format!("{row}[{only}]")),
        several => ("key", format!("Pick<{row}, {}>", several.join(" | "))),
    };
    let is_live = framework != Framework::React;
    let key_type = if is_live { format!("LiveKey<{key_type}>") } else { key_type };
    Some(Hooks { package, all: &module.hook_all, one: &module.hook_one, key, key_type, is_live })
}
