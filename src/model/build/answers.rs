//! Reads what the API answers to a request for one row.

use crate::discovery::{Form, Resource, answered_row, laid_out};
use crate::model::list::Answer;
use crate::openapi::{Document, Node, SchemaAt, declares, json_type, other_types, success};

/// Statuses that every API may answer with.
const USUAL: &[u16] = &[200, 201, 202, 204];

/// The write is done, and the row is elsewhere.
const SEE_OTHER: u16 = 303;

/// What a successful answer to an operation is. `row`: where a whole row is in it.
pub fn answer<'a>(document: &'a Document, operation: &Node<'a>, row: Option<Vec<String>>) -> Answer {
    let declared = success(document, operation);
    let elsewhere = declares(document, operation, SEE_OTHER).then_some(SEE_OTHER);
    let statuses = declared.iter().map(|(status, _)| *status).filter(|status| !USUAL.contains(status));
    let statuses = statuses.chain(elsewhere).collect();
    let mut types: Vec<String> =
        declared.iter().flat_map(|(_, response)| other_types(document, operation, response)).collect();
    types.sort_unstable();
    types.dedup();
    let media = json_type(document, operation).map(str::to_owned);
    Answer { statuses, types, media, row }
}

/// Where a whole row is in an answer with this schema. `form`, `needed`: of rows, and what a whole one has.
pub fn row<'a>(
    document: &'a Document,
    resource: &Resource<'a>,
    schema: SchemaAt<'a>,
    form: Form<'a>,
    needed: &[&str],
) -> Option<Vec<String>> {
    let found = answered_row(document, schema, resource)?;
    let has = laid_out(document, &found.row, form).properties;
    let is_whole = needed.iter().all(|name| has.contains_key(name));
    is_whole.then(|| found.keys.iter().map(|key| (*key).to_owned()).collect())
}
