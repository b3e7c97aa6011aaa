//! What the templates are given: every name, type and expression, decided.

use anyhow::{Context, bail};
use serde::Serialize;

use super::columns::{column, json_value, key_of_row, row_key};
use super::expression;
use super::writes::{InsertView, NewRow, UpdateView};
use crate::codegen::sql::bookkeeping::Bookkeeping;
use crate::model::{Field, FieldType, Insert, Model, Project};
use crate::names::Scope;
use crate::names::sql::{identifier, literal};

#[derive(Serialize)]
pub struct LogView {
    pub banner: &'static str,
}

/// All names are quoted, all literals escaped.
#[derive(Serialize)]
pub struct ModelView {
    banner: &'static str,
    /// The model's name in the log, as a literal.
    table_name: String,
    view: String,
    synced: String,
    local: String,
    fold: String,
    fold_again: String,
    arrive: String,
    synced_insert: String,
    synced_update: String,
    synced_delete: String,
    view_insert: String,
    view_update: String,
    view_delete: String,

    columns: Vec<Column>,
    write_id: String,
    changed_columns: String,
    is_deleted: String,
    has_local_changes: String,
    pending_write_id: String,
    indexes: Vec<Index>,

    key_list: String,
    synced_key_list: String,
    key_literals: String,
    first_key: String,
    /// `NEW.row_key` as a value of the key's own type.
    row_key_as_key: String,
    new_row_key: String,
    old_row_key: String,
    old_key_object: String,
    has_temporary_keys: bool,
    /// Literals.
    key_columns: Vec<String>,
    references: Vec<Reference>,
    notes: Vec<Note>,
    has_floats: bool,

    local_is_synced: String,
    local_is_row: String,
    synced_is_row: String,
    shown_is_new: String,
    shown_is_old: String,

    insert: Option<InsertView>,
    update: Option<UpdateView>,
    can_delete: bool,
    no_insert: String,
    no_update: String,
    no_delete: String,
}

#[derive(Serialize)]
struct Column {
    name: String,
    ty: &'static str,
    not_null: bool,
    is_key: bool,
    folded: String,
}

#[derive(Serialize)]
struct Index {
    name: String,
    table: String,
    columns: String,
}

/// A column and the model whose key it holds, as literals.
#[derive(Serialize)]
struct Reference {
    column: String,
    parent: String,
}

impl Reference {
    fn new((column, parent): &(String, String)) -> Self {
        Self { column: literal(column), parent: literal(parent) }
    }
}

/// A trigger that notes the keys of synced rows.
#[derive(Serialize)]
struct Note {
    name: String,
    event: &'static str,
    row_key: String,
}

impl ModelView {
    pub fn new(model: &Model, project: &Project) -> anyhow::Result<Self> {
        let keys: Vec<&Field> = model.key_fields().collect();
        let Some(first_key) = keys.first().filter(|_| keys.len() == model.key.len()) else {
            bail!("`{}` has no field for its key {:?}", model.name, model.key);
        };
        let bookkeeping = Bookkeeping::of(model);
        let named = |suffix: &str| identifier(&format!("{}{suffix}", model.name));
        let list = |row: &str| keys.iter().map(|key| column(row, key)).collect::<Vec<_>>().join(", ");
        let matches = |one: &str, other: &dyn Fn(usize, &Field) -> String| {
            let pairs = keys.iter().enumerate().map(|(n, key)| format!("{} = {}", column(one, key), other(n, key)));
            pairs.collect::<Vec<_>>().join(" AND ")
        };
        let row = |n: usize, key: &Field| key_of_row(&keys, n, key);
        let new = NewRow { temporary: project.fields_with_temporary_keys(model) };
        let (local, synced) = (named("_local"), named("_synced"));
        Ok(Self {
            banner: crate::codegen::BANNER,
            table_name: literal(&model.name),
            view: named(""),
            fold: named("_fold"),
            fold_again: named("_fold_again"),
            arrive: named("_arrive"),
            synced_insert: named("_synced_insert"),
            synced_update: named("_synced_update"),
            synced_delete: named("_synced_delete"),
            view_insert: named("_insert"),
            view_update: named("_update"),
            view_delete: named("_delete"),

            columns: model.fields.iter().map(|field| Column::new(model, &keys, field)).collect(),
            indexes: indexes(model)?,
            write_id: identifier("write_id"),
            changed_columns: identifier(&bookkeeping.changed_columns),
            is_deleted: identifier(&bookkeeping.is_deleted),
            has_local_changes: identifier(&bookkeeping.has_local_changes),
            pending_write_id: identifier(&bookkeeping.pending_write_id),

            key_list: keys.iter().map(|key| identifier(&key.name)).collect::<Vec<_>>().join(", "),
            synced_key_list: list("s"),
            key_literals: keys.iter().map(|key| literal(&key.name)).collect::<Vec<_>>().join(", "),
            first_key: identifier(&first_key.name),
            row_key_as_key: row(0, first_key),
            new_row_key: row_key(&keys, &|key| column("NEW", key)),
            old_row_key: row_key(&keys, &|key| column("OLD", key)),
            old_key_object: {
                let pairs = keys.iter().map(|key| format!("{}, {}", literal(&key.name), json_value(key, "OLD")));
                format!("json_object({})", pairs.collect::<Vec<_>>().join(", "))
            },
            has_floats: model.fields.iter().any(|field| field.ty == FieldType::Float),
            has_temporary_keys: model.has_temporary_keys(),
            key_columns: keys.iter().map(|key| literal(&key.name)).collect(),
            references: model.references.iter().map(Reference::new).collect(),
            notes: [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")]
                .map(|(event, row)| Note {
                    name: named(&format!("_note_{}", event.to_lowercase())),
                    event,
                    row_key: row_key(&keys, &|key| column(row, key)),
                })
                .into(),

            local_is_synced: matches("l", &|_, key| column("s", key)),
            local_is_row: matches(&local, &row),
            synced_is_row: matches("s", &row),
            shown_is_new: matches("v", &|_, key| new.value(key)),
            shown_is_old: matches("v", &|_, key| column("OLD", key)),

            insert: model.operations.create.as_ref().map(|_| InsertView::new(model, &keys, &new)),
            update: model.operations.update.as_ref().map(|_| UpdateView::new(model, &keys, &new)),
            can_delete: model.operations.delete.is_some(),
            no_insert: no_endpoint(model, "create"),
            no_update: no_endpoint(model, "update"),
            no_delete: no_endpoint(model, "delete"),
            local,
            synced,
        })
    }
}

impl Column {
    fn new(model: &Model, keys: &[&Field], field: &Field) -> Self {
        let is_key = model.is_key(field);
        Self {
            name: identifier(&field.name),
            ty: expression::column_type(field.ty),
            not_null: is_key || !field.nullable,
            is_key,
            folded: match (keys.iter().position(|key| key.name == field.name), keys.first()) {
                (Some(n), _) => key_of_row(keys, n, field),
                (None, Some(first_key)) => folded(model, first_key, field),
                (None, None) => column("s", field),
            },
        }
    }
}

/// The last entry that sets the column, or what the server's row has, or what the server is expected to make.
fn folded(model: &Model, first_key: &Field, field: &Field) -> String {
    let synced = column("s", field);
    let base = match &field.default {
        // Without a create endpoint, no row starts from nothing.
        _ if model.operations.create.is_none() => synced,
        Some(default) if field.insert == Insert::Never => {
            format!("iif({} IS NULL, {}, {synced})", column("s", first_key), expression::default_value(field, default))
        }
        _ if field.has_placeholder() => {
            let made_at = if field.ty == FieldType::Date { "substr(i.created_at, 1, 10)" } else { "i.created_at" };
            format!("ifnull({synced}, (SELECT {made_at} FROM _changes_log AS i WHERE i.id = r.made_by))")
        }
        _ => synced,
    };
    let can_be_inserted = model.operations.create.is_some() && field.insert != Insert::Never;
    let can_be_updated = model.operations.update.is_some() && field.update;
    if !can_be_inserted && !can_be_updated {
        return base;
    }
    let is_it = format!("c.name = {}", literal(&field.name));
    let value = if field.ty == FieldType::Json { "c.json" } else { "c.value" };
    format!("iif(max({is_it}), max({value}) FILTER (WHERE {is_it}), {base})")
}

fn no_endpoint(model: &Model, operation: &str) -> String {
    literal(&format!("{}: the API has no endpoint to {operation} rows", model.name))
}

fn indexes(model: &Model) -> anyhow::Result<Vec<Index>> {
    let mut indexes = Vec::new();
    let mut names = Scope::default();
    for columns in &model.indexes {
        let fields = columns
            .iter()
            // In an index too, SQLite takes an unknown name in quotes for a string.
            .map(|name| {
                model
                    .fields
                    .iter()
                    .find(|field| &field.name == name)
                    .with_context(|| format!("an index of `{}` has a column `{name}`, which it hasn't", model.name))
            })
            .collect::<anyhow::Result<Vec<&Field>>>()?;
        for suffix in ["_synced", "_local"] {
            indexes.push(Index {
                name: identifier(&names.unique(&format!("_{}{suffix}_{}", model.name, columns.join("_")))),
                table: identifier(&format!("{}{suffix}", model.name)),
                columns: fields.iter().map(|field| identifier(&field.name)).collect::<Vec<_>>().join(", "),
            });
        }
    }
    Ok(indexes)
}
