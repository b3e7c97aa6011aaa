//! A model with everything decided that its file says.

use serde::Serialize;

use super::expression::{
    cast, column_type, constant, dollar, join, key_is_text, key_object, of, row_key, same_key, texts,
};
use crate::codegen::BANNER;
use crate::codegen::sql::bookkeeping::Bookkeeping;
use crate::model::{Field, FieldType, Insert, KeyOrigin, Model, Project};
use crate::names::{Scope, sql};

#[derive(Serialize)]
pub struct View {
    banner: &'static str,
    /// The model's name as a literal.
    name_text: String,
    view: String,
    synced: String,
    local: String,
    changed_columns: String,
    is_deleted: String,
    has_local_changes: String,
    pending_write_id: String,
    columns: Vec<Column>,
    /// The key columns, for PRIMARY KEY.
    key_list: String,
    /// An array of their names.
    key_names: String,
    key_match: KeyMatch,
    row_key: OfRows,
    key_object: OfRows,
    /// Literals.
    key_columns: Vec<String>,
    references: Vec<Reference>,
    /// Columns that a write may give a temporary key which the server has meanwhile replaced.
    made_keys: Vec<MadeKey>,
    /// The row key of a row `s` that has arrived or gone.
    arrived_key: String,
    /// The key as JSON of a row `s` whose key the server may have made.
    arrived_key_json: Option<String>,
    indexes: Vec<Index>,
    functions: Functions,
    /// What a row that isn't on the server yet shows in columns that only the server sets, as JSON, in groups.
    placeholders: Vec<Vec<Member>>,
    fold_value: String,
    /// The row as the log has it.
    row_value: OfRows,
    insert: Option<InsertView>,
    update: Option<UpdateView>,
    delete: bool,
    dollar: String,
}

#[derive(Serialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    ty: &'static str,
    required: bool,
}

/// Conditions that pick a row by its key.
#[derive(Serialize)]
struct KeyMatch {
    /// `l` has the key `r.row_key`.
    local: String,
    /// `s` has the key `r.row_key`.
    synced: String,
    /// Whether an outer join has found `s`.
    synced_exists: String,
    /// `l` and `s` are the same row.
    both: String,
    /// `v` is the row NEW.
    view_new: String,
    /// `v` is the row OLD.
    view_old: String,
}

/// The same expression over a trigger's NEW and OLD.
#[derive(Serialize)]
struct OfRows {
    new: String,
    old: String,
}

/// A column and the model whose key it holds, as literals.
#[derive(Serialize)]
struct Reference {
    column: String,
    parent: String,
}

#[derive(Serialize)]
struct MadeKey {
    name: String,
    parent: String,
    /// The key of `m` as a value of the column.
    made_key: String,
}

impl Reference {
    fn new((column, parent): &(String, String)) -> Self {
        Self { column: sql::literal(column), parent: sql::literal(parent) }
    }
}

#[derive(Serialize)]
struct Index {
    name: String,
    table: String,
    columns: String,
}

#[derive(Serialize)]
struct Functions {
    fold: String,
    arrived: String,
    changed: String,
    departed: String,
    truncated: String,
    insert: String,
    update: String,
    delete: String,
}

/// A column's name as a literal, and an expression.
#[derive(Serialize)]
struct Member {
    text: String,
    value: String,
}

/// A column's name as an identifier, and an expression.
#[derive(Serialize)]
struct Assignment {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct InsertView {
    /// The key as given, as text, where the server will make another.
    temporary_key: Option<String>,
    defaults: Vec<Assignment>,
    /// Literals, as in all lists of columns that follow.
    required: Vec<String>,
    read_only: Vec<String>,
}

#[derive(Serialize)]
struct UpdateView {
    read_only: Vec<String>,
    required: Vec<String>,
}

impl View {
    pub fn of(model: &Model, project: &Project) -> Self {
        let own = Bookkeeping::of(model);
        let key: Vec<&Field> = model.key_fields().collect();
        let relation = |suffix: &str| sql::identifier(&format!("{}{suffix}", model.name));
        let bytes = texts(model.fields.iter().filter(|field| field.ty == FieldType::Bytes));
        Self {
            banner: BANNER,
            name_text: sql::literal(&model.name),
            view: relation(""),
            synced: relation("_synced"),
            local: relation("_local"),
            changed_columns: sql::identifier(&own.changed_columns),
            is_deleted: sql::identifier(&own.is_deleted),
            has_local_changes: sql::identifier(&own.has_local_changes),
            pending_write_id: sql::identifier(&own.pending_write_id),
            columns: model.fields.iter().map(|field| column(model, field)).collect(),
            key_list: join(&key, ", ", |_, field| sql::identifier(&field.name)),
            key_names: format!("ARRAY[{}]", texts(key.iter().copied()).join(", ")),
            key_match: KeyMatch {
                local: key_is_text(&key, "l"),
                synced: key_is_text(&key, "s"),
                synced_exists: key.first().map(|field| format!("{} IS NOT NULL", of("s", field))).unwrap_or_default(),
                both: same_key(&key, "l", "s"),
                view_new: same_key(&key, "v", "NEW"),
                view_old: same_key(&key, "v", "OLD"),
            },
            row_key: OfRows { new: row_key(&key, "NEW"), old: row_key(&key, "OLD") },
            key_object: OfRows { new: key_object(&key, "NEW"), old: key_object(&key, "OLD") },
            arrived_key: row_key(&key, "s"),
            arrived_key_json: key
                .first()
                .filter(|_| model.has_temporary_keys())
                .map(|field| format!("to_jsonb({})", of("s", field))),
            key_columns: texts(key.iter().copied()),
            references: model.references.iter().map(Reference::new).collect(),
            made_keys: project
                .fields_with_temporary_keys(model)
                .iter()
                .map(|(field, parent)| MadeKey {
                    name: sql::identifier(&field.name),
                    parent: sql::literal(parent),
                    made_key: cast("m.row_key", field.ty),
                })
                .collect(),
            indexes: indexes(model),
            functions: Functions {
                fold: relation("_fold"),
                arrived: relation("_arrived"),
                changed: relation("_changed"),
                departed: relation("_departed"),
                truncated: relation("_truncated"),
                insert: relation("_insert"),
                update: relation("_update"),
                delete: relation("_delete"),
            },
            placeholders: in_groups(placeholders(model)),
            fold_value: if bytes.is_empty() {
                "fold.value".to_owned()
            } else {
                format!("_with_bytes(fold.value, ARRAY[{}])", bytes.join(", "))
            },
            row_value: OfRows { new: row_value(model, &own, "NEW"), old: row_value(model, &own, "OLD") },
            insert: model.operations.create.as_ref().map(|_| insert(model)),
            update: model.operations.update.as_ref().map(|_| update(model)),
            delete: model.operations.delete.is_some(),
            dollar: dollar(model),
        }
    }
}

fn column(model: &Model, field: &Field) -> Column {
    Column {
        name: sql::identifier(&field.name),
        ty: column_type(field.ty),
        required: model.is_key(field) || !field.nullable,
    }
}

/// The row without the view's own columns, and encoded where PostgreSQL's JSON isn't the wire's. Not a function over the
/// view's row type: a view named `point` would give the system's type of that name to its parameter.
fn row_value(model: &Model, own: &Bookkeeping, row: &str) -> String {
    let own = [&own.has_local_changes, &own.pending_write_id].map(|name| sql::literal(name)).join(", ");
    let plain = format!("to_jsonb({row}) - ARRAY[{own}]");
    let named = |is: fn(FieldType) -> bool| texts(model.fields.iter().filter(|field| is(field.ty))).join(", ");
    let decimals = named(|ty| matches!(ty, FieldType::Decimal { .. }));
    let bytes = named(|ty| ty == FieldType::Bytes);
    let lists = [("decimals", decimals), ("bytes", bytes)].into_iter().filter(|(_, names)| !names.is_empty());
    let lists: String = lists.map(|(name, names)| format!(", {name} => ARRAY[{names}]")).collect();
    if lists.is_empty() { plain } else { format!("_on_wire({plain}{lists})") }
}

/// Groups of as many members as one call of a function takes: 100 arguments.
fn in_groups(members: Vec<Member>) -> Vec<Vec<Member>> {
    let mut groups: Vec<Vec<Member>> = Vec::new();
    for member in members {
        match groups.last_mut().filter(|group| group.len() < 50) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups
}

fn placeholders(model: &Model) -> Vec<Member> {
    if model.operations.create.is_none() {
        return Vec::new();
    }
    let only_server = model.fields.iter().filter(|field| field.insert == Insert::Never && !model.is_key(field));
    only_server
        .filter_map(|field| {
            let value = match &field.default {
                Some(default) => constant(default, field.ty),
                None if field.has_placeholder() => "fold.inserted_at".to_owned(),
                None => return None,
            };
            Some(Member { text: sql::literal(&field.name), value })
        })
        .collect()
}

fn insert(model: &Model) -> InsertView {
    let defaults = model.fields.iter().filter_map(|field| {
        let made = made_key(model, field);
        let value = match &field.default {
            Some(default) if field.insert != Insert::Never => Some(constant(default, field.ty)),
            _ => made,
        };
        value.map(|value| Assignment { name: sql::identifier(&field.name), value })
    });
    let must_be_given = |field: &&Field| {
        if model.is_key(field) {
            made_key(model, field).is_none() && field.default.is_none()
        } else {
            field.insert == Insert::Required && !field.nullable
        }
    };
    InsertView {
        temporary_key: model
            .key_fields()
            .next()
            .filter(|_| model.has_temporary_keys())
            .map(|field| format!("{}::TEXT", of("NEW", field))),
        defaults: defaults.collect(),
        required: texts(model.fields.iter().filter(must_be_given)),
        read_only: texts(model.fields.iter().filter(|field| field.insert == Insert::Never && !model.is_key(field))),
    }
}

/// The key that a row takes where none is given.
fn made_key(model: &Model, field: &Field) -> Option<String> {
    let made = match model.key_origin {
        KeyOrigin::Given => false,
        KeyOrigin::Client => true,
        // Of a composite key, the server makes only a part.
        KeyOrigin::Server => model.key.len() == 1 || field.insert == Insert::Never,
    };
    if !made || !model.is_key(field) {
        return None;
    }
    match field.ty {
        FieldType::Uuid => Some("gen_random_uuid()".to_owned()),
        FieldType::Text => Some("gen_random_uuid()::TEXT".to_owned()),
        FieldType::Int32 | FieldType::Int64 | FieldType::Decimal { .. } => Some("_temporary_key()".to_owned()),
        _ => None,
    }
}

fn update(model: &Model) -> UpdateView {
    UpdateView {
        read_only: texts(model.fields.iter().filter(|field| !field.update && !model.is_key(field))),
        required: texts(model.fields.iter().filter(|field| field.update && !field.nullable && !model.is_key(field))),
    }
}

fn indexes(model: &Model) -> Vec<Index> {
    let mut names = Scope::default();
    let mut indexes = Vec::new();
    for columns in &model.indexes {
        for table in ["synced", "local"] {
            // The three bytes are for a number, where two lists of columns join to one name.
            let name = sql::fit(&format!("_{}_{table}_{}", model.name, columns.join("_")), 3);
            indexes.push(Index {
                name: sql::identifier(&names.unique(&name)),
                table: sql::identifier(&format!("{}_{table}", model.name)),
                columns: join(columns, ", ", |_, column| sql::identifier(column)),
            });
        }
    }
    indexes
}
