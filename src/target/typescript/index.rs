//! The view of `index.ts`, and of lists of names in braces.

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::{Module, SHARED, WIDTH};
use crate::names::ts;
use crate::render::Renderer;
use crate::target::BANNER;

/// `import type { A, B } from "…";`
#[derive(Serialize)]
pub struct NameList {
    /// `import type`, `export`, …
    keyword: &'static str,
    names: Vec<String>,
    /// A string literal.
    from: String,
    /// Whether each name takes a line.
    broken: bool,
}

impl NameList {
    /// None where there are no names.
    pub fn new(keyword: &'static str, names: impl IntoIterator<Item = String>, from: &str) -> Option<Self> {
        let names: Vec<String> = names.into_iter().collect();
        let from = ts::string(from);
        let width = format!("{keyword} {{ {} }} from {from};", names.join(", ")).width();
        let broken = names.len() > 1 && width > WIDTH;
        (!names.is_empty()).then_some(Self { keyword, names, from, broken })
    }
}

#[derive(Serialize)]
struct IndexView<'a> {
    banner: &'a str,
    /// The module of the shared types, where there are any.
    shared: Option<String>,
    exports: Vec<NameList>,
}

pub fn text(renderer: &Renderer, modules: &[Module], has_shared: bool) -> anyhow::Result<String> {
    let shared = has_shared.then(|| ts::string(&format!("./types/{SHARED}.js")));
    let exports = modules.iter().flat_map(exports).collect();
    renderer.render("index.ts", IndexView { banner: BANNER, shared, exports })
}

fn exports(module: &Module) -> impl Iterator<Item = NameList> {
    let from = format!("./types/{}.js", module.stem);
    let types = [Some(&module.row), module.create.as_ref(), module.update.as_ref()];
    let types = NameList::new("export type", types.into_iter().flatten().cloned(), &from);
    let access = NameList::new("export", module.access.clone(), &from);
    types.into_iter().chain(access)
}
