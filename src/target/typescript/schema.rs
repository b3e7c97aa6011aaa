//! The SQL as TypeScript modules: plain Node, a bundler and a test load them alike.

use std::cmp::Reverse;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::WIDTH;
use crate::names::{self, Scope};
use crate::render::Renderer;
use crate::target::{BANNER, Files};
use names::ts;

/// The log of local writes, which the models' triggers write to.
const FIRST: &str = "schema/_changes.sql";

#[derive(Serialize)]
struct SqlView<'a> {
    banner: &'a str,
    name: &'a str,
    /// What stands between the backquotes.
    text: String,
}

#[derive(Serialize)]
struct SchemaView<'a> {
    banner: &'a str,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    constant: String,
    /// String literals.
    file: String,
    module: String,
    /// Whether each property takes a line.
    broken: bool,
}

/// One module for each SQL file, and the list of them in the order in which they run.
pub fn files(renderer: &Renderer, schema: &Files) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let mut constants = Scope::default();
    let mut entries = Vec::new();
    let mut paths: Vec<(&String, &String)> = schema.iter().collect();
    paths.sort_by_key(|(path, _)| Reverse(path.as_str() == FIRST));
    for (path, text) in paths {
        let file = path.strip_prefix("schema/").unwrap_or(path);
        let stem = file.strip_suffix(".sql").unwrap_or(file);
        let constant = constants.unique(&ts::identifier(&names::camel_case(&format!("{stem}_sql"))));
        let view = SqlView { banner: BANNER, name: &constant, text: ts::template_text(text) };
        files.insert(format!("{path}.ts"), renderer.render("sql.ts", view)?);
        entries.push(entry(constant, file));
    }
    files.insert("schema/index.ts".to_owned(), renderer.render("schema.ts", SchemaView { banner: BANNER, entries })?);
    Ok(files)
}

fn entry(constant: String, file: &str) -> Entry {
    let module = ts::string(&format!("./{file}.js"));
    let file = ts::string(file);
    let broken = format!("  {{ file: {file}, sql: {constant} }},").width() > WIDTH;
    Entry { constant, file, module, broken }
}
