//! The view of `schema/<model>.ts`: what the code that all models share knows of one of them.

use serde::Serialize;
use serde_json::{Map, Value, json, to_value};

use super::lists;
use super::literal::Language;
use super::module::Module;
use super::schema;
use crate::codegen::BANNER;
use crate::codegen::template::{File, Page, Renderer};
use crate::config::{Int64, Transport};
use crate::model::{FieldType, KeyOrigin, Model, Operations};
use crate::names::{sql, ts};
use crate::plan::{Column, ModelPlan, StandIn};
use crate::schema_json::document;

#[derive(Serialize)]
struct RegistryView<'a> {
    banner: &'a str,
    /// The name of the constant.
    name: &'a str,
    #[serde(rename = "type")]
    ty: &'static str,
    /// A string literal, for a model that the local database has.
    tables_hash: Option<String>,
    members: Vec<Member>,
    /// One a line, in the order of the columns.
    fields: Vec<String>,
}

#[derive(Serialize)]
struct Member {
    key: &'static str,
    value: String,
}

pub fn file(renderer: &Renderer, module: &Module, int64: Int64) -> anyhow::Result<File> {
    let model = document::Model::from(module.plan.model);
    let is_local = module.plan.model.is_local();
    let ty = if is_local { "LocalModel" } else { "Model" };
    let is_streamed = module.plan.model.transport == Transport::Electric || !is_local;
    let row = |(one, column): (&document::Field, &Column)| {
        let mut data = field(one, column, int64)?;
        let elements = if is_streamed { elements(one) } else { None };
        data.extend(elements.map(|elements| ("elements", elements.into())));
        data.extend((column.stand_in == Some(StandIn::InsertedAt)).then(|| ("standIn", "inserted_at".into())));
        Ok(Language::TypeScript.row(data, 4))
    };
    let fields: Vec<String> = model.fields.iter().zip(&module.plan.columns).map(row).collect::<anyhow::Result<_>>()?;
    let tables_hash = is_local.then(|| match module.sql {
        Some(sql) => hash(&sql.text, &model),
        None => hash(&without_sql(module.plan, &fields), &model),
    });
    let tables_hash = tables_hash.transpose()?.map(|hash| ts::string(&hash));
    let members = members(module.plan.model, &model)?;
    let view = RegistryView { banner: BANNER, name: &module.description, ty, tables_hash, members, fields };
    let page = Page::new("model.ts", format!("schema/{}.ts", module.stem)).about(&module.plan.model.name);
    renderer.render(page, view)
}

/// Of all that a device's tables of the model depend on: where it changes, they are made anew.
fn hash(sql: &str, model: &document::Model) -> anyhow::Result<String> {
    let types: Vec<_> = model.fields.iter().map(|field| (&field.name, &field.ty)).collect();
    Ok(schema::hash(&serde_json::to_string(&(sql, types, model.table(), &model.server.columns))?))
}

/// What stands for the SQL where there is none: all that the runtime keeps rows and edits by.
fn without_sql(plan: &ModelPlan, fields: &[String]) -> String {
    let model = plan.model;
    let Operations { create, update, delete, .. } = &model.operations;
    let mut writes = vec![create.is_some(), update.is_some(), delete.is_some()];
    // Rows that were deleted are kept as well.
    writes.extend(plan.has_metadata().then_some(true));
    json!([fields, model.key, model.key_origin == KeyOrigin::Server, model.references, writes]).to_string()
}

/// The condition of the rows that aren't deleted, in the SQL of Electric's shapes.
fn shown_rows(model: &Model) -> Option<String> {
    let field = model.fields.iter().find(|field| model.deleted.as_ref() == Some(&field.name))?;
    let renamed = model.server.columns.iter().find(|(property, _)| *property == field.name);
    let column = sql::identifier(renamed.map_or(&field.name, |(_, column)| column));
    Some(match field.ty {
        FieldType::Boolean => format!("{column} = false OR {column} IS NULL"),
        _ => format!("{column} IS NULL"),
    })
}

fn members(model: &Model, data: &document::Model) -> anyhow::Result<Vec<Member>> {
    let operations = lists::operations(model, data)?;
    let list = model.list.as_ref().map(|list| lists::list(list, model.operations.list.as_ref()));
    let inputs: Vec<&str> = model.inputs.iter().map(|input| input.name.as_str()).collect();
    let inputs = if inputs.is_empty() { Value::Null } else { to_value(inputs)? };
    let parents = model.inputs.iter().filter_map(|input| Some((input.name.clone(), input.parent.clone()?.into())));
    let parents: Map<String, Value> = parents.collect();
    let parents = if parents.is_empty() { Value::Null } else { Value::Object(parents) };
    let values = [
        ("name", to_value(&data.name)?),
        ("localFirst", to_value(data.local_first)?),
        ("key", to_value(&data.key)?),
        ("keyOrigin", to_value(data.key_origin)?),
        ("references", to_value(&data.references)?),
        ("writeId", to_value(&data.write_id)?),
        ("inputs", inputs),
        ("inputReferences", parents),
        ("operations", operations),
        ("transport", model.transport.word().into()),
        ("list", list.unwrap_or_default()),
        ("priority", model.priority.filter(|priority| *priority != 0).map_or(Value::Null, Value::from)),
        ("table", to_value(data.table())?),
        ("columns", to_value(&data.server.columns)?),
        ("where", shown_rows(model).map_or(Value::Null, Value::from)),
    ];
    let members = values.into_iter().filter(|(_, value)| !value.is_null());
    Ok(members
        .map(|(key, value)| Member { key, value: Language::TypeScript.text(&value, 2, key.len() + 4, 1) })
        .collect())
}

/// What the elements of a list are, also of a list of lists: Electric may call them by the name of a domain.
fn elements(field: &document::Field) -> Option<&'static str> {
    let schema = field.schema.as_ref().filter(|_| field.ty == "json")?;
    let is_list = |schema: &&Value| schema["type"] == "array";
    let list = schema["anyOf"].as_array().map_or(Some(schema), |all| all.iter().find(is_list))?;
    let mut element = &list["items"];
    while element["type"] == "array" {
        element = &element["items"];
    }
    let is_text = |values: &Vec<Value>| values.iter().all(Value::is_string);
    Some(match element["type"].as_str() {
        Some("number") => "number",
        Some("boolean") => "boolean",
        Some("string") => "string",
        _ if element["enum"].as_array().is_some_and(is_text) => "string",
        _ if element.is_object() => "json",
        _ => return None,
    })
}

/// A number of JavaScript doesn't hold every integer beyond 2^53: such a default is text.
fn literal_default(default: &Value) -> Value {
    let is_safe = |integer: i64| integer.unsigned_abs() < 1 << 53;
    match default.as_i64() {
        Some(integer) if !is_safe(integer) => integer.to_string().into(),
        _ => default.clone(),
    }
}

fn field(field: &document::Field, column: &Column, int64: Int64) -> anyhow::Result<Vec<(&'static str, Value)>> {
    let shown = match (field.ty.as_str(), int64) {
        ("int64", Int64::String) => Some("string"),
        ("int64", Int64::Bigint) => Some("bigint"),
        ("int64", Int64::Number) => Some(if column.holds_key { "key" } else { "number" }),
        _ => field.as_number.then_some("number"),
    };
    let mut data = vec![("name", to_value(&field.name)?), ("type", to_value(&field.ty)?)];
    data.extend(shown.map(|shown| ("as", shown.into())));
    data.extend([
        ("nullable", field.nullable.into()),
        ("insert", to_value(field.insert)?),
        ("update", field.update.into()),
    ]);
    data.extend(field.default.as_ref().map(|default| ("default", literal_default(default))));
    data.extend((!field.place.is_empty()).then(|| ("place", field.place.clone().into())));
    data.extend(field.from_path.then(|| ("fromPath", true.into())));
    let metadata = field.metadata.map(to_value).transpose()?;
    data.extend(metadata.map(|metadata| ("metadata", metadata)));
    Ok(data)
}
