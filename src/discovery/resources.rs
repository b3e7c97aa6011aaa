//! Groups paths into resources: a collection path with its item path.

use std::collections::BTreeMap;

use super::paths::{self, Segment};
use crate::openapi::{Document, Node};

/// The maximum of parameters after the collection in an item path, for a composite key.
const MAX_KEY_PARAMETERS: usize = 4;

/// A path item with its path.
#[derive(Debug, Clone)]
pub struct PathItem<'a> {
    pub path: &'a str,
    pub segments: Vec<Segment<'a>>,
    pub node: Node<'a>,
    /// By method. Real documents have references here, though OpenAPI doesn't allow them.
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
    /// Never empty; more than one for `/items/` and `/items`.
    pub collection: Vec<PathItem<'a>>,
    /// Empty if the API has no path for a single item.
    pub item: Vec<PathItem<'a>>,
    /// Other paths that lead to the same rows.
    pub also: Vec<&'a str>,
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
        paths::fixed(self.segments()).last().copied().unwrap_or_default()
    }

    pub fn collection_operation(&self, method: &str) -> Option<(&PathItem<'a>, Node<'a>)> {
        operation(&self.collection, method)
    }

    pub fn item_operation(&self, method: &str) -> Option<(&PathItem<'a>, Node<'a>)> {
        operation(&self.item, method)
    }

    /// Whether the API can address or create its rows: otherwise it is a query.
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

/// Groups the paths that end in a fixed segment, with their item paths, in order of path: a framework may write the
/// document's own order anew each time. Paths with unmatched braces are reported to `odd`.
pub fn resources<'a>(document: &'a Document, odd: &mut impl FnMut(&Node<'a>)) -> Vec<Resource<'a>> {
    let items: BTreeMap<&str, Node> = document.paths().collect();
    let mut by_form: BTreeMap<String, Vec<PathItem<'a>>> = BTreeMap::new();
    for (path, node) in items {
        match paths::segments(path) {
            Some(segments) if !segments.is_empty() => {
                let form = paths::normal_form(&segments);
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
