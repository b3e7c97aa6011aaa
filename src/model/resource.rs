//! From paths to resources: a collection path, its item path, and what a row is.

use std::collections::BTreeMap;
use std::iter;

use super::envelope::{self, Unwrapped};
use super::guess::{KnownIds, guess};
use super::key::{self, Detected};
use super::meaning::Meaning;
use super::path::{self, Segment};
use super::properties::{Properties, properties};
use super::written::written_row;
use crate::names;
use crate::openapi::{Document, Node, SchemaAt, SchemaRef, find_response, local_pointer};

/// Parameters that the item path of a composite key may have behind its collection.
const MAX_KEY_PARAMETERS: usize = 4;

/// A path item under one of its spellings.
#[derive(Debug, Clone)]
pub struct PathItem<'a> {
    pub path: &'a str,
    pub segments: Vec<Segment<'a>>,
    pub node: Node<'a>,
    /// By method. Each may stand in another file, although OpenAPI has no reference there.
    operations: Vec<(&'static str, Node<'a>)>,
}

impl<'a> PathItem<'a> {
    fn new(document: &'a Document, path: &'a str, segments: Vec<Segment<'a>>, node: Node<'a>) -> Self {
        let operation = |method| {
            let operation = document.resolve(node.get(method)?)?;
            operation.value.is_object().then_some((method, operation))
        };
        let operations = ["get", "post", "put", "patch", "delete"].into_iter().filter_map(operation).collect();
        Self { path, segments, node, operations }
    }
}

/// A collection of the API, and its items.
#[derive(Debug, Clone)]
pub struct Resource<'a> {
    /// Never empty: `/items/` and `/items` may both be there.
    pub collection: Vec<PathItem<'a>>,
    /// Empty where the API has no path for a single item.
    pub item: Vec<PathItem<'a>>,
    /// Other paths that lead to the same rows.
    pub also: Vec<&'a str>,
}

/// What the API says a row of a resource is.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    pub schema: SchemaAt<'a>,
    /// The component that the schema is, where it has a name.
    pub component: Option<String>,
    pub properties: Properties<'a>,
    pub answer: Answer<'a>,
    /// What may identify a row, where neither its `id` nor its path says so.
    pub guessed_key: Option<Detected>,
    /// Whether it is less sure than others, and changes none of their names.
    pub is_guess: bool,
}

impl Row<'_> {
    pub fn key(&self, resource: &Resource) -> Option<Detected> {
        key::detect(&self.properties, resource).or_else(|| self.guessed_key.clone())
    }
}

/// The answer that a row was found in.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    pub method: &'static str,
    pub path: &'a str,
    /// The keys that the row stands under in it.
    pub keys: Vec<&'a str>,
    /// Whether it is what the operation takes, since no answer says anything.
    pub is_body: bool,
}

impl<'a> Resource<'a> {
    pub fn path(&self) -> &'a str {
        self.collection.first().map_or("", |item| item.path)
    }

    pub fn pointer(&self) -> &str {
        self.collection.first().map_or("", |item| &item.node.pointer)
    }

    pub fn segments(&self) -> &[Segment<'a>] {
        self.collection.first().map_or(&[], |item| &item.segments)
    }

    /// The last fixed segment, which names the rows.
    pub fn last_segment(&self) -> &'a str {
        path::fixed(self.segments()).last().copied().unwrap_or_default()
    }

    pub fn collection_operation(&self, method: &str) -> Option<(&PathItem<'a>, Node<'a>)> {
        operation(&self.collection, method)
    }

    pub fn item_operation(&self, method: &str) -> Option<(&PathItem<'a>, Node<'a>)> {
        operation(&self.item, method)
    }

    /// Whether rows can be addressed or made, so that this is more than a query.
    pub fn has_own_rows(&self) -> bool {
        !self.item.is_empty() || self.collection_operation("post").is_some()
    }
}

fn operation<'i, 'a>(items: &'i [PathItem<'a>], method: &str) -> Option<(&'i PathItem<'a>, Node<'a>)> {
    items.iter().find_map(|item| {
        let (_, operation) = item.operations.iter().find(|(name, _)| *name == method)?;
        Some((item, operation.clone()))
    })
}

/// Every path of the document that ends in a fixed segment, with its item path, in order of path: where several could be
/// the one that counts, the document's order must not decide, since a framework may write it anew each time. Paths whose
/// braces don't match are reported to `odd`.
pub fn resources<'a>(document: &'a Document, odd: &mut impl FnMut(&Node<'a>)) -> Vec<Resource<'a>> {
    let paths: BTreeMap<&str, Node> = document.paths().collect();
    let mut by_form: BTreeMap<String, Vec<PathItem<'a>>> = BTreeMap::new();
    for (path, node) in paths {
        match path::segments(path) {
            Some(segments) if !segments.is_empty() => {
                let form = path::normal_form(&segments);
                by_form.entry(form).or_default().push(PathItem::new(document, path, segments, node));
            }
            Some(_) => {}
            None => odd(&node),
        }
    }
    let item_of = |form: &str| {
        let keys = (1..=MAX_KEY_PARAMETERS).map(|count| format!("{form}{}", "/{}".repeat(count)));
        keys.filter_map(|key| by_form.get(&key)).next().cloned().unwrap_or_default()
    };
    by_form
        .iter()
        .filter(|(form, _)| !form.ends_with("/{}"))
        .map(|(form, items)| Resource { collection: items.clone(), item: item_of(form), also: Vec::new() })
        .collect()
}

/// What is found when the answers of a resource are read for its rows.
pub enum Found<'a> {
    Row(Box<Row<'a>>),
    /// The answers are rows, but nothing in them identifies one.
    NoKey(Box<Row<'a>>),
    /// There are paths as of a collection, but no answer says what a row is.
    Untyped,
    /// Something else: an action, a single object.
    NotACollection,
}

/// The row is what the item's answer carries, else the list's, else what a write answers, else what is inside of what is
/// listed; the first that has a key, or else the first whose key can be guessed.
pub fn find_row<'a>(document: &'a Document, resource: &Resource<'a>, ids: &KnownIds) -> Found<'a> {
    let name = resource.last_segment();
    let answer = |operation: Option<(&PathItem<'a>, Node<'a>)>| {
        let (item, operation) = operation?;
        let node = find_response(document, &operation)?;
        Some((item.path, document.schema(&node.pointer)?))
    };
    let parameters = key::item_parameters(resource);
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
        let mut properties = properties(document, &schema);
        // A response doesn't carry what can only be written.
        properties.retain(|_, property| !property.meaning(document).is_some_and(|meaning| meaning.write_only));
        if properties.is_empty() {
            continue;
        }
        let component = component(document, &schema);
        let row = Box::new(Row { schema, component, properties, answer, guessed_key: None, is_guess });
        if key::detect(&row.properties, resource).is_some() {
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

/// The name of the component that a schema is, also through an `allOf` that only annotates it.
fn component<'a>(document: &'a Document, at: &SchemaAt<'a>) -> Option<String> {
    if let SchemaRef::Reference(reference) = at.schema {
        return document.component_name(&local_pointer(reference)?);
    }
    document.component_name(&Meaning::of(document, at)?.at.pointer)
}

/// `Contact` for a row of `/contacts` whose schema has no name.
pub fn type_name_of_segment(segment: &str) -> String {
    names::pascal_case(&names::singular(segment))
}
