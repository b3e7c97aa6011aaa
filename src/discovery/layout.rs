//! Where the fields of a row lie in an object of the API: at its top, or, as JSON:API has them, in `attributes` and
//! `relationships`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::keys::looks_like_row;
use crate::openapi::{Document, Properties, RawProperty, Resolved, SchemaAt, properties};

/// The members that an object of JSON:API can have.
const MEMBERS: &[&str] = &["id", "type", "lid", "attributes", "relationships", "links", "meta"];

/// Those that say nothing of the row.
const NO_FIELDS: &[&str] = &["type", "lid", "attributes", "relationships", "links"];

/// Names of members, from the outside in.
pub type Way<'a> = Vec<&'a str>;

/// The fields of an object.
#[derive(Debug, Clone, Default)]
pub struct Layout<'a> {
    pub properties: Properties<'a>,
    /// Where those are that don't lie at the object's top.
    pub places: BTreeMap<&'a str, Way<'a>>,
    /// Members that always have the same text. `None`: the name of the collection.
    pub constants: Vec<(Way<'a>, Option<&'a str>)>,
}

/// The fields of the object that a schema describes.
pub fn laid_out<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Layout<'a> {
    let properties = properties(document, at);
    let attributes = members_of(document, &properties, "attributes");
    let related = members_of(document, &properties, "relationships");
    let is_json_api = properties.contains_key("type")
        && (looks_like_row(&properties) || !properties.contains_key("meta"))
        && !(attributes.is_empty() && related.is_empty())
        && properties.keys().all(|name| MEMBERS.contains(name));
    if !is_json_api {
        return Layout { properties, ..Layout::default() };
    }
    let mut layout = Layout::default();
    layout.constants.push((vec!["type"], text_of(document, properties.get("type"))));
    layout.properties = properties.into_iter().filter(|(name, _)| !NO_FIELDS.contains(name)).collect();
    for (name, attribute) in attributes {
        layout.add(name, vec!["attributes", name], attribute);
    }
    for (name, relationship) in related {
        layout.relate(document, name, &relationship);
    }
    layout
}

impl<'a> Layout<'a> {
    fn add(&mut self, name: &'a str, place: Way<'a>, property: RawProperty<'a>) {
        if !self.properties.contains_key(name) {
            self.properties.insert(name, property);
            self.places.insert(name, place);
        }
    }

    /// The id of the row that is referred to; of several rows, or of any type, what refers to them.
    fn relate(&mut self, document: &'a Document, name: &'a str, relationship: &RawProperty<'a>) {
        let mut inner = members(document, relationship);
        let Some(mut data) = inner.shift_remove("data") else { return };
        data.required &= relationship.required;
        let mut place = vec!["relationships", name, "data"];
        let is_nullable = data.resolve(document).is_none_or(|resolved| may_be_null(document, &resolved));
        let mut one = members(document, &data);
        let ty = text_of(document, one.get("type"));
        match one.shift_remove("id").zip(ty) {
            None => self.add(name, place, data),
            Some((id, ty)) => {
                let mut ty_place = place.clone();
                ty_place.push("type");
                self.constants.push((ty_place, Some(ty)));
                place.push("id");
                self.add(name, place, RawProperty { required: data.required && !is_nullable, ..id });
            }
        }
    }
}

fn may_be_null(document: &Document, resolved: &Resolved) -> bool {
    let is_null = |at: &SchemaAt| at.read().is_only_null;
    let variants = resolved.schema.variants();
    resolved.nullable || variants.iter().any(|at| is_null(at) || document.follow(at).is_some_and(|it| it.is_only_null))
}

fn members_of<'a>(document: &'a Document, properties: &Properties<'a>, name: &str) -> Properties<'a> {
    properties.get(name).map(|property| members(document, property)).unwrap_or_default()
}

fn members<'a>(document: &'a Document, property: &RawProperty<'a>) -> Properties<'a> {
    property.schemas.first().map(|schema| properties(document, schema)).unwrap_or_default()
}

/// The only text that a property can have, or its default.
fn text_of<'a>(document: &'a Document, property: Option<&RawProperty<'a>>) -> Option<&'a str> {
    let resolved = property?.resolve(document)?;
    let choices: Vec<&'a Value> = resolved.schema.named_choices().collect();
    match choices[..] {
        [only] => only.as_str(),
        _ => resolved.default?.as_str(),
    }
}
