//! A model with everything decided that its file says.

use serde::Serialize;

use super::expression::{
    cast, column_type, constant, dollar, join, key_is_text, key_object, of, row_key, same_key, texts,
};
use crate::codegen::BANNER;
use crate::model::{Field, FieldType, Model};
use crate::names::sql;
use crate::plan::{self, Bookkeeping, ModelPlan, NewKey, OnInsert, OnUpdate, StandIn};

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
    fn new(reference: &plan::Reference) -> Self {
        Self { column: sql::literal(reference.column), parent: sql::literal(reference.parent) }
    }
}

impl MadeKey {
    fn new(plan: &ModelPlan, reference: &plan::Reference) -> Option<Self> {
        let column = plan.column(reference.column)?;
        let (name, parent) = (sql::identifier(&column.field.name), sql::literal(column.temporary_key_of?));
        Some(Self { name, parent, made_key: cast("m.row_key", column.field.ty) })
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
    pub fn of(plan: &ModelPlan) -> Self {
        let (model, own, names) = (plan.model, &plan.bookkeeping, &plan.relations);
        let key: Vec<&Field> = plan.key().map(|column| column.field).collect();
        let bytes = texts(model.fields.iter().filter(|field| field.ty == FieldType::Bytes));
        Self {
            banner: BANNER,
            name_text: sql::literal(&model.name),
            view: sql::identifier(&names.view),
            synced: sql::identifier(&names.synced),
            local: sql::identifier(&names.local),
            changed_columns: sql::identifier(&own.changed_columns),
            is_deleted: sql::identifier(&own.is_deleted),
            has_local_changes: sql::identifier(&own.has_local_changes),
            pending_write_id: sql::identifier(&own.pending_write_id),
            columns: plan.columns.iter().map(Column::new).collect(),
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
                .filter(|_| plan.has_temporary_keys())
                .map(|field| format!("to_jsonb({})", of("s", field))),
            key_columns: texts(key.iter().copied()),
            references: plan.references.iter().map(Reference::new).collect(),
            made_keys: plan.references.iter().filter_map(|reference| MadeKey::new(plan, reference)).collect(),
            indexes: plan.indexes.iter().map(Index::new).collect(),
            functions: Functions {
                fold: sql::identifier(&names.fold),
                arrived: sql::identifier(&names.arrived),
                changed: sql::identifier(&names.changed),
                departed: sql::identifier(&names.departed),
                truncated: sql::identifier(&names.truncated),
                insert: sql::identifier(&names.insert),
                update: sql::identifier(&names.update),
                delete: sql::identifier(&names.delete),
            },
            placeholders: in_groups(stand_ins(plan)),
            fold_value: if bytes.is_empty() {
                "fold.value".to_owned()
            } else {
                format!("_with_bytes(fold.value, ARRAY[{}])", bytes.join(", "))
            },
            row_value: OfRows { new: row_value(model, own, "NEW"), old: row_value(model, own, "OLD") },
            insert: model.operations.create.as_ref().map(|_| insert(plan)),
            update: model.operations.update.as_ref().map(|_| update(plan)),
            delete: model.operations.delete.is_some(),
            dollar: dollar(model),
        }
    }
}

impl Column {
    fn new(column: &plan::Column) -> Self {
        let field = column.field;
        Self { name: sql::identifier(&field.name), ty: column_type(field.ty), required: column.not_null }
    }
}

impl Index {
    fn new(index: &plan::Index) -> Self {
        Self {
            name: sql::identifier(&index.name),
            table: sql::identifier(&index.table),
            columns: join(&index.columns, ", ", |_, column| sql::identifier(column)),
        }
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

/// What the columns that only the server sets show until its row arrives.
fn stand_ins(plan: &ModelPlan) -> Vec<Member> {
    let columns = plan.columns.iter().filter_map(|column| Some((column.field, column.stand_in?)));
    columns
        .map(|(field, stand_in)| {
            let value = match stand_in {
                StandIn::Default(default) => constant(default, field.ty),
                StandIn::InsertedAt => "fold.inserted_at".to_owned(),
            };
            Member { text: sql::literal(&field.name), value }
        })
        .collect()
}

/// The names of the columns for which a condition holds, as literals.
fn columns_that(plan: &ModelPlan, is: impl Fn(&plan::Column) -> bool) -> Vec<String> {
    texts(plan.columns.iter().filter(|column| is(column)).map(|column| column.field))
}

fn insert(plan: &ModelPlan) -> InsertView {
    let defaults = plan.columns.iter().filter_map(|column| {
        let value = match column.on_insert {
            OnInsert::Default(default) => constant(default, column.field.ty),
            OnInsert::NewKey(new_key) => self::new_key(new_key, column.field.ty).to_owned(),
            _ => return None,
        };
        Some(Assignment { name: sql::identifier(&column.field.name), value })
    });
    InsertView {
        temporary_key: plan
            .key()
            .next()
            .filter(|_| plan.has_temporary_keys())
            .map(|column| format!("{}::TEXT", of("NEW", column.field))),
        defaults: defaults.collect(),
        required: columns_that(plan, |column| column.on_insert.is_required()),
        read_only: columns_that(plan, |column| column.on_insert.is_refused()),
    }
}

fn new_key(new_key: NewKey, ty: FieldType) -> &'static str {
    match new_key {
        NewKey::Integer => "_temporary_key()",
        NewKey::Uuid if ty == FieldType::Uuid => "gen_random_uuid()",
        NewKey::Uuid => "gen_random_uuid()::TEXT",
    }
}

fn update(plan: &ModelPlan) -> UpdateView {
    UpdateView {
        read_only: columns_that(plan, |column| column.on_update == OnUpdate::Refused),
        required: columns_that(plan, |column| column.on_update == OnUpdate::NotNull),
    }
}
