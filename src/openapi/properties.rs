//! Collects the properties of an object from `properties`, `allOf`, `oneOf` and `anyOf`.

use std::collections::HashSet;

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::document::Document;
use super::keywords::EXCLUDE;
use super::resolved::Resolved;
use super::schema::{Both, Schema, SchemaAt, Type};

/// The maximum of schemas that one object is composed of, nested ones counted each time. Real documents have less than
/// 100; a document in which every `allOf` refers to the next one twice would take exponential time.
const MAX_PARTS: usize = 10_000;
const MAX_DEPTH: usize = 16;

/// The maximum of schemas that are read to see whether parts of one object say the same: with more, they are taken to differ.
const MAX_COMPARED: usize = 1_000;

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
    if document.has_exclusions {
        found.retain(|_, property| !is_excluded(document, property));
    }
    found
}

/// The names of the properties with `x-sync-exclude`.
pub fn excluded<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Vec<&'a str> {
    let all = everything(document, at);
    all.iter().filter(|(_, property)| is_excluded(document, property)).map(|(name, _)| *name).collect()
}

fn is_excluded<'a>(document: &'a Document, property: &RawProperty<'a>) -> bool {
    property.resolve(document).is_some_and(|resolved| resolved.flag(EXCLUDE))
}

fn everything<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Properties<'a> {
    collect(document, at, 0, &mut Left { parts: MAX_PARTS, compared: MAX_COMPARED, is_comparison: false })
}

/// How many schemas may still be read.
struct Left {
    parts: usize,
    /// Beside those, to compare parts. Of what they refer to, a circle would use up what the other parts need.
    compared: usize,
    is_comparison: bool,
}

fn collect<'a>(document: &'a Document, at: &SchemaAt<'a>, depth: usize, left: &mut Left) -> Properties<'a> {
    let mut found = Properties::new();
    left.parts = left.parts.saturating_sub(1);
    let is_too_much = depth >= MAX_DEPTH || left.parts == 0;
    let Some(resolved) = Resolved::of(document, at).filter(|_| !is_too_much) else { return found };
    let schema = resolved.schema;
    for part in schema.all_of() {
        for (name, property) in collect(document, part, depth + 1, left) {
            narrow(document, &mut found, name, property, left);
        }
    }
    for (name, property) in schema.properties() {
        let property = RawProperty { schemas: vec![property], remarks: Vec::new(), required: false };
        narrow(document, &mut found, name, property, left);
    }
    let variants: Vec<Properties> = schema
        .variants()
        .iter()
        .filter(|variant| !Resolved::of(document, variant).is_some_and(|resolved| resolved.schema.is_only_null))
        .map(|variant| collect(document, variant, depth + 1, left))
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

/// Merges a property of a later `allOf` part: two objects are one with the properties of both; of other types the later one
/// counts, where it has one.
fn narrow<'a>(
    document: &'a Document,
    found: &mut Properties<'a>,
    name: &'a str,
    mut property: RawProperty<'a>,
    left: &mut Left,
) {
    let Some(earlier) = found.get_mut(name) else {
        found.insert(name, property);
        return;
    };
    if let ([one], [other]) = (earlier.schemas.as_slice(), property.schemas.as_slice())
        && let Some(both) = both(document, one, other, left)
    {
        earlier.required |= property.required;
        // What they say beside their properties is found there.
        let said = std::mem::replace(&mut earlier.schemas, vec![both]);
        earlier.remarks.extend(property.schemas.into_iter().chain(said).chain(property.remarks));
        return;
    }
    let says_type =
        property.schemas.iter().any(|at| Resolved::of(document, at).is_none_or(|resolved| resolved.schema.says_type()));
    if says_type {
        std::mem::swap(earlier, &mut property);
    }
    earlier.required |= property.required;
    earlier.remarks.extend(property.schemas);
    earlier.remarks.extend(property.remarks);
}

/// The schema that says what two of objects do; `None` where they aren't, or where the later one says all of it.
fn both<'a>(
    document: &'a Document,
    earlier: &SchemaAt<'a>,
    later: &SchemaAt<'a>,
    left: &mut Left,
) -> Option<SchemaAt<'a>> {
    let (one, other) = (object(document, earlier)?, object(document, later)?);
    let known = later.identity();
    let mut parts = earlier.parts();
    parts.retain(|part| !part.identity().is_subset(&known));
    // A comparison asks only which properties there are: those of both, whether or not the later one has them all.
    if parts.is_empty() || !left.is_comparison && is_within(document, earlier, later, left) {
        return None;
    }
    parts.extend(later.parts());
    let both = Both { parts, nullable: one && other };
    Some(SchemaAt { both: Some(Box::new(both)), ..later.clone() })
}

/// Whether an object may be null; `None` where it isn't one with properties.
fn object(document: &Document, at: &SchemaAt) -> Option<bool> {
    let resolved = Resolved::of(document, at)?;
    let schema = &resolved.schema;
    let has_properties = schema.has_properties() || !schema.all_of().is_empty();
    let is_object = matches!(schema.ty, None | Some(Type::Object)) && schema.variants().is_empty();
    (is_object && has_properties).then_some(resolved.nullable)
}

/// Whether an object has all that another one asks for, at each depth: then it keeps its name.
fn is_within<'a>(document: &'a Document, inner: &SchemaAt<'a>, outer: &SchemaAt<'a>, left: &mut Left) -> bool {
    let mut own = Left { parts: left.compared, compared: 0, is_comparison: true };
    let mut waiting = vec![(inner.clone(), outer.clone())];
    // What refers to itself comes back to a pair that is compared already.
    let mut seen = HashSet::new();
    let mut is_within = true;
    while let Some((inner, outer)) = waiting.pop().filter(|_| is_within) {
        if seen.insert((inner.identity(), outer.identity())) {
            let less = collect(document, &inner, 0, &mut own);
            let more = collect(document, &outer, 0, &mut own);
            is_within = own.parts > 0 && has_all(document, &less, &more, &mut waiting);
        }
    }
    left.compared = own.parts;
    is_within
}

/// Whether there are all of some properties; what is left to compare of them is added to `waiting`.
fn has_all<'a>(
    document: &'a Document,
    less: &Properties<'a>,
    more: &Properties<'a>,
    waiting: &mut Vec<(SchemaAt<'a>, SchemaAt<'a>)>,
) -> bool {
    less.iter().all(|(name, one)| {
        let Some(other) = more.get(name).filter(|other| other.required || !one.required) else { return false };
        if let ([one], [other]) = (one.schemas.as_slice(), other.schemas.as_slice())
            && object(document, one).is_some()
            && object(document, other).is_some()
            && !one.identity().is_subset(&other.identity())
        {
            waiting.push((one.clone(), other.clone()));
        }
        true
    })
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::diagnostics::Problems;
    use crate::openapi::Tree;

    /// The properties of two parts of an `allOf` at each depth: `name type`, with `!` where it is required.
    fn merged(earlier: Value, later: Value) -> String {
        let person = json!({ "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } });
        let more = json!({ "type": "object", "properties": { "number": { "type": "integer" } } });
        let to = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let node = json!({ "properties": { "parent": to("Node"), "other": to("Node") } });
        let folder = json!({ "parent": to("Folder"), "other": to("Folder"), "size": { "type": "integer" } });
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "t", "version": "1" },
            "paths": { "/things": {} },
            "components": { "schemas": {
                "Both": { "allOf": [{ "properties": earlier }, { "properties": later }] },
                "Person": person,
                "Employee": { "allOf": [{ "$ref": "#/components/schemas/Person" }, more] },
                "Node": node,
                "Folder": { "allOf": [{ "$ref": "#/components/schemas/Node" }, { "properties": folder }] },
            } },
        });
        let document = Document::new(Tree::from(document), &mut Problems::default()).unwrap();
        said(&document, &document.schema("/components/schemas/Both").unwrap())
    }

    fn said(document: &Document, at: &SchemaAt) -> String {
        let property = |(name, property): (&&str, &RawProperty)| {
            let resolved = property.resolve(document).unwrap();
            let required = if property.required { "!" } else { "" };
            let null = if resolved.nullable { " or null" } else { "" };
            let at = &property.schemas[0];
            let inner = match at.pointer_of_reference() {
                Some(reference) => reference.rsplit('/').next().unwrap_or_default().to_owned(),
                None => said(document, at),
            };
            let ty = match resolved.schema.scalar() {
                Some(ty) => format!("{ty:?}").to_lowercase(),
                None => format!("{{ {inner} }}"),
            };
            format!("{name}{required} {ty}{null}")
        };
        properties(document, at).iter().map(property).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn objects_of_two_parts_are_one_at_each_depth() {
        let text = || json!({ "type": "string" });
        let city = |required: Value, members: Value| {
            let city = json!({ "type": "object", "required": required, "properties": members });
            json!({ "place": { "type": ["object", "null"], "properties": { "city": city } } })
        };
        let both = merged(
            city(json!(["name"]), json!({ "name": text(), "size": text() })),
            city(json!(["code"]), json!({ "code": text(), "size": { "type": "integer" } })),
        );
        assert_eq!(both, "place { city { name! string, size integer, code! string } } or null");
        // Null is allowed where both allow it.
        let object = |ty: Value| json!({ "a": { "type": ty, "properties": { "b": text() } } });
        let other = json!({ "a": { "type": "object", "properties": { "c": text() } } });
        assert_eq!(merged(object(json!(["object", "null"])), other), "a { b string, c string }");
    }

    #[test]
    fn what_has_all_of_the_earlier_part_keeps_its_name() {
        let of = |name: &str| json!({ "owner": { "$ref": format!("#/components/schemas/{name}") } });
        assert_eq!(merged(of("Person"), of("Employee")), "owner { Employee }");
        assert_eq!(merged(of("Employee"), of("Person")), "owner { name! string, number integer }");
        let plain = json!({ "owner": { "type": "object", "properties": { "name": { "type": "string" } } } });
        assert_eq!(merged(of("Person"), plain.clone()), "owner { name! string }");
        assert_eq!(merged(plain, of("Person")), "owner { Person }");
    }

    #[test]
    fn circles_are_compared_once() {
        let of = |name: &str| json!({ "top": { "$ref": format!("#/components/schemas/{name}") } });
        assert_eq!(merged(of("Node"), of("Folder")), "top { Folder }");
        let mut later = of("Folder");
        later["last"] = json!({ "type": "string" });
        assert_eq!(merged(of("Node"), later), "top { Folder }, last string");
    }

    #[test]
    fn of_other_types_the_later_counts() {
        let object = || json!({ "a": { "type": "object", "properties": { "b": { "type": "string" } } } });
        assert_eq!(merged(object(), json!({ "a": { "type": "string" } })), "a string");
        assert_eq!(merged(json!({ "a": { "type": "string" } }), object()), "a { b string }");
    }
}
