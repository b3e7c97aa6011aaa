//! Groups paths into resources: a collection path with its item path.

use std::collections::BTreeMap;

use super::enumerated;
use super::keys;
use super::paths::{self, Segment};
use super::resources::{PathItem, Resource, ends_in_parameter};
use super::rows::{item_row, list_row};
use crate::openapi::{Document, Node, Resolved, find_response, properties};

/// The maximum of parameters after the collection in an item path, for a composite key.
const MAX_KEY_PARAMETERS: usize = 4;

/// Groups the paths that end in a fixed segment, with their item paths, in order of path: a framework may write the
/// document's own order anew each time. Paths with unmatched braces are reported to `odd`. `given`: what the config says of
/// path parameters.
pub fn resources<'a>(
    document: &'a Document,
    given: &[(String, String)],
    odd: &mut impl FnMut(&Node<'a>),
) -> Vec<Resource<'a>> {
    let items: BTreeMap<&str, Node> = document.paths().collect();
    let mut by_form: BTreeMap<String, Vec<PathItem<'a>>> = BTreeMap::new();
    for (path, node) in items {
        match PathItem::new(document, path, node.clone(), given) {
            Ok(item) if !item.segments.is_empty() => {
                by_form.entry(paths::normal_form(&item.segments)).or_default().push(item);
            }
            Ok(_) | Err(paths::Unread::Action) => {}
            Err(paths::Unread::Odd) => odd(&node),
        }
    }
    let grouped = Grouped { document, by_form: &by_form };
    let resource = |(form, items): (&String, &Vec<PathItem<'a>>)| {
        let (item, is_filtered) = grouped.item_of(form, items);
        Resource {
            collection: without_objects(document, items, &item),
            item,
            also: Vec::new(),
            is_filtered,
            strangers: Vec::new(),
        }
    };
    let plain = by_form.iter().filter(|(_, items)| !ends_in_parameter(items)).map(resource);
    plain.chain(enumerated::resources(document, &by_form)).collect()
}

/// Leaves out the GET of one object: `/session` beside `/session/{id}`. What no schema describes may be a list.
fn without_objects<'a>(
    document: &'a Document,
    collection: &[PathItem<'a>],
    item: &[PathItem<'a>],
) -> Vec<PathItem<'a>> {
    let answer = |item: &PathItem<'a>| Some(find_response(document, item.operation("get")?)?.schema());
    let single = item.iter().find_map(|item| answer(item)?.pointer_of_reference());
    let is_object = |item: &PathItem<'a>| {
        let Some(answer) = answer(item) else { return false };
        let is_row = keys::looks_like_row(&properties(document, &answer))
            || answer.pointer_of_reference().is_some_and(|own| Some(own) == single);
        is_row && list_row(document, answer, "").is_none()
    };
    let mut collection = collection.to_vec();
    for item in collection.iter_mut().filter(|item| is_object(item)) {
        item.operations.retain(|(method, _)| *method != "get");
    }
    collection
}

/// The paths of a document, by their forms.
struct Grouped<'g, 'a> {
    document: &'a Document,
    by_form: &'g BTreeMap<String, Vec<PathItem<'a>>>,
}

impl<'a> Grouped<'_, 'a> {
    /// The paths of a collection's single items: below it, or at the top, where only the list is nested. And whether
    /// those with fewer parameters list by a filter.
    fn item_of(&self, form: &str, collection: &[PathItem<'a>]) -> (Vec<PathItem<'a>>, bool) {
        let keys = (1..=MAX_KEY_PARAMETERS).map(|count| format!("{form}{}", "/{}".repeat(count)));
        let below = keys.filter_map(|key| self.by_form.get(&key));
        let below: Vec<Vec<PathItem>> = below.map(|items| self.without_lists(collection, items)).collect();
        let is_filtered = below.first().is_some_and(Vec::is_empty);
        match below.into_iter().find(|items| !items.is_empty()) {
            Some(items) => (items, is_filtered),
            None => (self.at_the_top(form, collection).unwrap_or_default(), false),
        }
    }

    /// Leaves out what lists by a filter: `/mails/{source}`. A path with a parameter that is a key loses only its GET.
    fn without_lists(&self, collection: &[PathItem<'a>], items: &[PathItem<'a>]) -> Vec<PathItem<'a>> {
        let kept = items.iter().filter_map(|item| {
            let lists = item.operation("get").is_some_and(|get| self.lists_rows(collection, get));
            if !lists {
                return Some(item.clone());
            }
            let parameters = paths::parameters(&item.segments);
            let is_key = parameters.last().is_some_and(|(name, before)| keys::means_own_key(name, *before));
            let mut item = item.clone();
            item.operations.retain(|(method, _)| *method != "get");
            (is_key && !item.operations.is_empty()).then_some(item)
        });
        kept.collect()
    }

    /// Whether an operation answers a list, or the rows of the collection in an envelope.
    fn lists_rows(&self, collection: &[PathItem<'a>], get: &Node<'a>) -> bool {
        let Some(answer) = find_response(self.document, get).map(|node| node.schema()) else { return false };
        let resolved = Resolved::of(self.document, &answer);
        if resolved.is_some_and(|resolved| resolved.schema.items().is_some()) {
            return true;
        }
        let rows = |answer| list_row(self.document, answer, "").map(|listed| listed.row.pointer_of_reference());
        let of_collection = collection.iter().find_map(|item| {
            let answer = find_response(self.document, item.operation("get")?)?;
            rows(answer.schema()).flatten()
        });
        of_collection.is_some() && rows(answer).flatten() == of_collection
    }

    /// `/sections/{section_id}` for `/projects/{project_id}/sections`, where no list stands above it.
    fn at_the_top(&self, form: &str, collection: &[PathItem<'a>]) -> Option<Vec<PathItem<'a>>> {
        let nested = collection.first()?;
        let Some(Segment::Fixed(last)) = nested.segments.last() else { return None };
        let get = nested.operation("get")?;
        if paths::parameters(&nested.segments).is_empty() {
            return None;
        }
        let row_of = |answer: &Node<'a>| Some(find_response(self.document, answer)?.schema());
        let listed = list_row(self.document, row_of(get)?, last)?.row.pointer_of_reference()?;
        let end = format!("/{last}/{{}}");
        let mut found = self.by_form.iter().filter(|(own, items)| {
            let Some(top) = own.strip_suffix("/{}").filter(|_| own.ends_with(&end)) else { return false };
            let is_above = !self.by_form.contains_key(top) && !form.starts_with(top);
            let shows = |item: &PathItem<'a>| {
                let answer = item.operation("get").and_then(row_of)?;
                item_row(self.document, answer, last, &[])?.row.pointer_of_reference()
            };
            is_above && items.iter().any(|item| shows(item).as_ref() == Some(&listed))
        });
        let (_, items) = found.next()?;
        found.next().is_none().then(|| items.clone())
    }
}
