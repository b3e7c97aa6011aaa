use openapiv3::{AnySchema, ReferenceOr, Schema, SchemaKind, Type};

use crate::diagnostics::child;

/// A schema or a reference to one, whichever box `openapiv3` keeps it in.
#[derive(Debug, Clone, Copy)]
pub enum SchemaRef<'a> {
    Reference(&'a str),
    Item(&'a Schema),
}

impl<'a> SchemaRef<'a> {
    pub fn of(schema: &'a ReferenceOr<Schema>) -> Self {
        match schema {
            ReferenceOr::Reference { reference } => Self::Reference(reference),
            ReferenceOr::Item(item) => Self::Item(item),
        }
    }

    pub fn of_boxed(schema: &'a ReferenceOr<Box<Schema>>) -> Self {
        match schema {
            ReferenceOr::Reference { reference } => Self::Reference(reference),
            ReferenceOr::Item(item) => Self::Item(item),
        }
    }
}

/// A schema and the JSON pointer to it.
#[derive(Debug, Clone)]
pub struct SchemaAt<'a> {
    pub schema: SchemaRef<'a>,
    pub pointer: String,
}

impl<'a> SchemaAt<'a> {
    /// The schema itself, where it isn't a reference.
    pub fn item(&self) -> Option<&'a Schema> {
        match self.schema {
            SchemaRef::Item(item) => Some(item),
            SchemaRef::Reference(_) => None,
        }
    }

    /// The parts of an `allOf`.
    pub fn all_of(&self) -> Vec<SchemaAt<'a>> {
        match self.item().map(|item| &item.schema_kind) {
            Some(SchemaKind::AllOf { all_of } | SchemaKind::Any(AnySchema { all_of, .. })) => {
                self.parts("allOf", all_of)
            }
            _ => Vec::new(),
        }
    }

    /// The variants of an `anyOf` or `oneOf`.
    pub fn variants(&self) -> Vec<SchemaAt<'a>> {
        match self.item().map(|item| &item.schema_kind) {
            Some(SchemaKind::AnyOf { any_of }) => self.parts("anyOf", any_of),
            Some(SchemaKind::OneOf { one_of }) => self.parts("oneOf", one_of),
            Some(SchemaKind::Any(any)) if !any.any_of.is_empty() => self.parts("anyOf", &any.any_of),
            Some(SchemaKind::Any(any)) => self.parts("oneOf", &any.one_of),
            _ => Vec::new(),
        }
    }

    /// Own properties in order, without those of an `allOf`.
    pub fn properties(&self) -> Vec<(&'a str, SchemaAt<'a>)> {
        let properties = match self.item().map(|item| &item.schema_kind) {
            Some(SchemaKind::Type(Type::Object(object))) => &object.properties,
            Some(SchemaKind::Any(any)) => &any.properties,
            _ => return Vec::new(),
        };
        let parent = child(&self.pointer, "properties");
        properties
            .iter()
            .map(|(name, schema)| {
                let pointer = child(&parent, name);
                (name.as_str(), SchemaAt { schema: SchemaRef::of_boxed(schema), pointer })
            })
            .collect()
    }

    /// The names in its own `required`.
    pub fn required(&self) -> &'a [String] {
        match self.item().map(|item| &item.schema_kind) {
            Some(SchemaKind::Type(Type::Object(object))) => &object.required,
            Some(SchemaKind::Any(any)) => &any.required,
            _ => &[],
        }
    }

    /// The items of an array.
    pub fn items(&self) -> Option<SchemaAt<'a>> {
        let items = match self.item().map(|item| &item.schema_kind)? {
            SchemaKind::Type(Type::Array(array)) => array.items.as_ref(),
            SchemaKind::Any(any) => any.items.as_ref(),
            _ => None,
        }?;
        Some(SchemaAt { schema: SchemaRef::of_boxed(items), pointer: child(&self.pointer, "items") })
    }

    fn parts(&self, key: &str, schemas: &'a [ReferenceOr<Schema>]) -> Vec<SchemaAt<'a>> {
        let parent = child(&self.pointer, key);
        let part = |(index, schema)| SchemaAt { schema: SchemaRef::of(schema), pointer: format!("{parent}/{index}") };
        schemas.iter().enumerate().map(part).collect()
    }
}
