//! The collections of a document, and what `x-sync` says of each.

use serde_json::Value;

use super::resources::{Resource, resources};
use super::rows::{Found, KnownIds, Row, find_row};
use crate::config::ModelEntry;
use crate::diagnostics::{Code, Input, Problem, Problems, Reason, Severity, child};
use crate::openapi::{Document, Node, Resolved};
use crate::parallel;

/// A collection that was found, before it is known whether it is wanted.
pub struct Finding<'a> {
    pub name: String,
    pub resource: Resource<'a>,
    /// `Err`: why it can't be a model.
    pub row: Result<Row<'a>, Reason>,
    pub says: Option<Annotation>,
    /// The config's entry for it, and the pointer to that.
    pub entry: Option<(&'a ModelEntry, String)>,
}

/// What `x-sync` says.
#[derive(Clone, Copy)]
pub enum Annotation {
    No,
    Yes { local_first: bool },
}

/// Every resource with its row, in order of path.
pub fn findings<'a>(document: &'a Document, problems: &mut Problems) -> Vec<Finding<'a>> {
    let mut odd = |node: &Node| {
        let message = "the path is left out: its braces don't enclose whole segments";
        problems.push(Problem::new(Severity::Warning, Code::OddPath, (Input::Spec, &node.pointer), message));
    };
    let resources = resources(document, &mut odd);
    let ids = KnownIds::of(document);
    let mut findings = Vec::new();
    let rows: Vec<Found> = parallel::each(&resources, |resource| find_row(document, resource, &ids));
    for (resource, row) in resources.into_iter().zip(rows) {
        let row = match row {
            Found::Row(row) => Ok(*row),
            Found::NoKey(row) => Err((Reason::NoKey, Some(row))),
            Found::Untyped => Err((Reason::UntypedRows, None)),
            Found::NotACollection => Err((Reason::NotACollection, None)),
        };
        let known = row.as_ref().map_or_else(|(_, row)| row.as_deref(), Some);
        let says =
            extension(document, &resource, known, "x-sync").and_then(|(value, at)| annotation(value, &at, problems));
        // What is no collection is nobody's business unless the document calls it one.
        let is_collection = !matches!(&row, Err((Reason::NotACollection, _)));
        if is_collection || matches!(says, Some(Annotation::Yes { .. })) {
            let name = resource.last_segment().to_owned();
            findings.push(Finding { name, resource, row: row.map_err(|(reason, _)| reason), says, entry: None });
        }
    }
    findings
}

/// An extension of the collection's or item's path item, or of the row schema, and where it stands.
pub fn extension<'a>(
    document: &'a Document,
    resource: &Resource<'a>,
    row: Option<&Row<'a>>,
    name: &str,
) -> Option<(&'a Value, String)> {
    let items = resource.collection.iter().chain(&resource.item);
    let on_path = items.filter_map(|item| item.node.get(name)).map(|node| (node.value, node.pointer)).next();
    on_path.or_else(|| {
        let resolved = Resolved::of(document, &row?.schema)?;
        Some((resolved.extension(name)?, child(&resolved.schema.pointer, name)))
    })
}

fn annotation(value: &Value, pointer: &str, problems: &mut Problems) -> Option<Annotation> {
    let mut warn = |pointer: &str, message: String, help: &str| {
        problems.push(Problem::new(Severity::Warning, Code::XSync, (Input::Spec, pointer), message).help(help));
    };
    let help = "x-sync is true, false, or { local_first: true | false }";
    match value {
        Value::Bool(true) => Some(Annotation::Yes { local_first: false }),
        Value::Bool(false) => Some(Annotation::No),
        Value::Object(object) => {
            for key in object.keys().filter(|key| *key != "local_first") {
                warn(&child(pointer, key), format!("`{key}` in x-sync means nothing here"), help);
            }
            let local_first = match object.get("local_first") {
                None => false,
                Some(Value::Bool(flag)) => *flag,
                Some(other) => {
                    warn(&child(pointer, "local_first"), format!("`local_first` is {other}, taken as false"), help);
                    false
                }
            };
            Some(Annotation::Yes { local_first })
        }
        other => {
            warn(pointer, format!("x-sync is {other}, and is passed over"), help);
            None
        }
    }
}
