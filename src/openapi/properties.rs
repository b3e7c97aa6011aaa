//! Collects the properties of an object from `properties`, `allOf`, `oneOf` and `anyOf`.

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::document::Document;
use super::resolved::Resolved;
use super::schema::{Schema, SchemaAt};

/// The maximum of schemas that one object is composed of, nested ones counted each time. Real documents have less than
/// 100; a document in which every `allOf` refers to the next one twice would take exponential time.
const MAX_PARTS: usize = 10_000;
const MAX_DEPTH: usize = 16;

/// Levels of `allOf` whose `required` is read.
const MAX_REQUIRED_DEPTH: usize = 3;

/// A property of an object, merged from all parts and variants that have it.
#[derive(Debug, Clone)]
pub struct RawProperty<'a> {
    /// One schema; several where the variants of a union differ.
    pub schemas: Vec<SchemaAt<'a>>,
    /// Schemas in other parts of an `allOf` that add to it, but don't decide its type.
    pub remarks: Vec<SchemaAt<'a>>,
    pub required: bool,
}

impl<'a> RawProperty<'a> {
    /// The pointer to it, for problems.
    pub fn pointer(&self) -> &str {
        self.schemas.first().map_or("", |schema| &schema.pointer)
    }

    /// Resolves all of its schemas; `None` where a reference can't be resolved.
    pub fn resolve(&self, document: &'a Document) -> Option<Resolved<'a>> {
        let mut resolved = Resolved::of(document, self.schemas.first()?)?;
        for remark in self.schemas.iter().skip(1).chain(&self.remarks) {
            resolved.add(Resolved::of(document, remark)?);
        }
        Some(resolved)
    }
}

pub type Properties<'a> = IndexMap<&'a str, RawProperty<'a>>;

/// The properties by name, in the document's order, without those with `x-sync-exclude`. Empty if it isn't an object.
pub fn properties<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Properties<'a> {
    let mut found = everything(document, at);
    found.retain(|_, property| !is_excluded(document, property));
    found
}

/// The names of the properties with `x-sync-exclude`.
pub fn excluded<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Vec<&'a str> {
    let all = everything(document, at);
    all.iter().filter(|(_, property)| is_excluded(document, property)).map(|(name, _)| *name).collect()
}

fn is_excluded<'a>(document: &'a Document, property: &RawProperty<'a>) -> bool {
    property.resolve(document).is_some_and(|resolved| resolved.flag("x-sync-exclude"))
}

fn everything<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Properties<'a> {
    collect(document, at, 0, &mut { MAX_PARTS })
}

fn collect<'a>(document: &'a Document, at: &SchemaAt<'a>, depth: usize, parts: &mut usize) -> Properties<'a> {
    let mut found = Properties::new();
    *parts = parts.saturating_sub(1);
    let is_too_much = depth >= MAX_DEPTH || *parts == 0;
    let Some(resolved) = Resolved::of(document, at).filter(|_| !is_too_much) else { return found };
    let schema = resolved.schema;
    for part in schema.all_of() {
        for (name, property) in collect(document, part, depth + 1, parts) {
            narrow(document, &mut found, name, property);
        }
    }
    for (name, property) in schema.properties() {
        narrow(
            document,
            &mut found,
            name,
            RawProperty { schemas: vec![property], remarks: Vec::new(), required: false },
        );
    }
    let variants: Vec<Properties> = schema
        .variants()
        .iter()
        .filter(|variant| !Resolved::of(document, variant).is_some_and(|resolved| resolved.schema.is_only_null))
        .map(|variant| collect(document, variant, depth + 1, parts))
        .collect();
    // A union of an object and something else isn't a row.
    if !variants.iter().any(Properties::is_empty) {
        widen(&mut found, variants);
    }
    for name in required(document, &schema, 0) {
        if let Some(property) = found.get_mut(name) {
            property.required = true;
        }
    }
    found
}

/// The required names, those of parts of an `allOf` included: a part may have nothing but `required`.
fn required<'a>(document: &'a Document, schema: &Schema<'a>, depth: usize) -> Vec<&'a str> {
    let mut names: Vec<&str> = schema.required().collect();
    if depth < MAX_REQUIRED_DEPTH {
        for part in schema.all_of() {
            names.extend(document.follow(part).into_iter().flat_map(|part| required(document, &part, depth + 1)));
        }
    }
    names
}

/// Merges a property of a later `allOf` part: its type counts where it has one.
fn narrow<'a>(document: &'a Document, found: &mut Properties<'a>, name: &'a str, mut property: RawProperty<'a>) {
    let Some(earlier) = found.get_mut(name) else {
        found.insert(name, property);
        return;
    };
    let says_type =
        property.schemas.iter().any(|at| Resolved::of(document, at).is_none_or(|resolved| resolved.schema.says_type()));
    if says_type {
        std::mem::swap(earlier, &mut property);
    }
    earlier.required |= property.required;
    earlier.remarks.extend(property.schemas);
    earlier.remarks.extend(property.remarks);
}

/// Merges the properties of the variants of a union: required are those that every variant requires.
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
                place.insert(RawProperty { required: required_in_all(name), ..property.clone() });
            }
        }
    }
    for (name, property) in merged {
        found.entry(name).or_insert(property);
    }
}
