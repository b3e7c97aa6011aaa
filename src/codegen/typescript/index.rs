//! The view of `index.ts`, and of lists of names in braces.

use serde::Serialize;

use super::runtime::Parts;
use super::{Module, SHARED};
use crate::codegen::template::{File, Page, Renderer};
use crate::codegen::{BANNER, Settings};
use crate::config::Adapter;
use crate::config::Framework;
use crate::names::ts;

/// `import type { A, B } from "…";`
#[derive(Serialize)]
pub struct NameList {
    /// `import type`, `export`, …
    keyword: &'static str,
    names: Vec<String>,
    /// A string literal.
    from: String,
}

impl NameList {
    /// None where there are no names.
    pub fn new(keyword: &'static str, names: impl IntoIterator<Item = String>, from: &str) -> Option<Self> {
        let names: Vec<String> = names.into_iter().collect();
        let from = ts::string(from);
        (!names.is_empty()).then_some(Self { keyword, names, from })
    }
}

/// Names that generated modules have for every spec; none that is made from a model may be the same.
pub const RESERVED: &[&str] = &[
    "clearDatabase",
    "closeDatabase",
    "configureSync",
    "createBase",
    "createClient",
    "createCollection",
    "defaultBase",
    "defaultClient",
    "discardChange",
    "electricCollection",
    "getDatabase",
    "getRejectedChanges",
    "getSyncStatus",
    "initializeDatabase",
    "localCollection",
    "nativeDriver",
    "newClient",
    "onSyncStatus",
    "options",
    "pgliteDriver",
    "RejectedError",
    "retryChange",
    "useLiveQuery",
    "useRejectedChanges",
    "useRow",
    "useSyncStatus",
    "writeTogether",
];

#[derive(Serialize)]
struct IndexView<'a> {
    banner: &'a str,
    is_local: bool,
    is_pglite: bool,
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
            is_local: parts.local,
            is_pglite: settings.adapter == Adapter::Pglite,
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
