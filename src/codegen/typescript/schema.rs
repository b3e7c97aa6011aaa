//! `schema/*.sql.ts`: the SQL's statements as TypeScript modules, which plain Node, a bundler and a test load alike. And
//! `schema/index.ts`: all models.

use std::collections::BTreeMap;

use serde::Serialize;

use super::module::{Module, SqlModule};
use crate::codegen::template::{File, Page, Renderer};
use crate::codegen::{BANNER, Files, sql::compact};
use crate::names::ts;
use crate::parallel;

/// The log of local writes, which the models' triggers write to.
const SHARED_SQL: &str = "schema/_changes.sql";

#[derive(Serialize)]
struct SqlView<'a> {
    banner: &'a str,
    name: &'a str,
    /// What stands between the backquotes.
    text: String,
}

#[derive(Serialize)]
struct IndexView<'a> {
    banner: &'a str,
    shared: Import<'a>,
    models: Vec<Import<'a>>,
}

#[derive(Serialize)]
struct Import<'a> {
    name: &'a str,
    /// A string literal.
    module: String,
}

pub fn files(
    renderer: &Renderer,
    schema: &Files,
    sql: &BTreeMap<&str, SqlModule>,
    modules: &[Module],
) -> anyhow::Result<Vec<File>> {
    let file = |(path, module): &(&&str, &SqlModule)| {
        let text = schema.get(**path).map(|text| ts::template_text(&compact(text))).unwrap_or_default();
        let view = SqlView { banner: BANNER, name: &module.constant, text };
        renderer.render(Page::new("sql.ts", format!("{path}.ts")), view)
    };
    let sql_files: Vec<(&&str, &SqlModule)> = sql.iter().collect();
    let mut files = parallel::map(&sql_files, file)?;
    if let Some(shared) = sql.get(SHARED_SQL) {
        files.extend([index(renderer, shared, modules)?]);
    }
    Ok(files)
}

fn index(renderer: &Renderer, shared: &SqlModule, modules: &[Module]) -> anyhow::Result<File> {
    let shared = Import { name: &shared.constant, module: ts::string(&shared.module()) };
    let models: Vec<Import> = modules
        .iter()
        .filter(|module| module.plan.model.is_local())
        .map(|module| Import { name: &module.description, module: ts::string(&format!("./{}.js", module.stem)) })
        .collect();
    renderer.render(Page::new("models.ts", "schema/index.ts"), IndexView { banner: BANNER, shared, models })
}
