use std::iter;

use super::envelope::{self, Unwrapped};
use super::form::form;
use super::from_bodies::written_row;
use super::guess::{KnownIds, guess};
use super::row::{Answer, Row};
use crate::discovery::keys;
use crate::discovery::layout::{Layout, row_layout};
use crate::discovery::resources::{PathItem, Resource};
use crate::names;
use crate::openapi::{Document, Node, Resolved, SchemaAt, find_response, local_pointer};

/// The outcome of the search for a resource's row.
pub enum Found<'a> {
    Row(Box<Row<'a>>),
    /// There are rows, but no key.
    NoKey(Box<Row<'a>>),
    /// The paths are those of a collection, but no response has a schema for its rows.
    Untyped,
    /// Something else: an action, a single object.
    NotACollection,
}

/// Finds the row in the item's response, else in the list's, in those of writes, and inside the list's items: the first
/// with a key, or else the first with a key that can be guessed.
pub fn find_row<'a>(document: &'a Document, resource: &Resource<'a>, ids: &KnownIds) -> Found<'a> {
    let name = resource.last_segment();
    let answer = |operation: Option<(&PathItem<'a>, Node<'a>)>| {
        let (item, operation) = operation?;
        Some((item.path, find_response(document, &operation)?.schema()))
    };
    let parameters = keys::item_parameters(resource);
    let found = |method, path, unwrapped: Unwrapped<'a>| {
        (unwrapped.row, Answer { method, path, keys: unwrapped.keys, is_body: false })
    };
    let listed = answer(resource.collection_operation("get"))
        .and_then(|(path, at)| Some((path, envelope::list_row(document, at, name)?)));
    let has_item = !resource.item.is_empty();
    let reads = resource.collection_operation("get").is_some();
    let posts = resource.collection_operation("post").is_some();
    if listed.is_none() && !(has_item && (reads || posts)) {
        return Found::NotACollection;
    }
    let single = |method, operation| {
        let (path, at) = answer(operation)?;
        Some(found(method, path, envelope::item_row(document, at, name, &parameters)?))
    };
    let list = listed.clone().map(|(path, listed)| found("GET", path, listed));
    let inner = || {
        let (path, listed) = listed.as_ref()?;
        Some(found("GET", path, envelope::inner_row(document, listed, name)?))
    };
    let reads = iter::once_with(|| single("GET", resource.item_operation("get"))).chain(iter::once(list));
    let writes = [
        ("POST", resource.collection_operation("post")),
        ("PATCH", resource.item_operation("patch")),
        ("PUT", resource.item_operation("put")),
    ];
    let writes = writes.into_iter().filter(|_| has_item || posts).map(|(method, operation)| single(method, operation));
    let sure = reads.chain(writes).flatten().map(|found| (found, false));
    let guesses = iter::once_with(inner).flatten().map(|found| (found, true));
    let mut without_key = Vec::new();
    for ((schema, answer), is_guess) in sure.chain(guesses) {
        let schema = variant_called(document, schema, name);
        let form = form(document, resource, &schema);
        let Layout { mut properties, places, related, .. } = row_layout(document, &schema, form);
        // A response doesn't have write-only properties.
        properties.retain(|_, property| !property.resolve(document).is_some_and(|resolved| resolved.write_only));
        if properties.is_empty() {
            continue;
        }
        let component = component(document, &schema);
        let row = Row { schema, component, form, properties, places, related, answer, guessed_key: None, is_guess };
        let row = Box::new(row);
        if keys::detect(&row.properties, resource).is_some() {
            return Found::Row(row);
        }
        without_key.push(row);
    }
    let guesses = without_key.iter().filter_map(|row| Some((row, guess(document, row, resource, ids)?)));
    if let Some((row, key)) = guesses.min_by_key(|(_, key)| key.by) {
        let row = row.as_ref().clone();
        return Found::Row(Box::new(Row { guessed_key: Some(key), is_guess: true, ..row }));
    }
    match without_key.into_iter().next() {
        Some(row) => Found::NoKey(row),
        None => match written_row(document, resource) {
            Some(row) if row.key(resource).is_some() => Found::Row(Box::new(row)),
            _ => Found::Untyped,
        },
    }
}

/// Of a union, the variant that is called as the rows are: of a product and a shop, the product in `products`.
fn variant_called<'a>(document: &'a Document, at: SchemaAt<'a>, name: &str) -> SchemaAt<'a> {
    let Some(resolved) = Resolved::of(document, &at) else { return at };
    let singular = names::singular(name);
    let is_called = |variant: &&SchemaAt<'a>| {
        component(document, variant).is_some_and(|component| keys::same_name(&component, &singular))
    };
    resolved.schema.variants().iter().find(is_called).cloned().unwrap_or(at)
}

/// The name of the component that a schema is, also through an `allOf` that only annotates it.
pub(super) fn component<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Option<String> {
    if let Some(reference) = at.reference() {
        return document.component_name(&local_pointer(reference)?);
    }
    document.component_name(&Resolved::of(document, at)?.schema.pointer)
}
