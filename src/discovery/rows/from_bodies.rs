//! Finds the row in request bodies, for an API whose responses have no schemas.

use super::form::{body, form};
use super::row::{Answer, Row};
use crate::discovery::keys;
use crate::discovery::layout::{Layout, row_layout};
use crate::discovery::resources::Resource;
use crate::names;
use crate::openapi::{Document, Properties, RawProperty, Resolved, path_parameter};

/// The name of a key that only the path has.
const KEY: &str = "id";

/// The properties that both bodies and either of them have, behind the key that the item's path takes. Bodies that have
/// none in common are those of an action.
pub fn written_row<'a>(document: &'a Document, resource: &Resource<'a>) -> Option<Row<'a>> {
    let (place, post) = resource.collection_operation("post")?;
    let change = ["patch", "put"].into_iter().find_map(|method| resource.item_operation(method));
    let (new, _) = body(document, place, &post)?;
    let (schema, _) = change.and_then(|(item, node)| body(document, item, &node))?;
    let form = form(document, resource, &new);
    let Layout { properties: created, places, related, .. } = row_layout(document, &new, form);
    let later = row_layout(document, &schema, form);
    let updated = later.properties;
    if !created.keys().any(|name| updated.contains_key(name)) {
        return None;
    }
    let mut found = Properties::new();
    let has_id = created.keys().chain(updated.keys()).any(|name| keys::looks_like_id(name));
    if !has_id {
        found.insert(KEY, key_of_path(document, resource)?);
    }
    // A property of the update alone may be missing in a new row.
    let changed = updated.into_iter().map(|(name, property)| (name, RawProperty { required: false, ..property }));
    for (name, property) in created.into_iter().chain(changed) {
        found.entry(name).or_insert(property);
    }
    found.retain(|_, property| !property.resolve(document).is_some_and(|resolved| resolved.is_secret()));
    let answer = Answer { method: "POST", path: place.path, keys: Vec::new(), is_body: true };
    Some(Row {
        schema,
        component: None,
        form,
        properties: found,
        places: later.places.into_iter().chain(places).collect(),
        related: later.related.into_iter().chain(related).collect(),
        answer,
        guessed_key: None,
        is_guess: true,
    })
}

/// The only parameter of the item path, if it has the name of a key.
fn key_of_path<'a>(document: &'a Document, resource: &Resource<'a>) -> Option<RawProperty<'a>> {
    let [parameter] = keys::item_parameters(resource)[..] else { return None };
    let words = names::snake_case(parameter);
    if !keys::looks_like_id(parameter) && !words.ends_with("_id") {
        return None;
    }
    let operations = ["get", "patch", "put", "delete"].into_iter().filter_map(|method| resource.item_operation(method));
    let found = operations.filter_map(|(item, node)| path_parameter(document, &item.node, &node, parameter)).next()?;
    let schema = found.schema();
    Resolved::of(document, &schema)?;
    Some(RawProperty { schemas: vec![schema], remarks: Vec::new(), required: true })
}
