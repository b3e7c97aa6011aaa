//! Collections that one path has together, told apart by a parameter with a list of names: `/objects/{entity}`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::paths::Segment;
use super::resources::{PathItem, Resource, ends_in_parameter};
use super::rows::list_row;
use crate::openapi::{Document, Resolved, find_response, path_parameter};

/// The most names that one parameter is read for.
const MAX_NAMES: usize = 32;

/// A resource for each name, where the path lists rows and has a path for single ones below it.
pub fn resources<'a>(document: &'a Document, by_form: &BTreeMap<String, Vec<PathItem<'a>>>) -> Vec<Resource<'a>> {
    let mut found = Vec::new();
    for (form, lists) in by_form.iter().filter(|(_, items)| ends_in_parameter(items)) {
        let Some(items) = by_form.get(&format!("{form}/{{}}")) else { continue };
        let Some(list) = lists.first().filter(|list| lists_rows(document, list)) else { continue };
        let place = list.segments.len().saturating_sub(1);
        for name in names(document, list) {
            let of_name = |items: &[PathItem<'a>]| items.iter().map(|item| item.with_value(place, name)).collect();
            let (collection, item) = (of_name(lists), of_name(items));
            found.push(Resource { collection, item, also: Vec::new(), is_filtered: false, strangers: Vec::new() });
        }
    }
    found
}

fn lists_rows<'a>(document: &'a Document, list: &PathItem<'a>) -> bool {
    let answer = list.operation("get").and_then(|get| find_response(document, get));
    answer.is_some_and(|answer| list_row(document, answer.schema(), "").is_some())
}

/// The names that the last parameter takes, if there are several.
fn names<'a>(document: &'a Document, list: &PathItem<'a>) -> Vec<&'a str> {
    let Some(Segment::Parameter(parameter)) = list.segments.last() else { return Vec::new() };
    let schema = list.operation("get").and_then(|get| path_parameter(document, &list.node, get, parameter));
    let resolved = schema.and_then(|schema| Resolved::of(document, &schema.schema()));
    let names: Vec<&str> = resolved
        .into_iter()
        .flat_map(|resolved| resolved.schema.named_choices())
        .filter_map(Value::as_str)
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)))
        .collect();
    if (2..=MAX_NAMES).contains(&names.len()) { names } else { Vec::new() }
}
