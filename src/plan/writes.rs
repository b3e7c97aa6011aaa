//! What inserts and updates through a view may say of a column.

use serde_json::Value;

use crate::model::{Field, FieldType, Insert, KeyOrigin, Model};

/// What an insert may say of a column. Null counts as nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OnInsert<'p> {
    /// Must be given: the API needs it, in the body or in the path.
    Required,
    /// May be left out, and is null then.
    Optional,
    /// May be left out, and takes the schema's default then.
    Default(&'p Value),
    /// May be left out, and takes a new key then.
    NewKey(NewKey),
    /// Can't be given: only the server sets it.
    Refused,
}

/// A key that the client makes. Where the server makes the final one, it is temporary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    Uuid,
    /// Negative, so that no key of the server's is the same.
    Integer,
}

/// What an update may say of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUpdate {
    /// Can be set to a value or to null.
    Nullable,
    /// Can be set, but not to null.
    NotNull,
    /// Can't be changed: the column is a part of the key.
    Key,
    /// Can't be changed: the API's update doesn't take it.
    Refused,
}

/// What a column that only the server sets shows until the server's row arrives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StandIn<'p> {
    Default(&'p Value),
    /// The time or day of the local insert.
    InsertedAt,
}

impl<'p> OnInsert<'p> {
    pub(super) fn of(model: &Model, field: &'p Field) -> Self {
        if model.operations.create.is_none() {
            return Self::Refused;
        }
        let is_key = model.is_key(field);
        match (&field.default, field.insert) {
            (_, Insert::Never) if !is_key => Self::Refused,
            (Some(default), Insert::Required | Insert::Optional) => Self::Default(default),
            _ if is_key => NewKey::of(model, field).map_or(Self::Required, Self::NewKey),
            (_, Insert::Required) => Self::Required,
            _ => Self::Optional,
        }
    }

    pub fn is_required(self) -> bool {
        self == Self::Required
    }

    pub fn is_refused(self) -> bool {
        self == Self::Refused
    }

    /// Whether a row that was inserted here can have null in the column.
    pub(super) fn leaves_null(self, model: &Model, stand_in: Option<StandIn>) -> bool {
        match self {
            Self::Optional => true,
            Self::Refused => model.operations.create.is_some() && stand_in.is_none(),
            Self::Required | Self::Default(_) | Self::NewKey(_) => false,
        }
    }
}

impl NewKey {
    fn of(model: &Model, field: &Field) -> Option<Self> {
        let is_made = model.key_origin == KeyOrigin::Client || makes_temporary_keys(model);
        (is_made && field.from_path.is_none()).then_some(match field.ty {
            FieldType::Int32 | FieldType::Int64 => Self::Integer,
            _ => Self::Uuid,
        })
    }
}

impl OnUpdate {
    pub(super) fn of(model: &Model, field: &Field) -> Self {
        if model.is_key(field) {
            Self::Key
        } else if model.operations.update.is_none() || !field.update {
            Self::Refused
        } else if field.nullable {
            Self::Nullable
        } else {
            Self::NotNull
        }
    }

    pub fn can_be_set(self) -> bool {
        matches!(self, Self::Nullable | Self::NotNull)
    }
}

impl<'p> StandIn<'p> {
    pub(super) fn of(model: &Model, field: &'p Field, on_insert: OnInsert) -> Option<Self> {
        let is_time = matches!(field.ty, FieldType::DateTime | FieldType::Date);
        match &field.default {
            _ if model.operations.create.is_none() || !on_insert.is_refused() => None,
            Some(default) => Some(Self::Default(default)),
            None => (is_time && !field.nullable).then_some(Self::InsertedAt),
        }
    }
}

/// Whether a row that is inserted here has a key of its own until the server makes one. Of a composite key the server makes
/// no part, but for the one beside what is from the path.
pub(super) fn makes_temporary_keys(model: &Model) -> bool {
    model.key_origin == KeyOrigin::Server && model.own_key().count() == 1 && model.operations.create.is_some()
}
