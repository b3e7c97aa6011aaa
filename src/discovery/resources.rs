//! What a collection is: its path with the path of its items.

use super::constants;
use super::paths::{self, Segment};
use crate::openapi::{Document, Node, path_parameter};

/// A path item with its path.
#[derive(Debug, Clone)]
pub struct PathItem<'a> {
    /// As the document has it.
    pub path: &'a str,
    pub segments: Vec<Segment<'a>>,
    pub node: Node<'a>,
    /// By method. Real documents have references here, though OpenAPI doesn't allow them.
    pub(super) operations: Vec<(&'static str, Node<'a>)>,
    /// Parameters of the path with the value that they always have.
    constants: Vec<(&'a str, String)>,
}

impl<'a> PathItem<'a> {
    pub(super) fn new(
        document: &'a Document,
        path: &'a str,
        node: Node<'a>,
        given: &[(String, String)],
    ) -> Result<Self, paths::Unread> {
        let operation = |method| {
            let operation = document.resolve(node.get(method)?)?;
            operation.value.is_object().then_some((method, operation))
        };
        let operations: Vec<_> = ["get", "post", "put", "patch", "delete"].into_iter().filter_map(operation).collect();
        let constants = constants::of(document, path, &node, operations.iter().map(|(_, node)| node), given);
        // Braces of another kind than a parameter's.
        let is_declared = |name: &&str| {
            constants.iter().any(|(own, _)| own == name)
                || operations.iter().any(|(_, operation)| path_parameter(document, &node, operation, name).is_some())
        };
        if !paths::partial_parameters(path).iter().all(is_declared) {
            return Err(paths::Unread::Odd);
        }
        let segments = paths::read(path, |name| constants.iter().any(|(own, _)| *own == name))?;
        Ok(Self { path, segments, node, operations, constants })
    }

    pub(super) fn operation(&self, method: &str) -> Option<&Node<'a>> {
        self.operations.iter().find(|(name, _)| *name == method).map(|(_, operation)| operation)
    }

    /// The path as a client sends it, with placeholders for what rows fill.
    pub fn sent(&self) -> String {
        paths::sent(self.path, |name| self.value(name))
    }

    fn value(&self, parameter: &str) -> Option<&str> {
        self.constants.iter().find(|(name, _)| *name == parameter).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter takes several parts of the path at once: `{name=projects/*/topics/*}`.
    pub fn spans(&self, index: usize) -> bool {
        let parameters = paths::parameters(&self.segments);
        parameters.get(index).is_some_and(|(name, _)| self.sent().contains(&format!("{{+{name}}}")))
    }

    /// With a value for a parameter that is the segment at this place.
    pub(super) fn with_value(&self, place: usize, value: &'a str) -> Self {
        let mut item = self.clone();
        if let Some(segment) = item.segments.get_mut(place) {
            if let Segment::Parameter(name) = segment {
                item.constants.push((name, value.to_owned()));
            }
            *segment = Segment::Fixed(value);
        }
        item
    }

    fn without_value(&self) -> impl Iterator<Item = &'a str> {
        paths::partial_parameters(self.path).into_iter().filter(|name| self.value(name).is_none())
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
    /// Whether a path between the list and its items lists by a filter: `/mails/{source}` before `/mails/{source}/{mail_id}`.
    pub is_filtered: bool,
    /// Parameters of the item paths that aren't the id of a row, but of something else: `{user_id}` behind `members`.
    pub strangers: Vec<&'a str>,
}

impl<'a> Resource<'a> {
    pub fn path(&self) -> &'a str {
        self.collection.first().map_or("", |item| item.path)
    }

    pub fn pointer(&self) -> &str {
        self.collection.first().map_or("", |item| &item.node.pointer)
    }

    /// The parameters that only the config can give a value, with the path of each.
    pub fn without_value(&self) -> impl Iterator<Item = (&PathItem<'a>, &'a str)> {
        let all = self.collection.iter().chain(&self.item);
        all.flat_map(|item| item.without_value().map(move |name| (item, name)))
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
    items.iter().find_map(|item| Some((item, item.operation(method)?.clone())))
}

/// Whether paths lead to single items.
pub(super) fn ends_in_parameter(items: &[PathItem]) -> bool {
    items.first().is_some_and(|item| matches!(item.segments.last(), Some(Segment::Parameter(_))))
}
