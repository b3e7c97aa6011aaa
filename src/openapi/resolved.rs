//! Resolves schemas: looks through references and wrappers.

use serde_json::{Map, Value};

use super::document::Document;
use super::schema::{Schema, SchemaAt, Type};

/// The maximum of references and wrappers, against circles.
const MAX_STEPS: usize = 32;

/// A schema that is neither a reference nor an `allOf` around one schema, with the annotations collected on the way.
#[derive(Debug, Clone)]
pub struct Resolved<'a> {
    pub schema: Schema<'a>,
    pub nullable: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub deprecated: bool,
    /// The description of this use; that of a referenced component belongs to the component.
    pub description: Option<&'a str>,
    pub default: Option<&'a Value>,
    /// The objects with extensions, the nearest to the use first.
    extensions: Vec<&'a Map<String, Value>>,
    /// The objects with limits of values, the nearest to the use first.
    limits: Vec<&'a Map<String, Value>>,
}

impl<'a> Resolved<'a> {
    /// `None` where a reference can't be resolved, or where references form a circle.
    pub fn of(document: &'a Document, at: &SchemaAt<'a>) -> Option<Self> {
        let mut resolved = Self {
            schema: at.read(),
            nullable: false,
            read_only: false,
            write_only: false,
            deprecated: false,
            description: None,
            default: None,
            extensions: Vec::new(),
            limits: Vec::new(),
        };
        let mut crossed = false;
        for _ in 0..MAX_STEPS {
            let schema = &resolved.schema;
            if let Some(reference) = schema.reference {
                crossed = true;
                resolved.schema = document.referenced(reference)?.read();
                continue;
            }
            resolved.nullable |= schema.nullable;
            resolved.read_only |= schema.read_only;
            resolved.write_only |= schema.write_only;
            resolved.deprecated |= schema.deprecated;
            resolved.default = resolved.default.or(schema.default_value());
            if !crossed {
                resolved.description = resolved.description.or(schema.description);
            }
            resolved.extensions.extend(schema.extensions());
            resolved.limits.extend(schema.limits());
            let Some(inner) = wrapped(document, schema) else { return Some(resolved) };
            resolved.schema = inner.read();
        }
        None
    }

    /// The value of an extension, the nearest to the use first.
    pub fn extension(&self, name: &str) -> Option<&'a Value> {
        self.extensions.iter().find_map(|extensions| extensions.get(name))
    }

    /// The value of a keyword that says which values are allowed, the nearest to the use first.
    pub fn limit(&self, name: &str) -> Option<&'a Value> {
        self.limits.iter().find_map(|limits| limits.get(name))
    }

    /// Whether an extension is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.extension(name) == Some(&Value::Bool(true))
    }

    /// Whether it is a password.
    pub fn is_secret(&self) -> bool {
        self.schema.scalar() == Some(Type::String) && self.schema.format == Some("password")
    }

    /// Adds the annotations of another schema for the same property.
    pub fn add(&mut self, other: Resolved<'a>) {
        self.read_only |= other.read_only;
        self.write_only |= other.write_only;
        self.deprecated |= other.deprecated;
        self.description = self.description.or(other.description);
        self.default = self.default.or(other.default);
        self.extensions.extend(other.extensions);
        self.limits.extend(other.limits);
    }
}

/// The only part of an `allOf` that gives a type, if the schema itself gives none.
fn wrapped<'s, 'a>(document: &'a Document, schema: &'s Schema<'a>) -> Option<&'s SchemaAt<'a>> {
    let parts = schema.all_of().iter().filter(|_| schema.leaves_type_to_parts());
    let mut parts = parts.filter(|part| document.follow(part).is_none_or(|part| part.says_type()));
    let only = parts.next()?;
    parts.next().is_none().then_some(only)
}
