//! How an API lists the rows of a collection: pages, times to start from, where the rows are in an answer.

mod found;
mod members;
mod overrides;
mod paging;
mod times;

pub use found::Listing;
pub use paging::{Page, Size};
pub use times::{changed, deleted};

use super::keys;
use super::layout::laid_out;
use super::resources::Resource;
use super::rows::{Row, Unwrapped, inner_row, list_row};
use crate::config::ListConfig;
use crate::openapi::{Document, answers_header, find_response, json_type, properties, query_parameters};
use members::Members;
use paging::Evidence;

/// Reads how the API lists the rows. `None` where no operation does.
pub fn listing<'a>(
    document: &'a Document,
    resource: &Resource<'a>,
    row: &Row<'a>,
    key: &[String],
    config: Option<&ListConfig>,
) -> Option<Listing> {
    let (item, operation) = resource.collection_operation("get")?;
    let name = resource.last_segment();
    let answer = find_response(document, &operation).map(|node| node.schema());
    let listed = answer.clone().and_then(|answer| list_row(document, answer, name));
    let rows: Vec<&str> = listed.as_ref().map(|listed| listed.keys.clone()).unwrap_or_default();
    let inner = listed.as_ref().filter(|listed| !has_key(document, listed, row, key));
    let inner = inner.and_then(|listed| inner_row(document, listed, name));
    let beside = listed.as_ref().zip(inner.as_ref()).map(|(listed, inner)| beside(document, listed, inner));
    let within = inner.as_ref().map(|inner| inner.keys.get(rows.len()..).unwrap_or_default().to_vec());

    let members = answer.map(|answer| Members::of(document, &answer, &rows)).unwrap_or_default();
    let parameters = query_parameters(document, &item.node, &operation);
    let has_link = answers_header(document, &operation, "Link");
    let evidence = Evidence { parameters: &parameters, members: &members, has_link, key: only(key) };
    let page = evidence.page();
    let unpaged = evidence.unused().filter(|_| matches!(page, Page::None { .. })).map(str::to_owned);
    let shown = inner.or(listed).map(|shown| laid_out(document, &shown.row, row.form).properties).unwrap_or_default();
    let lacks = row.properties.keys().filter(|name| !shown.is_empty() && !shown.contains_key(*name));
    let mut listing = Listing {
        path: item.sent(),
        rows: owned(&rows),
        row: owned(&within.unwrap_or_default()),
        beside: beside.unwrap_or_default(),
        media: json_type(document, &operation).map(str::to_owned),
        page,
        unpaged,
        since: times::since(&parameters).map(str::to_owned),
        lacks: lacks.map(|name| (*name).to_owned()).collect(),
    };
    if let Some(config) = config {
        overrides::apply(&mut listing, config, &evidence);
    }
    Some(listing)
}

/// What stands beside a row and says nothing of it: paging, links, and how well it fits what was looked for.
const ABOUT_THE_LIST: &[&str] = &["cursor", "links", "score", "typename"];

/// What an element of the list has beside the row within it. The `type` of GeoJSON is the same in all of them.
fn beside<'a>(document: &'a Document, listed: &Unwrapped<'a>, inner: &Unwrapped<'a>) -> Vec<String> {
    let all = properties(document, &listed.row);
    let is_type = |name: &str| name == "type" && all.contains_key("geometry");
    let is_row = |name: &str| inner.keys.last() == Some(&name);
    let is_about_list = |name: &str| ABOUT_THE_LIST.iter().any(|other| keys::same_name(name, other));
    let others = all.keys().filter(|name| !is_row(name) && !is_type(name) && !is_about_list(name));
    others.map(|name| (*name).to_owned()).collect()
}

/// Whether an element of the list has the key itself.
fn has_key<'a>(document: &'a Document, listed: &Unwrapped<'a>, row: &Row<'a>, key: &[String]) -> bool {
    let found = properties(document, &listed.row);
    key.iter().filter(|name| row.properties.contains_key(name.as_str())).all(|name| found.contains_key(name.as_str()))
        || keys::looks_like_row(&found)
}

fn only(key: &[String]) -> Option<&str> {
    match key {
        [name] => Some(name),
        _ => None,
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests;
