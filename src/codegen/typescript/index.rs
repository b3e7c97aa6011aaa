//! The view of `index.ts`.

use serde::Serialize;

use super::module::{Module, SHARED};
use super::name_list::NameList;
use super::runtime::Parts;
use crate::codegen::template::{File, Page, Renderer};
use crate::codegen::{BANNER, Settings};
use crate::config::Framework;
use crate::names::ts;

#[derive(Serialize)]
struct IndexView<'a> {
    banner: &'a str,
    is_local: bool,
    /// Whether rows that were deleted are kept.
    keeps_deleted: bool,
    adapter: &'a str,
    /// Whether models come from a sync server.
    is_pulled: bool,
    has_hooks: bool,
    /// The module of the shared types, where there are any.
    shared: Option<String>,
    exports: Vec<NameList>,
}

pub fn file(
    renderer: &Renderer,
    modules: &[Module],
    has_shared: bool,
    settings: Settings,
    parts: &Parts,
) -> anyhow::Result<File> {
    let shared = has_shared.then(|| ts::string(&format!("./types/{SHARED}.js")));
    let exports = modules.iter().flat_map(|module| exports(module, settings.framework)).collect();
    let has_hooks = settings.framework != Framework::None;
    renderer.render(
        Page::new("index.ts", "index.ts"),
        IndexView {
            banner: BANNER,
            is_local: parts.sources.local(),
            keeps_deleted: parts.keeps_deleted,
            adapter: settings.adapter.word(),
            is_pulled: parts.sources.pulled,
            has_hooks,
            shared,
            exports,
        },
    )
}

fn exports(module: &Module, framework: Framework) -> impl Iterator<Item = NameList> {
    let collection = format!("./collections/{}.js", module.stem);
    let hooks = [&module.hook_all, &module.hook_one].into_iter().filter(|_| framework != Framework::None);
    let collection = NameList::new("export", std::iter::once(&module.collection).chain(hooks).cloned(), &collection);
    let from = format!("./types/{}.js", module.stem);
    let types = [Some(&module.row), module.create.as_ref(), module.update.as_ref()];
    let types = NameList::new("export type", types.into_iter().flatten().cloned(), &from);
    let access = module.access.iter().flat_map(|(constant, function)| [constant.clone(), function.clone()]);
    let access = NameList::new("export", access, &from);
    [collection, types, access].into_iter().flatten()
}
