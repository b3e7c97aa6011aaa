//! What an operation sends of a row.

use serde_json::json;

use super::body::Taken;
use super::fit::{Fit, fit, fits_form};
use super::parameters::{Of, Outside};
use super::writing::{Outcome, RowField, Unusable, Writing};
use crate::discovery::{self, Form, Layout, PathItem};
use crate::model::list::Answer;
use crate::model::project::{Constant, Input, Method, Operation};
use crate::openapi::{Node, Properties, RawProperty};

/// A usable operation and the properties of its body.
pub struct Writer<'a> {
    pub operation: Operation,
    /// The properties of the body; empty without a schema.
    pub properties: Properties<'a>,
    pub takes_write_id: bool,
    /// Properties that the body of a create needs and that no row has.
    pub inputs: Vec<Input>,
    /// Optional properties of the body that nothing fills.
    pub unsent: Vec<Unsent>,
    /// Parameters that neither a row nor the config fills.
    pub outside: Vec<Outside>,
}

/// An optional property of a body, and why nothing fills it.
pub struct Unsent {
    pub name: String,
    pub why: &'static str,
}

impl<'a> Writer<'a> {
    /// Of an operation whose body has no schema, or that has none.
    fn bodiless(operation: Operation) -> Self {
        let (properties, inputs, unsent, outside) = (Properties::new(), Vec::new(), Vec::new(), Vec::new());
        Self { operation, properties, takes_write_id: false, inputs, unsent, outside }
    }

    /// The property of the body that a field is.
    pub fn property(&self, field: &str) -> Option<&RawProperty<'a>> {
        let named = self.operation.names.iter().find(|(own, _)| own == field).map(|(_, name)| name.as_str());
        self.properties.get(named.unwrap_or(field))
    }
}

impl<'a> Writing<'_, 'a> {
    pub(super) fn writer(
        &self,
        method: Method,
        item: &PathItem<'a>,
        node: &Node<'a>,
        creates: bool,
    ) -> Result<Writer<'a>, Unusable> {
        let of = if creates { Of::NewRow } else { Of::Row };
        let (operation, outside) = self.addressed(method, item, node, of)?;
        let unusable = |reason: String| Unusable::because(node, reason);
        let Some(Taken { layout, envelope, media, is_form }) = self.taken(item, node).map_err(unusable)? else {
            return Ok(Writer { outside, ..Writer::bodiless(self.untyped(operation, node)) });
        };
        let Layout { mut properties, places, nullable, constants, containers, related: _ } = layout;
        let takes_write_id = properties.shift_remove("write_id").is_some();
        let is_read_only =
            |property: &RawProperty<'a>| property.resolve(self.document).is_some_and(|resolved| resolved.read_only);
        // An update in JSON:API says which row it is of, even where nothing may change that.
        let says_key = !creates && self.form != Form::Plain;
        let is_key = |name: &str| self.own_key.iter().any(|key| key == name);
        properties.retain(|name, property| (says_key && is_key(name)) || !is_read_only(property));
        let files = properties.iter().filter(|(name, property)| self.is_file(node, is_form, name, property));
        let files: Vec<&str> = files.map(|(name, _)| *name).collect();
        let mut operation = Operation { envelope, media, answer: self.answer(node), ..operation };
        let (mut sent, mut always): (Vec<&str>, Vec<&str>) = Default::default();
        for field in self.fields {
            let Some((name, property)) = self.property_of(&properties, field) else { continue };
            if files.contains(&name) {
                continue;
            }
            let names_row = !creates && is_key(&field.name) && (says_key || property.required);
            if field.read_only && !names_row {
                continue;
            }
            // What the path says need not be said again.
            if field.place.is_some() && !property.required {
                continue;
            }
            let Some(typed) = self.types.property(property).filter(|typed| !is_form || fits_form(typed.ty)) else {
                continue;
            };
            let Some(fit) = fit(self.document, field, &typed, property, names_row) else { continue };
            sent.push(name);
            operation.body.push(field.name.clone());
            if let Some(place) = places.get(name) {
                operation.places.push((field.name.clone(), owned(place)));
            }
            if name != field.name {
                operation.names.push((field.name.clone(), name.to_owned()));
            }
            if let Fit::As(cast) = fit {
                operation.casts.push((field.name.clone(), cast));
            }
            let is_nullable = typed.nullable || nullable.contains(name);
            let is_required = property.required || names_row;
            if is_required && (creates || method == Method::Put || !self.has_default(property)) {
                always.push(name);
            }
            if is_required && is_nullable && field.nullable {
                operation.nulls.push(field.name.clone());
            } else if is_required && !creates && method != Method::Put && !self.has_default(property) {
                operation.required.push(field.name.clone());
            }
        }
        let is_filled = |name: &str| sent.contains(&name) || operation.has_outside_body(name);
        let needs = self.needs(&properties, is_filled, &files, is_form, creates).map_err(unusable)?;
        if operation.body.is_empty() && needs.inputs.is_empty() {
            return Err(unusable("it takes none of the row's fields".to_owned()));
        }
        let constant = |(place, value): &(Vec<&str>, Option<&str>)| Constant {
            place: owned(place),
            value: value.unwrap_or_else(|| self.resource.last_segment()).into(),
        };
        let empty = |place: Vec<String>| Constant { place, value: json!({}) };
        let place_of = |name: &str| places.get(name).map_or_else(|| vec![name.to_owned()], |place| owned(place));
        let is_in = |name: &str, outer: &[&str]| places.get(name).is_some_and(|place| place.starts_with(outer));
        // Others are there with what is always in them.
        let bare = containers.iter().filter(|outer| !always.iter().any(|name| is_in(name, outer)));
        let objects = bare.map(|place| owned(place)).chain(needs.empty.iter().map(|name| place_of(name)));
        let inner = needs.inputs.iter().filter(|input| places.contains_key(input.name.as_str()));
        let inner: Vec<_> = inner.map(|input| (input.name.clone(), place_of(&input.name))).collect();
        // `api_name` beside the `apiName` that is sent is the same.
        let is_sent_as_other = |name: &str| sent.iter().any(|other| discovery::same_name(other, name));
        let is_said = |name: &str| is_filled(name) || needs.fill(name) || is_sent_as_other(name);
        let why = |name: &str| match (files.contains(&name), self.is_carried(name)) {
            (true, _) => "which is a file",
            (false, true) => "which its rows can't fill",
            (false, false) => "which its rows don't have",
        };
        let unsent = properties.keys().filter(|name| !is_said(name));
        let unsent = unsent.map(|name| Unsent { name: (*name).to_owned(), why: why(name) }).collect();
        operation.constants = constants.iter().map(constant).chain(objects.map(empty)).collect();
        operation.places.extend(inner);
        Ok(Writer { operation, properties, takes_write_id, inputs: needs.inputs, unsent, outside })
    }

    pub fn delete(&self) -> Outcome<Writer<'a>> {
        let Some((item, node)) = self.resource.item_operation("delete") else { return Ok(None) };
        let (operation, outside) = self.addressed(Method::Delete, item, &node, Of::Row)?;
        // Of a row that is gone, no row is expected.
        let answer = Answer { row: None, ..self.answer(&node) };
        Ok(Some(Writer { outside, ..Writer::bodiless(Operation { answer, ..operation }) }))
    }

    /// For a body without a schema: sends everything that isn't read-only.
    fn untyped(&self, mut operation: Operation, node: &Node<'a>) -> Operation {
        let is_written =
            |field: &&RowField| !field.read_only && field.place.is_none() && !self.key.contains(&field.name);
        let writable = self.fields.iter().filter(is_written);
        operation.body = writable.map(|field| field.name.clone()).collect();
        operation.answer = self.answer(node);
        operation
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
