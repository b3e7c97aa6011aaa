//! The view of `schema.sql`.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::columns::{self, Made};
use super::shape::{self, ColumnView, Reference, soft_delete};
use crate::codegen::BANNER;
use crate::config::{Conflict, ServerConfig, ServerTables};
use crate::model::{Field, Metadata, Model};
use crate::names::sql::{identifier, literal};
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
    /// Whether the database itself hides rows of other scopes.
    row_level_security: bool,
    /// Whether every change of every row is kept.
    history: bool,
    /// Whether it is kept when, and by which device, rows were edited.
    metadata: bool,
    /// Whether the tables are an application's.
    is_existing: bool,
}

/// The view of `remove.sql`.
#[derive(Serialize)]
pub struct RemoveView {
    banner: &'static str,
    models: Vec<Removed>,
    dollar: String,
    /// The server's own tables, as literals in a list.
    tables: String,
    /// The names of its functions, as literals.
    functions: Vec<String>,
}

#[derive(Serialize)]
struct Removed {
    /// The model's name as a literal.
    name: String,
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
    /// What an application's table must have, as JSON in a literal.
    asked: String,
    /// Whose the rows are, as JSON in a literal.
    rows: String,
    function: String,
    /// The function's name as a literal.
    function_text: String,
    /// The names of the triggers, as literals in a list: of an INSERT, UPDATE, DELETE and TRUNCATE.
    triggers: String,
    columns: Vec<ColumnView>,
    key: String,
    index: Option<Index>,
    references: Vec<Reference>,
    new: RowView,
    old: RowView,
    shown: ShownView,
    has_metadata: bool,
    /// A condition that the user sees a row, in a literal.
    is_own: String,
    /// A condition that `_n` and `_o` have the same key.
    same_key: String,
    /// Whether the version of each column is kept.
    has_column_versions: bool,
    /// Pairs of a column's name as a literal and a condition that it has changed.
    changes: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Index {
    name: String,
    column: String,
}

/// Expressions of a row in a trigger.
#[derive(Serialize)]
struct RowView {
    scope: String,
    key: String,
    is_deleted: String,
}

/// How rows are read for a user.
#[derive(Serialize)]
struct ShownView {
    is_there: String,
    /// Their names: a literal of JSON.
    names: String,
    /// Each as text, in the order of the names.
    columns: String,
    /// A condition that `_t` has the key `_k`, is in a scope of the user, and isn't marked as deleted.
    condition: String,
}

pub fn view(plan: &Plan, config: Option<&ServerConfig>) -> SchemaView {
    let mut schemas: Vec<String> = plan.models.iter().filter_map(|plan| columns::schema(plan.model)).collect();
    schemas.sort();
    schemas.dedup();
    let is_existing = config.is_some_and(|config| config.tables == ServerTables::Existing);
    let models: Vec<ModelView> = plan.models.iter().map(|one| model(plan, one, is_existing)).collect();
    SchemaView {
        banner: BANNER,
        schemas,
        version: literal(""),
        dollar: dollar(plan),
        row_level_security: config.is_some_and(|config| config.row_level_security),
        history: config.is_some_and(|config| config.history),
        metadata: plan.has_metadata(),
        is_existing,
        models,
    }
}

/// `schema`: the text of `schema.sql`, which makes what is removed.
pub fn removal(plan: &Plan, schema: &str) -> RemoveView {
    // `earlier`: what an earlier config may have made.
    let made = |before: &str, earlier: &[&str]| -> Vec<String> {
        let made = schema.split(before).skip(1).filter_map(|rest| rest.trim_start().split(['(', ' ']).next());
        let names = made.filter(|name| name.starts_with("sync_")).chain(earlier.iter().copied());
        names.collect::<BTreeSet<_>>().into_iter().map(literal).collect()
    };
    RemoveView {
        banner: BANNER,
        models: plan.models.iter().map(|one| Removed { name: literal(&one.model.name) }).collect(),
        dollar: dollar(plan),
        tables: made("TABLE IF NOT EXISTS ", &["sync_history"]).join(", "),
        functions: made("FUNCTION", &["sync_prune_history"]),
    }
}

/// What `sync_adopt` looks for.
fn asked(one: &ModelPlan) -> Value {
    let name = |field: &str| columns::name(one.model, field).to_owned();
    let types = one.table_columns().map(|column| (name(&column.field.name), columns::ty(column.field).into()));
    let made = columns::made(one).filter(|(_, made)| *made == Made::Integer).map(|(field, _)| name(field));
    json!({
        "key": one.key().map(|column| name(&column.field.name)).collect::<Vec<_>>(),
        "columns": types.collect::<Map<_, _>>(),
        "made": made,
        "inserts": one.model.operations.create.is_some(),
    })
}

fn model(plan: &Plan, one: &ModelPlan, is_existing: bool) -> ModelView {
    let model = one.model;
    let own = |suffix: &str| shape::own_name(model, suffix);
    let triggers = ["_insert", "_update", "_delete", "_truncate"].map(|suffix| literal(&own(suffix)));
    let key = one.key().map(|column| columns::quoted(model, &column.field.name));
    let same = |name: &String| format!("_n.{name} = _o.{name}");
    let keys: Vec<String> = key.collect();
    let columns: Vec<ColumnView> = one.table_columns().map(|column| shape::column_view(one, column)).collect();
    let references = shape::references(plan, one);
    let new = row(one, "_n");
    ModelView {
        name: literal(&model.name),
        table: columns::table(model),
        table_text: literal(&columns::table(model)),
        shape: literal(&shape::text(&shape::of(one, &columns, &references))),
        asked: literal(&asked(one).to_string()),
        rows: literal(&json!({ "scope": new.scope, "key": new.key, "is_deleted": new.is_deleted }).to_string()),
        function: identifier(&own("_changed")),
        function_text: literal(&identifier(&own("_changed"))),
        triggers: triggers.join(", "),
        columns,
        key: keys.join(", "),
        index: shape::scope_index(model)
            .map(|(name, field)| Index { name: identifier(&name), column: columns::quoted(model, field) }),
        references,
        new,
        old: row(one, "_o"),
        shown: shown(one, is_existing),
        has_metadata: one.has_metadata(),
        is_own: literal(&is_own(model)),
        same_key: keys.iter().map(same).collect::<Vec<_>>().join(" AND "),
        has_column_versions: model.sync.conflict != Conflict::Merge,
        changes: one
            .table_columns()
            .filter(|column| !column.is_key)
            .map(|column| {
                let name = columns::quoted(model, &column.field.name);
                (literal(&column.field.name), format!("_n.{name} IS DISTINCT FROM _o.{name}"))
            })
            .collect(),
    }
}

/// By subqueries, so that the settings are read once for a statement.
fn is_own(model: &Model) -> String {
    match &model.sync.scope {
        Some(scope) => {
            let column = columns::quoted(model, &scope.field);
            format!("{column}::TEXT = ANY ((SELECT sync_scopes({}))::TEXT[])", literal(&scope.kind))
        }
        None => "(SELECT current_setting('app.user_id', TRUE)) <> ''".to_owned(),
    }
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

fn shown(plan: &ModelPlan, is_existing: bool) -> ShownView {
    let model = plan.model;
    let column = |field: &str| format!("_t.{}", columns::quoted(model, field));
    let own = |field: &str| format!("{}::TEXT", column(field));
    let value = |field: &Field| match columns::ty(field) {
        // An application's column may have no time zone. Requests run in UTC.
        time @ "TIMESTAMPTZ" if is_existing => format!("{}::{time}::TEXT", column(&field.name)),
        _ => own(&field.name),
    };
    let scope = model.sync.scope.as_ref();
    let text = |field: &Field| match scope {
        _ if !field.owner_only => value(field),
        // What only the owner may see is null to others.
        Some(scope) => format!("CASE WHEN {} = _user THEN {} END", own(&scope.field), value(field)),
        None => "NULL::TEXT".to_owned(),
    };
    let keys: Vec<String> = plan.key().map(|key| column(&key.field.name)).collect();
    let key = plan.key().zip(&keys).enumerate();
    let mut conditions: Vec<String> =
        key.map(|(place, (key, sql))| format!("{sql} = (_k.key->>{place})::{}", columns::ty(key.field))).collect();
    conditions.extend(scope.map(|scope| format!("{} = ANY (_own)", own(&scope.field))));
    conditions.extend(soft_delete(model).map(|_| format!("NOT ({})", row(plan, "_t").is_deleted)));
    // When a row was synced, its device knows.
    let told = |field: &Field| match field.metadata {
        None => Some(text(field)),
        Some(Metadata::EditedAt) => {
            Some("to_timestamp(split_part(_r.edited_at, '.', 1)::NUMERIC / 1000)::TEXT".to_owned())
        }
        Some(Metadata::DeviceId) => Some("_r.edited_by".to_owned()),
        Some(Metadata::SyncedAt) => None,
    };
    let (names, shown): (Vec<&str>, Vec<String>) =
        plan.columns.iter().filter_map(|column| Some((column.field.name.as_str(), told(column.field)?))).unzip();
    let names = Value::from(names);
    ShownView {
        is_there: format!("{} IS NOT NULL", keys.first().map_or("NULL", String::as_str)),
        names: literal(&names.to_string()),
        columns: shown.join(", "),
        condition: conditions.join(" AND "),
    }
}

/// A dollar quote that the bodies of functions can't end.
fn dollar(plan: &Plan) -> String {
    let of_model = |plan: &ModelPlan| {
        let names = plan.model.fields.iter().map(|field| field.name.clone());
        let columns = plan.model.fields.iter().map(|field| columns::quoted(plan.model, &field.name)).chain(names);
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
