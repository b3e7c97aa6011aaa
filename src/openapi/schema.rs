//! The one form of a schema: what OpenAPI 2.0, 3.0 and 3.1 spell in different ways.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::diagnostics::child;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
}

/// The keywords that say which values of a type are allowed.
pub(super) const LIMITS: [&str; 8] = [
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minProperties",
];

/// A place where a schema stands.
#[derive(Debug, Clone)]
pub struct SchemaAt<'a> {
    pub(super) value: &'a Value,
    pub(super) part: Part<'a>,
    /// Whether the union that it is a variant of has taken over that it allows null.
    pub(super) null_is_said: bool,
    /// Where it is two objects at once, as the parts of an `allOf` say of one property.
    pub(super) both: Option<Box<Both<'a>>>,
    pub pointer: String,
}

/// Schemas that all hold.
#[derive(Debug, Clone)]
pub(super) struct Both<'a> {
    /// The earlier ones first, each of them once, and none that is several itself.
    pub parts: Vec<SchemaAt<'a>>,
    pub nullable: bool,
}

/// How much of the value is the schema.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    All,
    /// The reference alone. What stands beside a `$ref` counts too, so the reference is a part of the whole.
    Reference,
    /// One of several types: `type: [integer, string]`.
    OfType(&'a str),
    /// Any item of a tuple.
    Tuple,
}

/// What a schema says itself. Its parts are read when they are asked for.
#[derive(Debug, Clone, Default)]
pub struct Schema<'a> {
    pub pointer: String,
    /// Where it is nothing but a reference.
    pub reference: Option<&'a str>,
    pub ty: Option<Type>,
    pub format: Option<&'a str>,
    pub nullable: bool,
    pub is_only_null: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub deprecated: bool,
    pub description: Option<&'a str>,
    pub(super) default: Option<&'a Value>,
    pub(super) choices: Option<&'a [Value]>,
    pub(super) properties: Option<&'a Map<String, Value>>,
    pub(super) required: Option<&'a [Value]>,
    /// What the names of a map lead to: a schema, or true or false.
    pub(super) additional: Option<&'a Value>,
    pub(super) items: Option<(&'static str, &'a Value)>,
    pub(super) all_of: Option<Vec<SchemaAt<'a>>>,
    pub(super) variants: Vec<SchemaAt<'a>>,
    /// Where it says which values of its type are allowed, the nearest first.
    pub(super) limited: Vec<&'a Map<String, Value>>,
    /// Where its extensions are, the nearest first.
    pub(super) sources: Vec<&'a Map<String, Value>>,
}

impl<'a> SchemaAt<'a> {
    pub fn new(value: &'a Value, pointer: String) -> Self {
        Self { value, part: Part::All, null_is_said: false, both: None, pointer }
    }

    /// The schemas that hold here: one, unless parts of an `allOf` were merged.
    pub(super) fn parts(&self) -> Vec<Self> {
        self.both.as_ref().map_or_else(|| vec![self.clone()], |both| both.parts.clone())
    }

    /// Where its parts stand, or what they refer to: the same for every place with the same type. A document has finitely
    /// many of them, however its references run in circles.
    pub fn identity(&self) -> BTreeSet<Cow<'a, str>> {
        let of = |part: &Self| match part.pointer_of_reference() {
            Some(reference) => Cow::Borrowed(reference),
            None => Cow::Owned(part.pointer.clone()),
        };
        match &self.both {
            Some(both) => both.parts.iter().map(of).collect(),
            None => BTreeSet::from([of(self)]),
        }
    }
}

impl<'a> Schema<'a> {
    pub(super) fn has_no_parts(&self) -> bool {
        self.reference.is_none()
            && self.properties.is_none()
            && self.required.is_none()
            && self.additional.is_none()
            && self.items.is_none()
            && self.all_of.is_none()
            && self.variants.is_empty()
    }

    /// Whether it says nothing of a type, but for what the parts of an `allOf` do.
    pub fn leaves_type_to_parts(&self) -> bool {
        let has_names = self.properties.is_some_and(|properties| !properties.is_empty())
            || self.required.is_some_and(|required| !required.is_empty());
        let has_parts = has_names || self.additional.is_some() || self.items.is_some() || !self.variants.is_empty();
        self.ty.is_none() && self.choices.is_none() && !self.is_only_null && !has_parts
    }

    /// Whether it says anything of a type.
    pub fn says_type(&self) -> bool {
        self.all_of.is_some() || !self.leaves_type_to_parts()
    }

    /// The type of a scalar, of which nothing else is said.
    pub fn scalar(&self) -> Option<Type> {
        let fits: fn(&Value) -> bool = match self.ty? {
            Type::String => |_| true,
            Type::Integer => Value::is_i64,
            Type::Number => Value::is_number,
            Type::Boolean => Value::is_boolean,
            Type::Array | Type::Object => return None,
        };
        let is_scalar = self.has_no_parts() && self.choices.into_iter().flatten().filter(|v| is_scalar(v)).all(fits);
        self.ty.filter(|_| is_scalar)
    }

    /// What a value can be one of, null left out; empty where it can be anything of its type.
    pub fn choices(&self) -> Vec<Value> {
        let is_number = self.scalar() == Some(Type::Number);
        let choice = |value: &Value| match value {
            // YAML reads `enum: [1, yes]` as what it looks like.
            Value::Number(_) | Value::Bool(_) if self.ty == Some(Type::String) => value.to_string().into(),
            Value::Number(number) if is_number => number.as_f64().into(),
            value => value.clone(),
        };
        self.choices.into_iter().flatten().filter(|value| is_scalar(value)).map(choice).collect()
    }

    /// The values that it lists, as the document has them.
    pub fn named_choices(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.choices.into_iter().flatten()
    }

    /// The parts of an `allOf`.
    pub fn all_of(&self) -> &[SchemaAt<'a>] {
        self.all_of.as_deref().unwrap_or_default()
    }

    /// The only part of an `allOf`, where the schema is nothing but that.
    pub fn only_part(&self) -> Option<&SchemaAt<'a>> {
        let [only] = self.all_of() else { return None };
        (self.leaves_type_to_parts() && self.properties.is_none() && self.required.is_none()).then_some(only)
    }

    /// The variants of an `anyOf` or `oneOf`.
    pub fn variants(&self) -> &[SchemaAt<'a>] {
        &self.variants
    }

    /// Own properties in order, without those of an `allOf`.
    pub fn properties(&self) -> impl Iterator<Item = (&'a str, SchemaAt<'a>)> + use<'a> {
        let parent = self.properties.map(|_| child(&self.pointer, "properties")).unwrap_or_default();
        let property =
            move |(name, value): (&'a String, &'a Value)| (name.as_str(), SchemaAt::new(value, child(&parent, name)));
        self.properties.into_iter().flatten().map(property)
    }

    pub fn has_properties(&self) -> bool {
        self.properties.is_some_and(|properties| !properties.is_empty())
    }

    /// The names in its own `required`.
    pub fn required(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.required.into_iter().flatten().filter_map(Value::as_str)
    }

    /// The items of an array.
    pub fn items(&self) -> Option<SchemaAt<'a>> {
        let (key, value) = self.items?;
        let part = if value.is_array() { Part::Tuple } else { Part::All };
        Some(SchemaAt { part, ..SchemaAt::new(value, child(&self.pointer, key)) })
    }

    /// The schema of a map's values: `Some(None)` for a map of anything.
    pub fn map_values(&self) -> Option<Option<SchemaAt<'a>>> {
        let is_object = self.ty == Some(Type::Object)
            && self.choices.is_none()
            && self.items.is_none()
            && self.all_of.is_none()
            && self.variants.is_empty();
        if self.additional.is_none() && !is_object {
            return None;
        }
        let values = self.additional.filter(|values| values.is_object());
        Some(values.map(|values| SchemaAt::new(values, child(&self.pointer, "additionalProperties"))))
    }

    /// The schema of what an object has beside its properties; `None` where nothing is said of that but that it may be.
    pub fn other_values(&self) -> Option<SchemaAt<'a>> {
        let values = self.additional.filter(|values| values.as_object().is_some_and(|schema| !schema.is_empty()))?;
        Some(SchemaAt::new(values, child(&self.pointer, "additionalProperties")))
    }

    pub fn default_value(&self) -> Option<&'a Value> {
        self.default.filter(|value| !value.is_null())
    }

    /// The objects that have one of its [`LIMITS`], the nearest first.
    pub fn limits(&self) -> impl Iterator<Item = &'a Map<String, Value>> {
        self.limited.iter().copied()
    }

    /// The objects that have its extensions, the nearest first.
    pub fn extensions(&self) -> impl Iterator<Item = &'a Map<String, Value>> {
        self.sources.iter().copied()
    }
}

pub(super) fn is_scalar(value: &Value) -> bool {
    value.is_string() || value.is_number() || value.is_boolean()
}
