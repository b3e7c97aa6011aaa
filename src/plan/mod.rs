//! Decides what no target may decide for itself: names of relations and bookkeeping columns, where keys come from, what
//! each write may say of each column, references and indexes. The SQL dialects, the TypeScript types and the runtime's
//! model descriptions read it.

mod bookkeeping;
mod indexes;
mod relations;
mod writes;

pub use bookkeeping::Bookkeeping;
pub use indexes::Index;
pub use relations::Relations;
pub use writes::{NewKey, OnInsert, OnUpdate, StandIn};

use writes::makes_temporary_keys;

use crate::model::{Field, Insert, Model, NamedType, Project};

/// The plan of all models.
#[derive(Debug)]
pub struct Plan<'p> {
    /// In order of name.
    pub models: Vec<ModelPlan<'p>>,
    /// The types that JSON columns refer to.
    pub types: &'p [NamedType],
}

/// The plan of one model.
#[derive(Debug)]
pub struct ModelPlan<'p> {
    pub model: &'p Model,
    pub bookkeeping: Bookkeeping,
    /// In the order of the fields.
    pub columns: Vec<Column<'p>>,
    /// In order of column.
    pub references: Vec<Reference<'p>>,
    pub indexes: Vec<Index>,
}

/// The plan of one column.
#[derive(Debug)]
pub struct Column<'p> {
    pub field: &'p Field,
    pub is_key: bool,
    /// Whether it holds a key: the row's own, or another row's.
    pub holds_key: bool,
    /// Whether the server always sends a value.
    pub not_null: bool,
    /// Whether a row in the view can have null: one that was inserted here, or one of the server's.
    pub can_show_null: bool,
    pub on_insert: OnInsert<'p>,
    pub on_update: OnUpdate,
    /// What a row that was inserted here shows until the server's row arrives, in a column that only the server sets.
    pub stand_in: Option<StandIn<'p>>,
    /// The model whose temporary keys the column can hold.
    pub temporary_key_of: Option<&'p str>,
}

/// A column that holds the key of another model's row.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'p> {
    pub column: &'p str,
    pub parent: &'p str,
}

impl<'p> Plan<'p> {
    pub fn of(project: &'p Project) -> Self {
        let plan = |model| ModelPlan::of(model, |name| project.model(name).is_some_and(makes_temporary_keys));
        Self { models: project.models.iter().map(plan).collect(), types: &project.types }
    }

    /// Whether rows of a model say when, and by which device, they were edited.
    pub fn has_metadata(&self) -> bool {
        self.models.iter().any(ModelPlan::has_metadata)
    }

    /// The models that the local database has.
    pub fn local(&self) -> impl Iterator<Item = &ModelPlan<'p>> {
        self.models.iter().filter(|model| model.model.is_local())
    }
}

impl<'p> ModelPlan<'p> {
    /// Plans a model by itself, as if no column could hold a temporary key.
    pub fn alone(model: &'p Model) -> Self {
        Self::of(model, |_| false)
    }

    fn of(model: &'p Model, has_temporary_keys: impl Fn(&str) -> bool) -> Self {
        let references: Vec<Reference> =
            model.references.iter().map(|(column, parent)| Reference { column, parent }).collect();
        let column = |field: &'p Field| {
            let is_key = model.is_key(field);
            let on_insert = OnInsert::of(model, field);
            let stand_in = StandIn::of(model, field, on_insert);
            let parent = references.iter().find(|reference| reference.column == field.name).map(|found| found.parent);
            Column {
                field,
                is_key,
                holds_key: is_key || parent.is_some() || field.from_path.is_some(),
                not_null: is_key || !field.nullable,
                can_show_null: field.nullable || on_insert.leaves_null(model, stand_in),
                on_insert,
                on_update: OnUpdate::of(model, field),
                stand_in,
                temporary_key_of: parent.filter(|parent| has_temporary_keys(parent)),
            }
        };
        Self {
            model,
            bookkeeping: Bookkeeping::of(model),
            columns: model.fields.iter().map(column).collect(),
            references,
            indexes: indexes::of(model),
        }
    }

    /// The columns that the server's table has as well.
    pub fn table_columns(&self) -> impl Iterator<Item = &Column<'p>> {
        self.columns.iter().filter(|column| column.field.metadata.is_none())
    }

    /// Whether its rows say when, and by which device, they were edited.
    pub fn has_metadata(&self) -> bool {
        self.columns.iter().any(|column| column.field.metadata.is_some())
    }

    /// The names of its relations, each as `quote` leaves it.
    pub fn relations(&self, quote: impl Fn(&str) -> String) -> Relations {
        Relations::of(&self.model.name, quote)
    }

    /// The key's columns, in the order of the key.
    pub fn key(&self) -> impl Iterator<Item = &Column<'p>> {
        self.model.key.iter().filter_map(|name| self.column(name))
    }

    /// The only column of the key that isn't from the path.
    pub fn own_key(&self) -> Option<&Column<'p>> {
        let mut own = self.key().filter(|column| column.field.from_path.is_none());
        own.next().filter(|_| own.next().is_none())
    }

    pub fn column(&self, name: &str) -> Option<&Column<'p>> {
        self.columns.iter().find(|column| column.field.name == name)
    }

    /// Whether a row that was inserted here has a key that the server replaces by its own.
    pub fn has_temporary_keys(&self) -> bool {
        makes_temporary_keys(self.model)
    }
}

impl Column<'_> {
    /// Whether the type of a new row has the column. A temporary key may be given, too, but isn't in the type.
    pub fn is_offered_on_insert(&self) -> bool {
        !self.on_insert.is_refused() && self.field.insert != Insert::Never
    }
}
