//! Lists of names in braces, as imports and exports have them.

use serde::Serialize;

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
