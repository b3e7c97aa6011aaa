//! What of the local database stands in `schema`. `*-sql.ts`: the SQL's statements as TypeScript modules, which plain Node, a bundler and a test load alike. And
//! `index.ts`: all models. And `_schema.ts`: the SQL of all, which only a new database or an older one needs; of IndexedDB,
//! which has no SQL, the types of its tables.

use std::collections::BTreeMap;

use serde::Serialize;
use twox_hash::XxHash3_64;

use super::comment::Comment;
use super::deleted;
use super::layout::{Member, Type};
use super::module::{Module, SCHEMA, SqlModule};
use crate::codegen::BANNER;
use crate::codegen::template::{File, Page, Renderer};
use crate::model::FieldType;
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
    /// A string literal; `None` where the log isn't made by SQL.
    log_hash: Option<String>,
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
struct TablesView<'a> {
    banner: &'a str,
    /// Whether rows that were deleted are kept.
    keeps_deleted: bool,
    tables: Vec<TableView>,
}

/// The tables of a model, named by keys of an object type.
#[derive(Serialize)]
struct TableView {
    synced: String,
    local: String,
    members: Vec<MemberView>,
}

#[derive(Serialize)]
struct MemberView {
    key: String,
    /// With the blank before it.
    annotation: String,
}

#[derive(Serialize)]
struct Import<'a> {
    name: &'a str,
    /// A string literal.
    module: String,
}

pub fn files(renderer: &Renderer, sql: &BTreeMap<&str, SqlModule>, modules: &[Module]) -> anyhow::Result<Vec<File>> {
    let file = |module: &&SqlModule| {
        let view = SqlView { banner: BANNER, name: &module.constant, text: ts::template_text(&module.text) };
        renderer.render(Page::new("sql.ts", format!("schema/{}.ts", module.stem)), view)
    };
    let sql_files: Vec<&SqlModule> = sql.values().collect();
    let mut files = parallel::map(&sql_files, file)?;
    if let Some(shared) = sql.get(SHARED_SQL) {
        files.extend([index(renderer, Some(shared), modules)?, sql_of_all(renderer, shared, modules)?]);
    } else if modules.iter().any(|module| module.plan.model.is_local()) {
        files.extend([index(renderer, None, modules)?, tables(renderer, modules)?]);
    }
    Ok(files)
}

fn index(renderer: &Renderer, shared: Option<&SqlModule>, modules: &[Module]) -> anyhow::Result<File> {
    let models = modules
        .iter()
        .filter(|module| module.plan.model.is_local())
        .map(|module| Import { name: &module.description, module: ts::string(&format!("./{}.js", module.stem)) })
        .collect();
    let log_hash = shared.map(|shared| ts::string(&hash(&shared.text)));
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

fn tables(renderer: &Renderer, modules: &[Module]) -> anyhow::Result<File> {
    let tables = modules.iter().filter(|module| module.plan.model.is_local()).map(table).collect();
    let view = TablesView { banner: BANNER, keeps_deleted: modules.iter().any(deleted::keeps), tables };
    renderer.render(Page::new("tables.ts", format!("schema/{SCHEMA}.ts")), view)
}

fn table(module: &Module) -> TableView {
    let names = module.plan.relations(ts::property_key);
    let members = module.plan.columns.iter().map(|column| {
        let mut words = vec![Type::word(stored_type(column.field.ty))];
        if column.field.ty == FieldType::Int64 {
            words.push(Type::word("string"));
        }
        if !column.not_null {
            words.push(Type::word("null"));
        }
        let name = column.field.name.clone();
        let ty = if words.len() == 1 { words.remove(0) } else { Type::Union(words) };
        let member = Member { comment: Comment::default(), name: Some(name), optional: false, ty };
        MemberView { key: member.key(), annotation: member.annotation(6) }
    });
    TableView { members: members.collect(), synced: names.synced, local: names.local }
}

/// What a value of the type is in IndexedDB. An integer that a number doesn't hold is text there.
pub fn stored_type(ty: FieldType) -> &'static str {
    match ty {
        FieldType::Int32 | FieldType::Int64 | FieldType::Float => "number",
        FieldType::Boolean => "boolean",
        FieldType::Text
        | FieldType::Uuid
        | FieldType::DateTime
        | FieldType::Date
        | FieldType::Time
        | FieldType::Decimal { .. }
        | FieldType::Bytes
        | FieldType::Json => "string",
    }
}

fn import(sql: &SqlModule) -> Import<'_> {
    Import { name: &sql.constant, module: ts::string(&sql.module()) }
}

/// Short, and the same for the same text in any run.
pub fn hash(text: &str) -> String {
    format!("{:016x}", XxHash3_64::oneshot(text.as_bytes()))
}
