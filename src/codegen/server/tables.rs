//! The view of `schema.sql`.

use serde::Serialize;
use serde_json::{Value, json};

use super::columns::{self, Made};
use super::rules;
use crate::codegen::BANNER;
use crate::config::Conflict;
use crate::model::{FieldType, Model};
use crate::names::sql::{self, identifier, literal};
use crate::plan::{ModelPlan, Plan};

#[derive(Serialize)]
pub struct SchemaView {
    banner: &'static str,
    schemas: Vec<String>,
    models: Vec<ModelView>,
    /// The key of `sync_meta` by which a server knows that these tables are there, as a literal.
    pub version: String,
    /// A dollar quote that nothing in the file ends.
    dollar: String,
}

#[derive(Serialize)]
struct ModelView {
    /// The model's name as a literal.
    name: String,
    table: String,
    /// The table's name as a literal.
    table_text: String,
    /// What the document asks of the table, as JSON in a literal.
    shape: String,
    /// Whose the rows are, as JSON in a literal.
    rows: String,
    function: String,
    /// The names of its triggers.
    triggers: Vec<Trigger>,
    truncated: String,
    columns: Vec<ColumnView>,
    key: String,
    index: Option<Index>,
    references: Vec<Reference>,
    new: RowView,
    old: RowView,
    /// A condition that `_n` and `_o` have the same key.
    same_key: String,
    /// Whether the version of each column is kept.
    has_column_versions: bool,
    /// Pairs of a column's name as a literal and a condition that it has changed.
    changes: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Trigger {
    name: String,
    event: &'static str,
    tables: &'static str,
}

#[derive(Serialize)]
struct ColumnView {
    name: String,
    #[serde(rename = "type")]
    ty: &'static str,
    identity: bool,
    not_null: bool,
    default: Option<String>,
    checks: Vec<Constraint>,
}

#[derive(Serialize)]
struct Constraint {
    name: String,
    /// Without quotes.
    #[serde(skip)]
    plain_name: String,
    condition: String,
}

#[derive(Serialize)]
struct Index {
    name: String,
    column: String,
}

#[derive(Serialize)]
struct Reference {
    name: String,
    /// The name as a literal.
    text: String,
    table: String,
    /// The table's name as a literal.
    table_text: String,
    column: String,
    parent: String,
    key: String,
}

/// Expressions of a row in a trigger.
#[derive(Serialize)]
struct RowView {
    scope: String,
    key: String,
    is_deleted: String,
}

pub fn view(plan: &Plan) -> SchemaView {
    let mut schemas: Vec<String> = plan.models.iter().filter_map(|plan| columns::schema(plan.model)).collect();
    schemas.sort();
    schemas.dedup();
    let models: Vec<ModelView> = plan.models.iter().map(|one| model(plan, one)).collect();
    SchemaView { banner: BANNER, schemas, version: literal(""), dollar: dollar(plan), models }
}

fn model(plan: &Plan, one: &ModelPlan) -> ModelView {
    let model = one.model;
    let own = |suffix: &str| identifier(&format!("sync_{}{suffix}", sql::fit(&model.name, "sync__truncated".len())));
    let key = one.key().map(|column| columns::quoted(model, &column.field.name));
    let same = |name: &String| format!("_n.{name} = _o.{name}");
    let keys: Vec<String> = key.collect();
    let scope = model.sync.scope.as_ref();
    let columns: Vec<ColumnView> = one.columns.iter().map(|column| column_view(one, column)).collect();
    let new = row(one, "_n");
    ModelView {
        name: literal(&model.name),
        table: columns::table(model),
        table_text: literal(&columns::table(model)),
        shape: shape(one, &columns),
        rows: literal(&json!({ "scope": new.scope, "key": new.key, "is_deleted": new.is_deleted }).to_string()),
        function: own("_changed"),
        triggers: vec![
            Trigger { name: own("_insert"), event: "INSERT", tables: "NEW TABLE AS _new_rows" },
            Trigger { name: own("_update"), event: "UPDATE", tables: "OLD TABLE AS _old_rows NEW TABLE AS _new_rows" },
            Trigger { name: own("_delete"), event: "DELETE", tables: "OLD TABLE AS _old_rows" },
        ],
        truncated: own("_truncate"),
        columns,
        key: keys.join(", "),
        index: scope.map(|scope| Index { name: own("_scope"), column: columns::quoted(model, &scope.field) }),
        references: references(plan, one),
        new,
        old: row(one, "_o"),
        same_key: keys.iter().map(same).collect::<Vec<_>>().join(" AND "),
        has_column_versions: model.sync.conflict != Conflict::Merge,
        changes: one
            .columns
            .iter()
            .filter(|column| !column.is_key)
            .map(|column| {
                let name = columns::quoted(model, &column.field.name);
                (literal(&column.field.name), format!("_n.{name} IS DISTINCT FROM _o.{name}"))
            })
            .collect(),
    }
}

/// Columns and checks stand on lines of their own, so that a change of the document is one here.
fn shape(one: &ModelPlan, columns: &[ColumnView]) -> String {
    let name = |column: &crate::plan::Column| columns::name(one.model, &column.field.name).to_owned();
    let lines = |members: Vec<(String, Value)>| {
        let line = |(name, value): (String, Value)| format!("    {}: {value}", Value::from(name));
        let lines: Vec<String> = members.into_iter().map(line).collect();
        if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n  }}", lines.join(",\n")) }
    };
    let of_column = |(column, view): (&crate::plan::Column, &ColumnView)| {
        (name(column), json!({ "type": view.ty, "required": view.not_null, "default": view.default }))
    };
    let checks = columns.iter().flat_map(|column| &column.checks);
    let checks = checks.map(|check| (check.plain_name.clone(), Value::from(check.condition.as_str()))).collect();
    let key: Vec<String> = one.key().map(name).collect();
    literal(&format!(
        "{{\n  \"key\": {},\n  \"columns\": {},\n  \"checks\": {}\n}}",
        json!(key),
        lines(one.columns.iter().zip(columns).map(of_column).collect()),
        lines(checks),
    ))
}

fn column_view(plan: &ModelPlan, column: &crate::plan::Column) -> ColumnView {
    let (model, field) = (plan.model, column.field);
    let default = columns::default(model, column);
    let made = columns::made(plan).filter(|(name, _)| *name == field.name).map(|(_, made)| made);
    // A new row has null where the client gives nothing and there is no default.
    let is_filled = default.is_some() || made.is_some() || column.is_key || column.on_insert.is_required();
    let is_scope = model.sync.scope.as_ref().is_some_and(|scope| scope.field == field.name);
    let checks = rules::conditions(field).into_iter().enumerate();
    ColumnView {
        name: columns::quoted(model, &field.name),
        ty: columns::ty(field),
        identity: made == Some(Made::Integer),
        not_null: column.is_key || (!field.nullable && (is_filled || is_scope)),
        default: if made == Some(Made::Uuid) {
            Some(if field.ty == FieldType::Uuid { "gen_random_uuid()" } else { "gen_random_uuid()::TEXT" }.to_owned())
        } else {
            default
        },
        checks: checks
            .map(|(number, condition)| {
                let name = sql::fit(&format!("{}_{}_{}", model.name, field.name, number + 1), 0);
                Constraint {
                    name: identifier(&name),
                    plain_name: name,
                    condition: condition.replace(&identifier(&field.name), &columns::quoted(model, &field.name)),
                }
            })
            .collect(),
    }
}

/// The foreign keys: of references to models with one key column of the same type.
fn references(plan: &Plan, one: &ModelPlan) -> Vec<Reference> {
    let reference = |reference: &crate::plan::Reference| {
        let parent = plan.models.iter().find(|plan| plan.model.name == reference.parent)?;
        let mut keys = parent.key();
        let (key, None) = (keys.next()?, keys.next()) else { return None };
        let column = one.column(reference.column)?;
        let name = sql::fit(&format!("{}_{}_reference", one.model.name, reference.column), 0);
        (columns::ty(key.field) == columns::ty(column.field)).then(|| Reference {
            name: identifier(&name),
            text: literal(&name),
            table: columns::table(one.model),
            table_text: literal(&columns::table(one.model)),
            column: columns::quoted(one.model, reference.column),
            parent: columns::table(parent.model),
            key: columns::quoted(parent.model, &key.field.name),
        })
    };
    one.references.iter().filter_map(reference).collect()
}

fn row(plan: &ModelPlan, alias: &str) -> RowView {
    let model = plan.model;
    let column = |field: &str| format!("{alias}.{}", columns::quoted(model, field));
    let keys: Vec<String> = plan.key().map(|key| format!("{}::TEXT", column(&key.field.name))).collect();
    RowView {
        scope: match &model.sync.scope {
            Some(scope) => format!("{} || {}::TEXT", literal(&format!("{}:", scope.kind)), column(&scope.field)),
            None => "'*'".to_owned(),
        },
        key: format!("jsonb_build_array({})::TEXT", keys.join(", ")),
        is_deleted: soft_delete(model).map_or("FALSE".to_owned(), |(field, is_time)| {
            format!("{} {}", column(field), if is_time { "IS NOT NULL" } else { "IS TRUE" })
        }),
    }
}

/// The column that a delete sets, and whether it is a time.
pub fn soft_delete(model: &Model) -> Option<(&str, bool)> {
    let name = model.sync.soft_delete.as_deref()?;
    let field = model.fields.iter().find(|field| field.name == name)?;
    Some((name, field.ty == FieldType::DateTime))
}

/// A dollar quote that the bodies of functions can't end.
fn dollar(plan: &Plan) -> String {
    let of_model = |plan: &ModelPlan| {
        let columns = plan.model.fields.iter().map(|field| columns::quoted(plan.model, &field.name));
        let kind = plan.model.sync.scope.as_ref().map(|scope| scope.kind.clone());
        columns.chain(kind).chain([columns::table(plan.model), plan.model.name.clone()]).collect::<Vec<_>>()
    };
    let texts: Vec<String> = plan.models.iter().flat_map(of_model).collect();
    let mut tag = "$$".to_owned();
    let mut number = 1;
    while texts.iter().any(|text| text.contains(&tag)) {
        tag = format!("$body{number}$");
        number += 1;
    }
    tag
}
