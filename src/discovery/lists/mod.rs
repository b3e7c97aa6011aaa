//! How an API lists the rows of a collection: pages, times to start from, where the rows are in an answer.

mod paging;

pub use paging::{Page, Size};

use super::keys;
use super::resources::Resource;
use super::rows::{Row, Unwrapped, inner_row, list_row};
use crate::openapi::{Document, find_response, properties, query_parameters};

/// What the document says of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Where the rows are in an answer, the outermost member first.
    pub rows: Vec<String>,
    /// Where the row is within an element of the list.
    pub row: Vec<String>,
    pub page: Page,
    /// Parameters of the query that the API requires, and that nothing fills.
    pub required: Vec<String>,
}

/// Reads how the API lists the rows. `None` where no operation does.
pub fn listing<'a>(document: &'a Document, resource: &Resource<'a>, row: &Row<'a>, key: &[String]) -> Option<Listing> {
    let (item, operation) = resource.collection_operation("get")?;
    let name = resource.last_segment();
    let answer = find_response(document, &operation).map(|node| node.schema());
    let listed = answer.and_then(|answer| list_row(document, answer, name));
    let rows: Vec<&str> = listed.as_ref().map(|listed| listed.keys.clone()).unwrap_or_default();
    let inner = listed.filter(|listed| !has_key(document, listed, row, key));
    let inner = inner.and_then(|listed| inner_row(document, &listed, name));
    let inner = inner.map(|inner| inner.keys.get(rows.len()..).unwrap_or_default().to_vec()).unwrap_or_default();

    let parameters = query_parameters(document, &item.node, &operation);
    let page = paging::page(&parameters);
    let filled = page.parameters();
    let is_missing = |name: &str| !filled.contains(&name);
    let required = parameters.iter().filter(|parameter| parameter.required && parameter.default.is_none());
    let required = required.map(|parameter| parameter.name).filter(|name| is_missing(name)).map(str::to_owned);
    Some(Listing { required: required.collect(), rows: owned(&rows), row: owned(&inner), page })
}

/// Whether an element of the list has the key itself.
fn has_key<'a>(document: &'a Document, listed: &Unwrapped<'a>, row: &Row<'a>, key: &[String]) -> bool {
    let found = properties(document, &listed.row);
    key.iter().filter(|name| row.properties.contains_key(name.as_str())).all(|name| found.contains_key(name.as_str()))
        || keys::looks_like_row(&found)
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
