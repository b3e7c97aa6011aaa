//! Finds the collections of a document, and reads the `x-sync` of each.

use serde_json::Value;

use super::group::resources;
use super::resources::Resource;
use super::rows::{Found, KnownIds, Row, find_row, strangers};
use crate::config::{Config, ModelEntry};
use crate::diagnostics::{Code, Input, Problem, Problems, Reason, Severity, child};
use crate::openapi::{Document, Node, Resolved};
use crate::parallel;

/// A collection that was found, before one is selected.
pub struct Finding<'a> {
    pub name: String,
    pub resource: Resource<'a>,
    /// `Err`: why it can't be a model.
    pub row: Result<Row<'a>, Reason>,
    /// Rows that nothing identifies, unless the config says what does.
    pub keyless: Option<Row<'a>>,
    pub says: Option<Annotation>,
    /// The config's entry, with its pointer.
    pub entry: Option<(&'a ModelEntry, String)>,
}

/// The value of `x-sync`.
#[derive(Clone, Copy)]
pub enum Annotation {
    No,
    Yes { local_first: bool },
}

/// Finds every collection with its row, in order of path.
pub fn findings<'a>(document: &'a Document, config: &Config, problems: &mut Problems) -> Vec<Finding<'a>> {
    let mut odd = |node: &Node| {
        let message = "the path is ignored: its braces don't match, or a segment has several parameters";
        problems.push(Problem::new(Severity::Warning, Code::OddPath, (Input::Spec, &node.pointer), message));
    };
    let resources = resources(document, &config.path_params, &mut odd);
    let ids = KnownIds::of(document);
    let mut findings = Vec::new();
    let rows: Vec<Found> = parallel::each(&resources, |resource| find_row(document, resource, &ids));
    for (mut resource, row) in resources.into_iter().zip(rows) {
        let row = match row {
            Found::Row(row) => Ok(*row),
            Found::NoKey(row) => Err((Reason::NoKey, Some(row))),
            Found::Untyped => Err((Reason::UntypedRows, None)),
            Found::NotACollection => Err((Reason::NotACollection, None)),
        };
        let known = row.as_ref().map_or_else(|(_, row)| row.as_deref(), Some);
        if let Some(row) = known {
            resource.strangers = strangers(document, row, &resource);
        }
        let says =
            extension(document, &resource, known, "x-sync").and_then(|(value, at)| annotation(value, &at, problems));
        // Report what isn't a collection only where `x-sync` asks for it.
        let is_collection = !matches!(&row, Err((Reason::NotACollection, _)));
        if is_collection || matches!(says, Some(Annotation::Yes { .. })) {
            let name = resource.last_segment().to_owned();
            let (row, keyless) = match row {
                Ok(row) => (Ok(row), None),
                Err((reason, keyless)) => (Err(reason), keyless.map(|row| *row)),
            };
            findings.push(Finding { name, resource, row, keyless, says, entry: None });
        }
    }
    findings
}

/// Finds an extension on the path items or on the row schema, with its pointer.
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
                warn(&child(pointer, key), format!("unknown key `{key}` in x-sync"), help);
            }
            let local_first = match object.get("local_first") {
                None => false,
                Some(Value::Bool(flag)) => *flag,
                Some(other) => {
                    warn(
                        &child(pointer, "local_first"),
                        format!("`local_first` is {other}: false is used instead"),
                        help,
                    );
                    false
                }
            };
            Some(Annotation::Yes { local_first })
        }
        other => {
            warn(pointer, format!("x-sync is {other}: it is ignored"), help);
            None
        }
    }
}
