//! The view of `schema/<model>.ts`: what the code that all models share knows of one of them.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Module;
use super::description::{field_type, insert, key_origin, operation, pairs, write_id};
use super::literal::Language;
use crate::codegen::BANNER;
use crate::codegen::template::{File, Page, Renderer};
use crate::config::Int64;
use crate::model::{Field, FieldType, Model};
use crate::names::ts;

#[derive(Serialize)]
struct RegistryView<'a> {
    banner: &'a str,
    /// The name of the constant.
    name: &'a str,
    #[serde(rename = "type")]
    ty: &'static str,
    sql: Option<SqlImport<'a>>,
    members: Vec<Member>,
    /// One a line, in the order of the columns.
    fields: Vec<String>,
}

#[derive(Serialize)]
struct SqlImport<'a> {
    name: &'a str,
    /// A string literal.
    module: String,
}

#[derive(Serialize)]
struct Member {
    key: &'static str,
    value: String,
}

pub fn file(renderer: &Renderer, module: &Module, int64: Int64) -> anyhow::Result<File> {
    let sql = module.sql.as_ref().map(|sql| SqlImport { name: &sql.constant, module: ts::string(&sql.module()) });
    let ty = if sql.is_some() { "LocalModel" } else { "Model" };
    let fields = module.plan.model.fields.iter().map(|one| Language::TypeScript.row(field(one, int64), 4)).collect();
    let members = members(module.plan.model);
    let view = RegistryView { banner: BANNER, name: &module.description, ty, sql, members, fields };
    let page = Page::new("model.ts", format!("schema/{}.ts", module.stem)).about(&module.plan.model.name);
    renderer.render(page, view)
}

fn members(model: &Model) -> Vec<Member> {
    let operations = &model.operations;
    let used = [
        ("get", &operations.get),
        ("create", &operations.create),
        ("update", &operations.update),
        ("delete", &operations.delete),
    ];
    let operations: Map<String, Value> =
        used.into_iter().filter_map(|(name, one)| Some((name.to_owned(), operation(one.as_ref()?)))).collect();
    let values = [
        ("name", model.name.as_str().into()),
        ("localFirst", model.local_first.into()),
        ("key", model.key.as_slice().into()),
        ("keyOrigin", key_origin(model.key_origin).into()),
        ("references", pairs(&model.references).into()),
        ("writeId", write_id(model.write_id).into()),
        ("operations", operations.into()),
        ("table", model.server.table.as_deref().unwrap_or(&model.name).into()),
        ("columns", pairs(&model.server.columns).into()),
    ];
    values
        .into_iter()
        .map(|(key, value)| Member { key, value: Language::TypeScript.text(&value, 2, key.len() + 4, 1) })
        .collect()
}

fn field(field: &Field, int64: Int64) -> Vec<(&'static str, Value)> {
    let shown = match (field.ty, int64) {
        (FieldType::Int64, Int64::Number) | (FieldType::Decimal { as_number: true }, _) => Some("number"),
        (FieldType::Int64, Int64::String) => Some("string"),
        (FieldType::Int64, Int64::Bigint) => Some("bigint"),
        _ => None,
    };
    let mut data = vec![("name", field.name.as_str().into()), ("type", field_type(field.ty).into())];
    data.extend(shown.map(|shown| ("as", shown.into())));
    data.extend([
        ("nullable", field.nullable.into()),
        ("insert", insert(field.insert).into()),
        ("update", field.update.into()),
    ]);
    data.extend(field.default.clone().map(|default| ("default", default)));
    data
}
