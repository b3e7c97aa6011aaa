//! The type of a JSON value, as far as a reader of it needs to know.

use serde_json::Value;

/// A component schema that more than one place can refer to.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedType {
    pub name: String,
    pub doc: Option<String>,
    pub shape: Shape,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Unknown,
    Null,
    Boolean,
    Number,
    String,
    /// One of these scalars. Never empty.
    Enum(Vec<Value>),
    Array(Box<Shape>),
    Map(Box<Shape>),
    Object(Vec<Property>),
    /// Never empty, never nested.
    Union(Vec<Shape>),
    /// The name of a [`NamedType`].
    Named(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    pub name: String,
    pub shape: Shape,
    pub required: bool,
    pub doc: Option<String>,
}

/// Gives named types their final names. A name that isn't listed becomes untyped.
pub fn rename(shape: &mut Shape, names: &std::collections::HashMap<String, String>) {
    match shape {
        Shape::Named(name) => match names.get(name) {
            Some(new) => *name = new.clone(),
            None => *shape = Shape::Unknown,
        },
        Shape::Array(inner) | Shape::Map(inner) => rename(inner, names),
        Shape::Object(properties) => properties.iter_mut().for_each(|property| rename(&mut property.shape, names)),
        Shape::Union(variants) => variants.iter_mut().for_each(|variant| rename(variant, names)),
        _ => {}
    }
}
