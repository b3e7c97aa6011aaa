//! What the templates of both dialects are given of a model.

use serde::Serialize;
use serde_json::Value;

use super::dialect::Dialect;
use crate::codegen::BANNER;
use crate::model::{FieldType, Metadata};
use crate::names::sql::{identifier, in_literal, literal};
use crate::plan::{self, ModelPlan, NewKey, OnInsert, OnUpdate, Relations, StandIn};

/// The file of what all models share.
#[derive(Serialize)]
pub struct LogView {
    pub banner: &'static str,
    /// Whether rows that were deleted are kept.
    pub keeps_deleted: bool,
}

/// The file of a model. Names are quoted identifiers where nothing else is said.
#[derive(Serialize)]
pub struct ModelView {
    banner: &'static str,
    /// The model's name as a literal.
    model: String,
    /// The model's name for the inside of a literal.
    path: String,
    names: Relations,
    changed_columns: String,
    is_deleted: String,
    has_local_changes: String,
    pending_write_id: String,
    /// The view's own columns, as literals.
    own_columns: [String; 2],
    columns: Vec<Column>,
    /// The key's columns, in the order of the key.
    key: Vec<Column>,
    /// The column of the key whose value the server may make: the only one that isn't from the path.
    own_key: Option<Column>,
    /// Columns that can hold a temporary key of another model.
    made_keys: Vec<Column>,
    has_temporary_keys: bool,
    has_floats: bool,
    references: Vec<Reference>,
    indexes: Vec<Index>,
    can_insert: bool,
    can_update: bool,
    can_delete: bool,
    /// A dollar quote that nothing in the file ends.
    dollar: String,
}

#[derive(Serialize, Clone)]
struct Column {
    name: String,
    /// The name as a literal.
    text: String,
    /// `model.column` for the inside of a literal.
    path: String,
    #[serde(rename = "type")]
    ty: &'static str,
    kind: &'static str,
    /// The least and the greatest value, where the database's type has room for more.
    range: Option<[i64; 2]>,
    not_null: bool,
    is_key: bool,
    /// Its place in the key, from 0.
    key_index: Option<usize>,
    /// `required`, `optional`, `default`, `new_key` or `refused`.
    on_insert: &'static str,
    /// `nullable`, `not_null`, `key` or `refused`.
    on_update: &'static str,
    /// `uuid` or `integer`.
    new_key: Option<&'static str>,
    /// `default`, `inserted_at` or `inserted_on`.
    stand_in: Option<&'static str>,
    /// The default as an expression, where there is one.
    default: Option<String>,
    /// The model whose temporary keys it can hold, as a literal.
    temporary_key_of: Option<String>,
    /// `edited_at`, `device_id` or `synced_at`.
    metadata: Option<Metadata>,
}

/// A column and the model whose key it holds, as literals.
#[derive(Serialize)]
struct Reference {
    column: String,
    parent: String,
}

#[derive(Serialize)]
struct Index {
    name: String,
    table: String,
    columns: Vec<String>,
}

impl ModelView {
    pub fn of(plan: &ModelPlan, dialect: Dialect) -> Self {
        let (model, own) = (plan.model, &plan.bookkeeping);
        let column = |column: &plan::Column| Column::of(plan, column, dialect);
        let references = plan.references.iter();
        Self {
            banner: BANNER,
            model: literal(&model.name),
            path: in_literal(&model.name),
            names: plan.relations(identifier),
            changed_columns: identifier(&own.changed_columns),
            is_deleted: identifier(&own.is_deleted),
            has_local_changes: identifier(&own.has_local_changes),
            pending_write_id: identifier(&own.pending_write_id),
            own_columns: [&own.has_local_changes, &own.pending_write_id].map(|name| literal(name)),
            columns: plan.columns.iter().map(column).collect(),
            key: plan.key().map(column).collect(),
            own_key: plan.own_key().map(column),
            made_keys: references
                .filter_map(|reference| plan.column(reference.column))
                .filter(|column| column.temporary_key_of.is_some())
                .map(column)
                .collect(),
            has_temporary_keys: plan.has_temporary_keys(),
            has_floats: model.fields.iter().any(|field| field.ty == FieldType::Float),
            references: plan.references.iter().map(Reference::of).collect(),
            indexes: plan.indexes.iter().map(Index::of).collect(),
            can_insert: model.operations.create.is_some(),
            can_update: model.operations.update.is_some(),
            can_delete: model.operations.delete.is_some(),
            dollar: dollar(plan),
        }
    }
}

impl Column {
    fn of(plan: &ModelPlan, column: &plan::Column, dialect: Dialect) -> Self {
        let (name, ty) = (&column.field.name, column.field.ty);
        let default = match (column.on_insert, column.stand_in) {
            (OnInsert::Default(default), _) | (_, Some(StandIn::Default(default))) => Some(default),
            _ => None,
        };
        Self {
            name: identifier(name),
            text: literal(name),
            path: in_literal(&format!("{}.{name}", plan.model.name)),
            ty: (dialect.column_type)(ty),
            kind: kind(ty),
            range: (ty == FieldType::Int32).then_some([i32::MIN.into(), i32::MAX.into()]),
            not_null: column.not_null,
            is_key: column.is_key,
            key_index: plan.model.key.iter().position(|key| key == name),
            on_insert: match column.on_insert {
                OnInsert::Required => "required",
                OnInsert::Optional => "optional",
                OnInsert::Default(_) => "default",
                OnInsert::NewKey(_) => "new_key",
                OnInsert::Refused => "refused",
            },
            on_update: match column.on_update {
                OnUpdate::Nullable => "nullable",
                OnUpdate::NotNull => "not_null",
                OnUpdate::Key => "key",
                OnUpdate::Refused => "refused",
            },
            new_key: match column.on_insert {
                OnInsert::NewKey(NewKey::Uuid) => Some("uuid"),
                OnInsert::NewKey(NewKey::Integer) => Some("integer"),
                _ => None,
            },
            stand_in: column.stand_in.map(|stand_in| match stand_in {
                StandIn::Default(_) => "default",
                StandIn::InsertedAt if ty == FieldType::Date => "inserted_on",
                StandIn::InsertedAt => "inserted_at",
            }),
            default: default.map(|default| (dialect.constant)(default, ty)),
            temporary_key_of: column.temporary_key_of.map(literal),
            metadata: column.field.metadata,
        }
    }
}

impl Reference {
    fn of(reference: &plan::Reference) -> Self {
        Self { column: literal(reference.column), parent: literal(reference.parent) }
    }
}

impl Index {
    fn of(index: &plan::Index) -> Self {
        Self {
            name: identifier(&index.name),
            table: identifier(&index.table),
            columns: index.columns.iter().map(|column| identifier(column)).collect(),
        }
    }
}

/// What of a type matters to an expression.
fn kind(ty: FieldType) -> &'static str {
    match ty {
        FieldType::Int32 | FieldType::Int64 => "integer",
        FieldType::Float => "real",
        FieldType::Decimal { .. } => "decimal",
        FieldType::Boolean => "boolean",
        FieldType::Bytes => "bytes",
        FieldType::Json => "json",
        FieldType::Text | FieldType::Uuid | FieldType::DateTime | FieldType::Date | FieldType::Time => "text",
    }
}

/// A dollar quote that the bodies of the model's functions can't end.
fn dollar(plan: &ModelPlan) -> String {
    let defaults = plan.columns.iter().filter_map(|column| column.field.default.as_ref()).map(Value::to_string);
    let names = plan.columns.iter().map(|column| column.field.name.clone());
    let texts: Vec<String> = std::iter::once(plan.model.name.clone()).chain(names).chain(defaults).collect();
    let mut tag = String::from("$$");
    let mut number = 1;
    while texts.iter().any(|text| text.contains(&tag)) {
        tag = format!("$body{number}$");
        number += 1;
    }
    tag
}
