//! What a schema says once references and wrappers are looked through.

use indexmap::IndexMap;
use openapiv3::{AdditionalProperties, AnySchema, Schema, SchemaKind, StringFormat, Type, VariantOrUnknownOrEmpty};
use serde_json::Value;

use super::document::Document;
use super::schema::{SchemaAt, SchemaRef};

/// References and wrappers looked through at most, against circles.
const MAX_STEPS: usize = 32;

/// A schema that is neither a reference nor an `allOf` around one other schema, with what was said on the way.
#[derive(Debug, Clone)]
pub struct Resolved<'a> {
    pub at: SchemaAt<'a>,
    pub item: &'a Schema,
    pub nullable: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub deprecated: bool,
    /// Said of this use; a description of the referenced component belongs to the component.
    pub description: Option<&'a str>,
    pub default: Option<&'a Value>,
    extensions: Vec<&'a IndexMap<String, Value>>,
}

impl<'a> Resolved<'a> {
    /// `None` where a reference leads nowhere or in a circle.
    pub fn of(document: &'a Document, at: &SchemaAt<'a>) -> Option<Self> {
        let mut at = at.clone();
        let mut crossed = false;
        let (mut nullable, mut read_only, mut write_only, mut deprecated) = (false, false, false, false);
        let (mut description, mut default) = (None, None);
        let mut extensions = Vec::new();
        for _ in 0..MAX_STEPS {
            let item = match at.schema {
                SchemaRef::Reference(_) => {
                    crossed = true;
                    at = document.follow(at)?;
                    continue;
                }
                SchemaRef::Item(item) => item,
            };
            let data = &item.schema_data;
            nullable |= data.nullable;
            read_only |= data.read_only;
            write_only |= data.write_only;
            deprecated |= data.deprecated;
            default = default.or(data.default.as_ref());
            if !crossed {
                description = description.or(data.description.as_deref());
            }
            extensions.push(&data.extensions);
            match wrapped(document, &at) {
                Some(inner) => at = inner,
                None => {
                    return Some(Self {
                        at,
                        item,
                        nullable,
                        read_only,
                        write_only,
                        deprecated,
                        description,
                        default,
                        extensions,
                    });
                }
            }
        }
        None
    }

    /// The value of an extension, the nearest to the use first.
    pub fn extension(&self, name: &str) -> Option<&'a Value> {
        self.extensions.iter().find_map(|extensions| extensions.get(name))
    }

    /// Whether an extension is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.extension(name) == Some(&Value::Bool(true))
    }

    /// The schema of a map's values: `Some(None)` for a map of anything.
    pub fn map_values(&self) -> Option<Option<SchemaAt<'a>>> {
        let additional = match &self.item.schema_kind {
            SchemaKind::Type(Type::Object(object)) => object.additional_properties.as_ref(),
            SchemaKind::Any(any) => Some(any.additional_properties.as_ref()?),
            _ => return None,
        };
        Some(match additional {
            Some(AdditionalProperties::Schema(schema)) => Some(SchemaAt {
                schema: SchemaRef::of(schema),
                pointer: format!("{}/additionalProperties", self.at.pointer),
            }),
            _ => None,
        })
    }

    /// Whether it is a password.
    pub fn is_secret(&self) -> bool {
        matches!(&self.item.schema_kind, SchemaKind::Type(Type::String(string))
            if string.format == VariantOrUnknownOrEmpty::Item(StringFormat::Password))
    }

    /// Takes over what another schema says of the same thing, its type left out.
    pub fn add(&mut self, other: Resolved<'a>) {
        self.read_only |= other.read_only;
        self.write_only |= other.write_only;
        self.deprecated |= other.deprecated;
        self.description = self.description.or(other.description);
        self.default = self.default.or(other.default);
        self.extensions.extend(other.extensions);
    }

    /// Whether it says anything of a type.
    pub fn says_type(&self) -> bool {
        !matches!(&self.item.schema_kind, SchemaKind::Any(any) if says_nothing(any))
    }

    /// Whether it allows null and nothing else.
    pub fn is_only_null(&self) -> bool {
        matches!(&self.item.schema_kind, SchemaKind::Any(any) if any.enumeration.as_slice() == [Value::Null])
    }
}

/// The only part of an `allOf` that says anything of the type, where the schema itself says nothing of it.
fn wrapped<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Option<SchemaAt<'a>> {
    match &at.item()?.schema_kind {
        SchemaKind::AllOf { .. } => {}
        SchemaKind::Any(any) if says_nothing_else(any) => {}
        _ => return None,
    }
    let mut parts = at.all_of().into_iter().filter(|part| match document.follow(part.clone()) {
        Some(part) => {
            !matches!(part.item().map(|item| &item.schema_kind), Some(SchemaKind::Any(any)) if says_nothing(any))
        }
        None => true,
    });
    let only = parts.next()?;
    parts.next().is_none().then_some(only)
}

fn says_nothing(any: &AnySchema) -> bool {
    any.all_of.is_empty() && says_nothing_else(any)
}

fn says_nothing_else(any: &AnySchema) -> bool {
    any.typ.is_none()
        && any.properties.is_empty()
        && any.required.is_empty()
        && any.additional_properties.is_none()
        && any.items.is_none()
        && any.enumeration.is_empty()
        && any.one_of.is_empty()
        && any.any_of.is_empty()
}
