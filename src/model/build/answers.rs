//! Reads what the API answers to a request for one row.

use crate::discovery::{Form, Resource, answered_row, laid_out};
use crate::model::list::Answer;
use crate::openapi::{Document, Node, declares, find_response, json_type, other_types, success};

/// Statuses that every API may answer with.
const USUAL: &[u16] = &[200, 201, 202, 204];

/// The write is done, and the row is elsewhere.
const SEE_OTHER: u16 = 303;

/// What a successful answer to an operation is. `form`, `needed`: of rows, and what a whole one has.
pub fn answer<'a>(
    document: &'a Document,
    resource: &Resource<'a>,
    operation: &Node<'a>,
    form: Form<'a>,
    needed: &[&str],
) -> Answer {
    let declared = success(document, operation);
    let elsewhere = declares(document, operation, SEE_OTHER).then_some(SEE_OTHER);
    let statuses = declared.iter().map(|(status, _)| *status).filter(|status| !USUAL.contains(status));
    let statuses = statuses.chain(elsewhere).collect();
    let mut types: Vec<String> =
        declared.iter().flat_map(|(_, response)| other_types(document, operation, response)).collect();
    types.sort_unstable();
    types.dedup();
    let media = json_type(document, operation).map(str::to_owned);
    Answer { statuses, types, media, row: row(document, resource, operation, form, needed) }
}

/// Where a whole row is in the answer.
fn row<'a>(
    document: &'a Document,
    resource: &Resource<'a>,
    operation: &Node<'a>,
    form: Form<'a>,
    needed: &[&str],
) -> Option<Vec<String>> {
    let schema = find_response(document, operation)?.schema();
    let found = answered_row(document, schema, resource)?;
    let has = laid_out(document, &found.row, form).properties;
    let is_whole = needed.iter().all(|name| has.contains_key(name));
    is_whole.then(|| found.keys.iter().map(|key| (*key).to_owned()).collect())
}
