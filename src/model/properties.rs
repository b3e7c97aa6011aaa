//! The properties of an object, however it is composed.

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::meaning::Meaning;
use crate::spec::{Document, SchemaAt};

/// Schemas that one object may be composed of, nested ones counted each time. Real ones stay below a hundred; a document
/// in which every `allOf` names the next twice would take for ever.
const MAX_PARTS: usize = 10_000;
const MAX_DEPTH: usize = 16;

/// A property of an object, with what `allOf`, `oneOf` and `anyOf` add to it.
#[derive(Debug, Clone)]
pub struct RawProperty<'a> {
    /// One schema; several where the variants of a union differ.
    pub schemas: Vec<SchemaAt<'a>>,
    pub required: bool,
}

impl RawProperty<'_> {
    /// Where it stands, for problems.
    pub fn pointer(&self) -> &str {
        self.schemas.first().map_or("", |schema| &schema.pointer)
    }
}

pub type Properties<'a> = IndexMap<&'a str, RawProperty<'a>>;

/// The properties by name, in the document's order, those with `x-sync-exclude` left out. Empty for what isn't an object.
pub fn properties<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Properties<'a> {
    let mut found = collect(document, at, 0, &mut { MAX_PARTS });
    found.retain(|_, property| {
        !property.schemas.iter().any(|schema| Meaning::of(document, schema).is_some_and(|m| m.flag("x-sync-exclude")))
    });
    found
}

fn collect<'a>(document: &'a Document, at: &SchemaAt<'a>, depth: usize, parts: &mut usize) -> Properties<'a> {
    let mut found = Properties::new();
    *parts = parts.saturating_sub(1);
    let is_too_much = depth >= MAX_DEPTH || *parts == 0;
    let Some(meaning) = Meaning::of(document, at).filter(|_| !is_too_much) else { return found };
    let at = meaning.at;
    for part in at.all_of() {
        for (name, property) in collect(document, &part, depth + 1, parts) {
            narrow(&mut found, name, property);
        }
    }
    for (name, schema) in at.properties() {
        narrow(&mut found, name, RawProperty { schemas: vec![schema], required: false });
    }
    let variants: Vec<Properties> = at
        .variants()
        .iter()
        .filter(|variant| !Meaning::of(document, variant).is_some_and(|meaning| meaning.is_only_null()))
        .map(|variant| collect(document, variant, depth + 1, parts))
        .collect();
    // A union with something that isn't an object isn't a row.
    if !variants.iter().any(Properties::is_empty) {
        widen(&mut found, variants);
    }
    for name in at.required() {
        if let Some(property) = found.get_mut(name.as_str()) {
            property.required = true;
        }
    }
    found
}

/// A later part of an `allOf` says more of the same property.
fn narrow<'a>(found: &mut Properties<'a>, name: &'a str, mut property: RawProperty<'a>) {
    match found.entry(name) {
        Entry::Occupied(mut earlier) => {
            property.required |= earlier.get().required;
            earlier.insert(property);
        }
        Entry::Vacant(place) => {
            place.insert(property);
        }
    }
}

/// Another variant of a union has the property as well, or hasn't.
fn widen<'a>(found: &mut Properties<'a>, variants: Vec<Properties<'a>>) {
    let required_in_all = |name: &str| variants.iter().all(|variant| variant.get(name).is_some_and(|p| p.required));
    let mut merged = Properties::new();
    for (name, property) in variants.iter().flatten() {
        match merged.entry(*name) {
            Entry::Occupied(mut earlier) => {
                let earlier: &mut RawProperty = earlier.get_mut();
                for schema in &property.schemas {
                    if !earlier.schemas.iter().any(|known| known.pointer == schema.pointer) {
                        earlier.schemas.push(schema.clone());
                    }
                }
            }
            Entry::Vacant(place) => {
                place.insert(RawProperty { schemas: property.schemas.clone(), required: required_in_all(name) });
            }
        }
    }
    for (name, property) in merged {
        found.entry(name).or_insert(property);
    }
}
