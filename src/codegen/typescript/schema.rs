//! `schema/*.sql.ts`: the SQL's statements as TypeScript modules, which plain Node, a bundler and a test load alike. And
//! `schema/index.ts`: all models. And `schema/_schema.ts`: the SQL of all, which only a new database or an older one needs.

use std::collections::BTreeMap;

use serde::Serialize;
use twox_hash::XxHash3_64;

use super::module::{Module, SCHEMA, SqlModule};
use crate::codegen::BANNER;
use crate::codegen::template::{File, Page, Renderer};
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
    /// A string literal.
    log_hash: String,
    models: Vec<Import<'a>>,
}

#[derive(Serialize)]
struct SchemaView<'a> {
    banner: &'a str,
    imports: Vec<Import<'a>>,
    /// Names of constants.
    shared: &'a str,
    models: Vec<ModelSql<'a>>,
}

#[derive(Serialize)]
struct ModelSql<'a> {
    /// The model's name, as a string literal.
    key: String,
    name: &'a str,
}

#[derive(Serialize)]
struct Import<'a> {
    name: &'a str,
    /// A string literal.
    module: String,
}

pub fn files(renderer: &Renderer, sql: &BTreeMap<&str, SqlModule>, modules: &[Module]) -> anyhow::Result<Vec<File>> {
    let file = |(path, module): &(&&str, &SqlModule)| {
        let view = SqlView { banner: BANNER, name: &module.constant, text: ts::template_text(&module.text) };
        renderer.render(Page::new("sql.ts", format!("{path}.ts")), view)
    };
    let sql_files: Vec<(&&str, &SqlModule)> = sql.iter().collect();
    let mut files = parallel::map(&sql_files, file)?;
    if let Some(shared) = sql.get(SHARED_SQL) {
        files.extend([index(renderer, shared, modules)?, sql_of_all(renderer, shared, modules)?]);
    }
    Ok(files)
}

fn index(renderer: &Renderer, shared: &SqlModule, modules: &[Module]) -> anyhow::Result<File> {
    let models = modules
        .iter()
        .filter(|module| module.plan.model.is_local())
        .map(|module| Import { name: &module.description, module: ts::string(&format!("./{}.js", module.stem)) })
        .collect();
    let log_hash = ts::string(&hash(&shared.text));
    renderer.render(Page::new("models.ts", "schema/index.ts"), IndexView { banner: BANNER, log_hash, models })
}

fn sql_of_all(renderer: &Renderer, shared: &SqlModule, modules: &[Module]) -> anyhow::Result<File> {
    let local = modules.iter().filter_map(|module| Some((module, module.sql?)));
    let (imports, models) = local
        .map(|(module, sql)| (import(sql), ModelSql { key: ts::string(&module.plan.model.name), name: &sql.constant }))
        .unzip::<_, _, Vec<_>, _>();
    let imports = std::iter::once(import(shared)).chain(imports).collect();
    let view = SchemaView { banner: BANNER, imports, shared: &shared.constant, models };
    renderer.render(Page::new("schema.ts", format!("schema/{SCHEMA}.ts")), view)
}

fn import(sql: &SqlModule) -> Import<'_> {
    Import { name: &sql.constant, module: ts::string(&sql.module()) }
}

/// Short, and the same for the same text in any run.
pub fn hash(text: &str) -> String {
    format!("{:016x}", XxHash3_64::oneshot(text.as_bytes()))
}
