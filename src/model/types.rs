//! The types of JSON values.

use std::collections::HashMap;

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
    /// An object with these properties, and others whose values are of a type.
    OpenObject(Vec<Property>, Box<Shape>),
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

impl Shape {
    /// The same type with the final names of components. A name that isn't listed becomes untyped.
    pub fn with_names(self, names: &HashMap<String, String>) -> Self {
        match self {
            Shape::Named(name) => names.get(&name).cloned().map_or(Shape::Unknown, Shape::Named),
            Shape::Array(inner) => Shape::Array(Box::new(inner.with_names(names))),
            Shape::Map(inner) => Shape::Map(Box::new(inner.with_names(names))),
            Shape::Union(variants) => {
                Shape::Union(variants.into_iter().map(|variant| variant.with_names(names)).collect())
            }
            Shape::Object(properties) => Shape::Object(Self::all_with_names(properties, names)),
            Shape::OpenObject(properties, others) => {
                Shape::OpenObject(Self::all_with_names(properties, names), Box::new(others.with_names(names)))
            }
            scalar => scalar,
        }
    }

    fn all_with_names(properties: Vec<Property>, names: &HashMap<String, String>) -> Vec<Property> {
        let named = |property: Property| Property { shape: property.shape.with_names(names), ..property };
        properties.into_iter().map(named).collect()
    }
}
