//! Where the fields of a row lie in an object of the API: at its top, or, as JSON:API has them, in `attributes` and
//! `relationships`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::keys::looks_like_row;
use crate::openapi::{Document, Properties, RawProperty, Resolved, SchemaAt, properties};

/// The members that an object of JSON:API can have.
const MEMBERS: &[&str] = &["id", "type", "lid", "attributes", "relationships", "links", "meta"];

/// Those that say nothing of the row.
const NO_FIELDS: &[&str] = &["lid", "attributes", "relationships", "links"];

/// Names of members, from the outside in.
pub type Way<'a> = Vec<&'a str>;

/// How the objects of a collection have their fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form<'a> {
    /// All at their top.
    #[default]
    Plain,
    JsonApi(Ty<'a>),
}

/// What the document says of an object's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty<'a> {
    Always(&'a str),
    /// Any text.
    Any,
    /// One of several, or no text.
    Several,
}

/// The fields of an object.
#[derive(Debug, Clone, Default)]
pub struct Layout<'a> {
    pub properties: Properties<'a>,
    /// Where those are that don't lie at the object's top.
    pub places: BTreeMap<&'a str, Way<'a>>,
    /// Those whose null stands further out than they do.
    pub nullable: BTreeSet<&'a str>,
    /// Of relationships to one row, the `type` of that row.
    pub related: BTreeMap<&'a str, &'a str>,
    /// Members that always have the same text. `None`: the name of the collection.
    pub constants: Vec<(Way<'a>, Option<&'a str>)>,
    /// Objects that have to be there, even where nothing is in them.
    pub containers: Vec<Way<'a>>,
}

/// The form of a collection's objects, by one of them: what only looks like JSON:API is an object of its own kind.
/// `is_said`: whether the media type is that of JSON:API.
pub fn form_of<'a>(document: &'a Document, at: &SchemaAt<'a>, is_said: bool) -> Form<'a> {
    let properties = properties(document, at);
    let Some(ty) = properties.get("type").map(|property| ty_of(document, property)) else { return Form::Plain };
    let is_one = properties.get("type").is_some_and(|property| property.schemas.len() == 1);
    let is_sure = is_said || (matches!(ty, Ty::Always(_)) && properties.contains_key("attributes"));
    let is_json_api = is_sure && is_one && Parts::of(document, &properties).is_some();
    if is_json_api { Form::JsonApi(ty) } else { Form::Plain }
}

/// The fields of a row that the API answers. Without what they lie in, even those are missing that it requires.
pub fn row_layout<'a>(document: &'a Document, at: &SchemaAt<'a>, form: Form<'a>) -> Layout<'a> {
    let mut layout = laid_out(document, at, form);
    if layout.places.is_empty() {
        return layout;
    }
    let containers = properties(document, at);
    for (name, place) in &layout.places {
        let is_there = place.first().and_then(|container| containers.get(container)).is_some_and(|it| it.required);
        if let Some(property) = layout.properties.get_mut(name) {
            property.required &= is_there && !layout.nullable.contains(name);
        }
    }
    layout
}

/// The fields of an object, if it has the form of its collection's; else all that is at its top.
pub fn laid_out<'a>(document: &'a Document, at: &SchemaAt<'a>, form: Form<'a>) -> Layout<'a> {
    let mut properties = properties(document, at);
    let parts = match form {
        Form::Plain => None,
        Form::JsonApi(ty) => Parts::of(document, &properties).map(|parts| (parts, ty)),
    };
    let Some((Parts { attributes, relationships }, usual)) = parts else {
        return Layout { properties, ..Layout::default() };
    };
    let mut layout = Layout::default();
    let own = properties.get("type").map(|property| ty_of(document, property));
    let constant = match (own, usual) {
        (None, _) | (Some(Ty::Several), _) | (Some(Ty::Any), Ty::Several) => None,
        (Some(Ty::Always(text)), _) | (Some(Ty::Any), Ty::Always(text)) => Some(Some(text)),
        (Some(Ty::Any), Ty::Any) => Some(None),
    };
    if let Some(text) = constant {
        layout.constants.push((vec!["type"], text));
        properties.shift_remove("type");
    }
    for container in ["attributes", "relationships"] {
        if properties.get(container).is_some_and(|property| property.required) {
            layout.containers.push(vec![container]);
        }
    }
    layout.properties = properties.into_iter().filter(|(name, _)| !NO_FIELDS.contains(name)).collect();
    for (name, attribute) in attributes {
        layout.add(name, vec!["attributes", name], attribute);
    }
    for (name, relationship) in relationships {
        layout.relate(document, name, &relationship);
    }
    layout
}

/// The parts of an object of JSON:API that have fields.
struct Parts<'a> {
    attributes: Properties<'a>,
    relationships: Properties<'a>,
}

impl<'a> Parts<'a> {
    /// `None` where the object has others, or one of them has several schemas.
    fn of(document: &'a Document, properties: &Properties<'a>) -> Option<Self> {
        let part = |name: &str| match properties.get(name) {
            Some(property) if property.schemas.len() > 1 => None,
            Some(property) => Some(members(document, property)),
            None => Some(Properties::new()),
        };
        let parts = Self { attributes: part("attributes")?, relationships: part("relationships")? };
        let has_fields = !(parts.attributes.is_empty() && parts.relationships.is_empty());
        let is_whole = looks_like_row(properties) || !properties.contains_key("meta");
        (has_fields && is_whole && properties.keys().all(|name| MEMBERS.contains(name))).then_some(parts)
    }
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
        let ty = one.get("type").map(|property| ty_of(document, property));
        match one.shift_remove("id").zip(ty) {
            Some((id, Ty::Always(ty))) => {
                let mut ty_place = place.clone();
                ty_place.push("type");
                self.constants.push((ty_place, Some(ty)));
                if !self.properties.contains_key(name) {
                    self.related.insert(name, ty);
                }
                place.push("id");
                self.add(name, place, RawProperty { required: data.required, ..id });
                if is_nullable {
                    self.nullable.insert(name);
                }
            }
            _ => self.add(name, place, data),
        }
    }
}

fn may_be_null(document: &Document, resolved: &Resolved) -> bool {
    let is_null = |at: &SchemaAt| at.read().is_only_null;
    let variants = resolved.schema.variants();
    resolved.nullable || variants.iter().any(|at| is_null(at) || document.follow(at).is_some_and(|it| it.is_only_null))
}

fn members<'a>(document: &'a Document, property: &RawProperty<'a>) -> Properties<'a> {
    property.schemas.first().map(|schema| properties(document, schema)).unwrap_or_default()
}

/// What a `type` can be. A default says nothing: another one is possible.
pub fn ty_of<'a>(document: &'a Document, property: &RawProperty<'a>) -> Ty<'a> {
    let resolved = |at| Resolved::of(document, at).map(|resolved| resolved.schema);
    let mut texts: Vec<Option<&'a str>> = Vec::new();
    for schema in property.schemas.iter().chain(&property.remarks).map(resolved) {
        let Some(schema) = schema.filter(|schema| schema.variants().is_empty()) else { return Ty::Several };
        texts.extend(schema.named_choices().filter(|choice| !choice.is_null()).map(Value::as_str));
    }
    texts.sort_unstable();
    texts.dedup();
    match texts[..] {
        [] => Ty::Any,
        [Some(only)] => Ty::Always(only),
        _ => Ty::Several,
    }
}
