//! What the templates are given: every name, type and expression, decided.

use serde::Serialize;

use super::columns::{column, json_value, key_of_row, row_key};
use super::expression;
use super::writes::{InsertView, UpdateView, new_value};
use crate::model::{Field, FieldType, Model};
use crate::names::sql::{identifier, literal};
use crate::plan::{self, ModelPlan, StandIn};

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
    fn new(reference: &plan::Reference) -> Self {
        Self { column: literal(reference.column), parent: literal(reference.parent) }
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
    pub fn of(plan: &ModelPlan) -> Self {
        let (model, names, bookkeeping) = (plan.model, &plan.relations, &plan.bookkeeping);
        let keys: Vec<&Field> = plan.key().map(|column| column.field).collect();
        let list = |row: &str| keys.iter().map(|key| column(row, key)).collect::<Vec<_>>().join(", ");
        let matches = |one: &str, other: &dyn Fn(usize, &Field) -> String| {
            let pairs = keys.iter().enumerate().map(|(n, key)| format!("{} = {}", column(one, key), other(n, key)));
            pairs.collect::<Vec<_>>().join(" AND ")
        };
        let row = |n: usize, key: &Field| key_of_row(&keys, n, key);
        let (local, synced) = (identifier(&names.local), identifier(&names.synced));
        Self {
            banner: crate::codegen::BANNER,
            table_name: literal(&model.name),
            view: identifier(&names.view),
            fold: identifier(&names.fold),
            fold_again: identifier(&names.fold_again),
            arrive: identifier(&names.arrive),
            synced_insert: identifier(&names.synced_insert),
            synced_update: identifier(&names.synced_update),
            synced_delete: identifier(&names.synced_delete),
            view_insert: identifier(&names.insert),
            view_update: identifier(&names.update),
            view_delete: identifier(&names.delete),

            columns: plan.columns.iter().map(|column| Column::new(&keys, column)).collect(),
            indexes: plan.indexes.iter().map(Index::new).collect(),
            write_id: identifier("write_id"),
            changed_columns: identifier(&bookkeeping.changed_columns),
            is_deleted: identifier(&bookkeeping.is_deleted),
            has_local_changes: identifier(&bookkeeping.has_local_changes),
            pending_write_id: identifier(&bookkeeping.pending_write_id),

            key_list: keys.iter().map(|key| identifier(&key.name)).collect::<Vec<_>>().join(", "),
            synced_key_list: list("s"),
            key_literals: keys.iter().map(|key| literal(&key.name)).collect::<Vec<_>>().join(", "),
            first_key: keys.first().map(|key| identifier(&key.name)).unwrap_or_default(),
            row_key_as_key: keys.first().map(|key| row(0, key)).unwrap_or_default(),
            new_row_key: row_key(&keys, &|key| column("NEW", key)),
            old_row_key: row_key(&keys, &|key| column("OLD", key)),
            old_key_object: {
                let pairs = keys.iter().map(|key| format!("{}, {}", literal(&key.name), json_value(key, "OLD")));
                format!("json_object({})", pairs.collect::<Vec<_>>().join(", "))
            },
            has_floats: model.fields.iter().any(|field| field.ty == FieldType::Float),
            has_temporary_keys: plan.has_temporary_keys(),
            key_columns: keys.iter().map(|key| literal(&key.name)).collect(),
            references: plan.references.iter().map(Reference::new).collect(),
            notes: [
                (&names.note_insert, "INSERT", "NEW"),
                (&names.note_update, "UPDATE", "NEW"),
                (&names.note_delete, "DELETE", "OLD"),
            ]
            .map(|(name, event, row)| Note {
                name: identifier(name),
                event,
                row_key: row_key(&keys, &|key| column(row, key)),
            })
            .into(),

            local_is_synced: matches("l", &|_, key| column("s", key)),
            local_is_row: matches(&local, &row),
            synced_is_row: matches("s", &row),
            shown_is_new: {
                let keys = plan.key().map(|key| format!("{} = {}", column("v", key.field), new_value(key)));
                keys.collect::<Vec<_>>().join(" AND ")
            },
            shown_is_old: matches("v", &|_, key| column("OLD", key)),

            insert: model.operations.create.as_ref().map(|_| InsertView::new(plan, &keys)),
            update: model.operations.update.as_ref().map(|_| UpdateView::new(plan, &keys)),
            can_delete: model.operations.delete.is_some(),
            no_insert: no_endpoint(model, "create"),
            no_update: no_endpoint(model, "update"),
            no_delete: no_endpoint(model, "delete"),
            local,
            synced,
        }
    }
}

impl Column {
    fn new(keys: &[&Field], column: &plan::Column) -> Self {
        let field = column.field;
        Self {
            name: identifier(&field.name),
            ty: expression::column_type(field.ty),
            not_null: column.not_null,
            is_key: column.is_key,
            folded: match (keys.iter().position(|key| key.name == field.name), keys.first()) {
                (Some(n), _) => key_of_row(keys, n, field),
                (None, Some(first_key)) => folded(first_key, column),
                (None, None) => self::column("s", field),
            },
        }
    }
}

impl Index {
    fn new(index: &plan::Index) -> Self {
        Self {
            name: identifier(&index.name),
            table: identifier(&index.table),
            columns: index.columns.iter().map(|column| identifier(column)).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The last entry that sets the column, or what the server's row has, or what the server is expected to make.
fn folded(first_key: &Field, plan: &plan::Column) -> String {
    let field = plan.field;
    let synced = column("s", field);
    let base = match plan.stand_in {
        Some(StandIn::Default(default)) => {
            format!("iif({} IS NULL, {}, {synced})", column("s", first_key), expression::default_value(field, default))
        }
        Some(StandIn::InsertedAt) => {
            let made_at = if field.ty == FieldType::Date { "substr(i.created_at, 1, 10)" } else { "i.created_at" };
            format!("ifnull({synced}, (SELECT {made_at} FROM _changes_log AS i WHERE i.id = r.made_by))")
        }
        None => synced,
    };
    if plan.on_insert.is_refused() && !plan.on_update.can_be_set() {
        return base;
    }
    let is_it = format!("c.name = {}", literal(&field.name));
    let value = if field.ty == FieldType::Json { "c.json" } else { "c.value" };
    format!("iif(max({is_it}), max({value}) FILTER (WHERE {is_it}), {base})")
}

fn no_endpoint(model: &Model, operation: &str) -> String {
    literal(&format!("{}: the API has no endpoint to {operation} rows", model.name))
}
