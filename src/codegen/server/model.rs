//! The view of `models/<model>.ts`: what the server knows of a model.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::columns::{self, Made};
use super::rules;
use super::shape::{column_view, soft_delete};
use crate::codegen::BANNER;
use crate::codegen::typescript::Language;
use crate::config::Conflict;
use crate::model::{Field, Metadata, Model};
use crate::names::{self, Scope, ts};
use crate::plan::{Column, ModelPlan, OnUpdate, Plan};

/// A model's file, and the constant in it.
pub struct Module<'p> {
    pub plan: &'p ModelPlan<'p>,
    pub stem: String,
    pub constant: String,
}

#[derive(Serialize)]
pub struct ModelView {
    banner: &'static str,
    imports: Vec<&'static str>,
    insert: Option<Schema>,
    update: Option<Schema>,
    name: String,
    members: Vec<String>,
    /// One a line.
    columns: Vec<String>,
    types: Vec<Type>,
    /// What else the types say.
    flags: Vec<&'static str>,
}

/// A member of the model's types.
#[derive(Serialize)]
struct Type {
    name: &'static str,
    /// One a line.
    members: Vec<String>,
}

#[derive(Serialize)]
struct Schema {
    /// One a line.
    members: Vec<String>,
}

pub fn modules<'p>(plan: &'p Plan<'p>) -> Vec<Module<'p>> {
    let mut constants = Scope::with(&["z", "insert", "update", "models"]);
    let mut stems = Scope::with(&["index"]);
    plan.models
        .iter()
        .map(|plan| Module {
            plan,
            stem: stems.unique(&plan.model.name),
            constant: constants.unique(&ts::identifier(&names::camel_case(&plan.model.name))),
        })
        .collect()
}

pub fn view(module: &Module) -> ModelView {
    let (plan, model) = (module.plan, module.plan.model);
    let can_insert = model.operations.create.is_some();
    let can_update = model.operations.update.is_some();
    let insertable: Vec<&Column> =
        plan.columns.iter().filter(|column| !column.is_key && !column.on_insert.is_refused()).collect();
    let updatable: Vec<&Column> = plan.columns.iter().filter(|column| column.on_update.can_be_set()).collect();
    let mut imports = BTreeSet::new();
    let mut checked = |field: &Field, rules: &crate::model::Rules, after: &str| {
        let check = rules::check(field, rules);
        imports.insert(check.function);
        format!("{}: {}{after}", ts::property_key(&field.name), check.call)
    };
    let insert = can_insert.then(|| Schema {
        members: insertable
            .iter()
            .map(|column| {
                checked(
                    column.field,
                    &column.field.rules.create,
                    if is_required(plan, column) { "" } else { ".optional()" },
                )
            })
            .collect(),
    });
    let update = can_update.then(|| Schema {
        members: updatable
            .iter()
            .map(|column| {
                let or_null = if column.on_update == OnUpdate::Nullable { ".nullable()" } else { "" };
                checked(column.field, &column.field.rules.update, or_null)
            })
            .collect(),
    });
    ModelView {
        banner: BANNER,
        imports: imports.into_iter().collect(),
        name: module.constant.clone(),
        members: members(plan, &insertable, &updatable, insert.is_some(), update.is_some()),
        columns: plan.table_columns().map(|column| column_line(plan, column)).collect(),
        types: types(plan, can_insert.then_some(insertable.as_slice()), can_update.then_some(updatable.as_slice())),
        flags: [
            (model.operations.delete.is_some(), "delete"),
            (model.sync.conflict == Conflict::Reject && (can_update || model.operations.delete.is_some()), "rejects"),
        ]
        .into_iter()
        .filter_map(|(is_so, flag)| is_so.then_some(flag))
        .collect(),
        insert,
        update,
    }
}

/// `insertable` and `updatable`: the columns that an insert and an update may set, where rows can have one.
fn types(plan: &ModelPlan, insertable: Option<&[&Column]>, updatable: Option<&[&Column]>) -> Vec<Type> {
    let member = |column: &Column, optional: bool, or_null: bool| {
        let name = ts::property_key(&column.field.name);
        format!("{name}{}: string{}", if optional { "?" } else { "" }, if or_null { " | null" } else { "" })
    };
    let row = |column: &Column| member(column, false, column.field.owner_only || !column_view(plan, column).not_null);
    let insert = |column: &&Column| member(column, !is_required(plan, column), false);
    let update = |column: &&Column| member(column, true, column.on_update == OnUpdate::Nullable);
    let mut types = vec![
        Type { name: "key", members: plan.key().map(|column| member(column, false, false)).collect() },
        Type { name: "row", members: plan.table_columns().map(row).collect() },
    ];
    types.extend(insertable.map(|columns| Type { name: "insert", members: columns.iter().map(insert).collect() }));
    types.extend(updatable.map(|columns| Type { name: "update", members: columns.iter().map(update).collect() }));
    types
}

/// Whether an insert must say it. Whose row it is, the server can tell.
fn is_required(plan: &ModelPlan, column: &Column) -> bool {
    let scope = plan.model.sync.scope.as_ref().map(|scope| scope.field.as_str());
    column.on_insert.is_required() && scope != Some(column.field.name.as_str())
}

fn members(
    plan: &ModelPlan,
    insertable: &[&Column],
    updatable: &[&Column],
    can_insert: bool,
    can_update: bool,
) -> Vec<String> {
    let model = plan.model;
    let names = |columns: &[&Column]| columns.iter().map(|column| column.field.name.clone()).collect::<Vec<_>>();
    let touched: Vec<&Column> = plan.columns.iter().filter(|column| columns::is_touched(column)).collect();
    let mut members =
        vec![("name", json!(model.name)), ("table", json!(columns::table(model))), ("key", json!(model.key))];
    members.extend(columns::made(plan).map(|(column, made)| {
        let made = if made == Made::Integer { "integer" } else { "uuid" };
        ("made", json!({ "column": column, "as": made }))
    }));
    members.extend([
        ("insertable", json!(names(insertable))),
        ("updatable", json!(names(updatable))),
        ("canDelete", json!(model.operations.delete.is_some())),
    ]);
    members
        .extend(model.sync.scope.as_ref().map(|scope| ("scope", json!({ "column": scope.field, "kind": scope.kind }))));
    members.extend(access(model).map(|access| ("access", access)));
    members.push(("conflict", json!(model.sync.conflict.word())));
    members.extend(soft_delete(model).map(|(column, is_time)| {
        ("softDelete", json!({ "column": column, "as": if is_time { "time" } else { "boolean" } }))
    }));
    members.push(("touched", json!(names(&touched))));
    let of_server = |column: &&Column| column.field.metadata.is_some_and(Metadata::is_of_server);
    let metadata: Vec<&Column> = plan.columns.iter().filter(of_server).collect();
    members.extend((!metadata.is_empty()).then(|| ("metadata", json!(names(&metadata)))));
    let line =
        |(name, value): &(&str, Value)| format!("{name}: {}", Language::TypeScript.text(value, 2, name.len() + 4, 1));
    let mut lines: Vec<String> = members.iter().map(line).collect();
    lines.push(if can_insert { "insert".to_owned() } else { "insert: null".to_owned() });
    lines.push(if can_update { "update: update.partial()".to_owned() } else { "update: null".to_owned() });
    lines
}

/// Which roles may set which columns. Where no column is in a group, all may set all.
pub fn access(model: &Model) -> Option<Value> {
    let rbac = model.rbac.as_ref()?.as_object()?;
    let has_groups = rbac.get("field_groups").and_then(Value::as_object).is_some_and(|groups| !groups.is_empty());
    let known = ["field_groups", "role_permissions"].into_iter().filter_map(|key| Some((key, rbac.get(key)?.clone())));
    has_groups.then(|| known.map(|(key, value)| (key.to_owned(), value)).collect())
}

fn column_line(plan: &ModelPlan, column: &Column) -> String {
    let name = columns::quoted(plan.model, &column.field.name);
    let mut members: Vec<(&str, Value)> = vec![("sql", name.into()), ("type", columns::ty(column.field).into())];
    members.extend(column.field.owner_only.then(|| ("ownerOnly", true.into())));
    let reference = plan.references.iter().find(|reference| reference.column == column.field.name);
    members.extend(reference.map(|reference| ("references", reference.parent.into())));
    format!("{}: {}", ts::property_key(&column.field.name), Language::TypeScript.row(members, 4))
}

/// An import of a model's constant, and its entry by name.
pub fn entry(module: &Module) -> (String, String) {
    let name = ts::property_key(&module.plan.model.name);
    let entry = if name == module.constant { name } else { format!("{name}: {}", module.constant) };
    (ts::string(&format!("./{}.js", module.stem)), entry)
}
