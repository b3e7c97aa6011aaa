//! Finds rows in envelopes: `{ "items": [ … ], "total": 3 }`, `{ "data": { … } }`.

use crate::discovery::keys;
use crate::discovery::resources::Resource;
use crate::names;
use crate::openapi::{Document, Properties, RawProperty, Resolved, Schema, SchemaAt, Type, properties};

/// The maximum of nested envelopes.
const MAX_DEPTH: usize = 4;

/// The maximum of variants of a response that are searched.
const MAX_VARIANTS: usize = 8;

/// Keys of lists in envelopes, the most common first.
pub const LIST_KEYS: &[&str] = &[
    "items", "data", "results", "content", "records", "rows", "entries", "list", "values", "elements", "docs", "value",
];

/// Names of what a person calls one thing by.
const OWN_NAMES: &[&str] = &["name", "title", "label", "slug"];

/// Lists that stand beside the rows: of JSON:API.
const BESIDE_ROWS: &[&str] = &["included", "errors"];

/// Keys of single rows, and of nested envelopes.
const ITEM_KEYS: &[&str] = &["data", "item", "result", "payload", "response", "content", "value"];

/// A row that was found in a response.
#[derive(Debug, Clone)]
pub struct Unwrapped<'a> {
    pub row: SchemaAt<'a>,
    /// The keys of its envelopes, the outermost first.
    pub keys: Vec<&'a str>,
}

impl<'a> Unwrapped<'a> {
    fn under(mut self, key: &'a str) -> Self {
        self.keys.insert(0, key);
        self
    }
}

/// The schema of the rows in a list's response.
pub fn list_row<'a>(document: &'a Document, at: SchemaAt<'a>, name: &str) -> Option<Unwrapped<'a>> {
    list_row_at(document, at, name, 0)
}

fn list_row_at<'a>(document: &'a Document, at: SchemaAt<'a>, name: &str, depth: usize) -> Option<Unwrapped<'a>> {
    let schema = Resolved::of(document, &at).filter(|_| depth < MAX_DEPTH)?.schema;
    if let Some(row) = rows_of_array(document, &schema) {
        return Some(Unwrapped { row, keys: Vec::new() });
    }
    let properties = properties(document, &at);
    if properties.is_empty() || keys::looks_like_row(&properties) {
        let mut variants = schema.variants().iter().take(MAX_VARIANTS);
        return variants.find_map(|variant| list_row_at(document, variant.clone(), name, depth + 1));
    }
    let array = |property: &'a str| {
        let schema = properties.get(property)?.schemas.first()?;
        let row = rows_of_array(document, &Resolved::of(document, schema)?.schema)?;
        Some(Unwrapped { row, keys: vec![property] })
    };
    let named = properties.keys().filter(|property| names_match(property, name)).copied();
    let known = named.chain(LIST_KEYS.iter().copied()).find_map(array);
    // Nothing says what its rows are.
    let is_list =
        |property: &RawProperty<'a>| property.resolve(document).is_some_and(|data| data.schema.ty == Some(Type::Array));
    let is_untyped = properties.get("data").is_some_and(is_list);
    let only = || only_array(&properties, array).filter(|_| !is_untyped);
    known.or_else(only).or_else(|| {
        let (key, inner) = ITEM_KEYS.iter().find_map(|key| properties.get_key_value(key))?;
        Some(list_row_at(document, inner.schemas.first()?.clone(), name, depth + 1)?.under(key))
    })
}

/// The rows of the only list of objects among the properties. What has a name of its own is one thing with a list in it.
fn only_array<'a>(
    properties: &Properties<'a>,
    array: impl Fn(&'a str) -> Option<Unwrapped<'a>>,
) -> Option<Unwrapped<'a>> {
    if properties.keys().any(|name| OWN_NAMES.contains(name)) {
        return None;
    }
    let names = properties.keys().filter(|name| !BESIDE_ROWS.contains(*name));
    let mut arrays = names.filter_map(|name| array(name));
    let only = arrays.next()?;
    arrays.next().is_none().then_some(only)
}

fn rows_of_array<'a>(document: &'a Document, schema: &Schema<'a>) -> Option<SchemaAt<'a>> {
    let items = schema.items()?;
    (!properties(document, &items).is_empty()).then_some(items)
}

/// The schema of the row in the response of a single item.
pub fn item_row<'a>(
    document: &'a Document,
    at: SchemaAt<'a>,
    name: &str,
    parameters: &[&str],
) -> Option<Unwrapped<'a>> {
    let mut at = at;
    let mut keys = Vec::new();
    for _ in 0..MAX_DEPTH {
        let properties = properties(document, &at);
        let is_row = keys::looks_like_row(&properties)
            || parameters
                .last()
                .is_some_and(|parameter| properties.keys().any(|name| keys::same_name(name, parameter)));
        if is_row {
            return Some(Unwrapped { row: at, keys });
        }
        let singular = names::singular(name);
        let inner = properties
            .iter()
            .filter(|(key, _)| {
                ITEM_KEYS.contains(*key) || keys::same_name(key, &singular) || keys::same_name(key, name)
            })
            .find_map(|(key, property)| {
                let schema = property.schemas.first()?;
                (!self::properties(document, schema).is_empty()).then(|| (*key, schema.clone()))
            });
        match inner {
            Some((key, inner)) => {
                keys.push(key);
                at = inner;
            }
            None => return (!properties.is_empty()).then_some(Unwrapped { row: at, keys }),
        }
    }
    None
}

/// The row in the answer to a write, or to a request for one item.
pub fn answered_row<'a>(document: &'a Document, at: SchemaAt<'a>, resource: &Resource<'a>) -> Option<Unwrapped<'a>> {
    item_row(document, at, resource.last_segment(), &keys::item_parameters(resource))
}

/// The row inside a list item without an id: `{ "charge": { … }, "paid": 3 }` in `charges`, or a
/// feature of GeoJSON.
pub fn inner_row<'a>(document: &'a Document, listed: &Unwrapped<'a>, name: &str) -> Option<Unwrapped<'a>> {
    let properties = properties(document, &listed.row);
    if keys::looks_like_row(&properties) {
        return None;
    }
    let singular = names::singular(name);
    let is_feature = properties.contains_key("geometry");
    let is_row = |key: &str| keys::same_name(key, &singular) || (is_feature && key == "properties");
    let (key, property) = properties.iter().find(|(key, _)| is_row(key))?;
    let row = property.schemas.first()?;
    let keys = listed.keys.iter().copied().chain([*key]).collect();
    keys::looks_like_row(&self::properties(document, row)).then(|| Unwrapped { row: row.clone(), keys })
}

/// Whether a property has the name of the resource, in the singular or the plural.
fn names_match(property: &str, name: &str) -> bool {
    keys::same_name(property, name) || keys::same_name(&names::singular(property), &names::singular(name))
}
