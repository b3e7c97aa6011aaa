//! Which of the document's collections become models.

use serde_json::Value;

use super::entries::{is_path_of, match_entries};
use super::meaning::Meaning;
use super::naming::table_names;
use super::resource::{Found, Resource, Row, find_row, resources};
use crate::config::{Config, ModelConfig, ModelEntry, Sync};
use crate::diagnostics::{Input, Problem, Problems, Severity, child, one_of};
use crate::spec::{Document, Node};

/// A collection that is to become a model.
pub struct Candidate<'a> {
    pub name: String,
    pub resource: Resource<'a>,
    pub row: Row<'a>,
    pub local_first: bool,
    /// Chosen by an annotation or an entry, so that it is an error where it can't be made.
    pub is_named: bool,
    pub config: Option<ConfigEntry<'a>>,
}

/// A model's entry in the config, and where it stands.
pub struct ConfigEntry<'a> {
    pub entry: &'a ModelConfig,
    pub pointer: String,
}

impl Candidate<'_> {
    /// `x-rbac` of the path items or the row schema.
    pub fn rbac(&self, document: &Document) -> Option<Value> {
        extension(document, &self.resource, Some(&self.row), "x-rbac").map(|(value, _)| value.clone())
    }
}

/// A collection that was found, before it is known whether it is wanted.
pub struct Finding<'a> {
    pub name: String,
    pub resource: Resource<'a>,
    /// `Err`: why it can't be a model.
    pub row: Result<Row<'a>, &'static str>,
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

/// `None`, with problems, where no model is chosen.
pub fn choose<'a>(document: &'a Document, config: &'a Config, problems: &mut Problems) -> Option<Vec<Candidate<'a>>> {
    let mut findings = findings(document, problems);
    merge_same(&mut findings);
    drop_queries(&mut findings, config, problems);
    let usable: Vec<&Resource> = findings.iter().filter(|f| f.row.is_ok()).map(|f| &f.resource).collect();
    let names = table_names(&usable);
    for (finding, name) in findings.iter_mut().filter(|f| f.row.is_ok()).zip(names) {
        finding.name = name;
    }
    match_entries(&mut findings, config, problems);
    let mut chosen = Vec::new();
    let mut found = Vec::new();
    for Finding { name, resource, row, says, entry } in findings {
        let by_config = match entry {
            Some((ModelEntry::Exclude, _)) => continue,
            Some((ModelEntry::Include(entry), pointer)) => Some(ConfigEntry { entry: entry.as_ref(), pointer }),
            None => None,
        };
        let by_spec = match says {
            Some(Annotation::No) if by_config.is_none() => continue,
            Some(Annotation::Yes { local_first }) => Some(local_first),
            _ => None,
        };
        let is_named = by_config.is_some() || by_spec.is_some();
        let row = match row {
            Ok(row) => row,
            Err(reason) => {
                if is_named || config.sync == Sync::All {
                    leave_out(&name, &resource, reason, is_named, problems);
                }
                continue;
            }
        };
        found.push(name.clone());
        if is_named || config.sync == Sync::All {
            let local_first = by_config.as_ref().and_then(|c| c.entry.local_first).or(by_spec).unwrap_or(false);
            chosen.push(Candidate { name, resource, row, local_first, is_named, config: by_config });
        }
    }
    if chosen.is_empty() && !problems.has_errors() {
        problems.push(nothing_chosen(&found));
    }
    (!chosen.is_empty()).then_some(chosen)
}

/// Reports a collection that can't be a model.
fn leave_out(name: &str, resource: &Resource, reason: &str, is_named: bool, problems: &mut Problems) {
    let severity = if is_named { Severity::Error } else { Severity::Warning };
    let message = left_out(name, severity, reason);
    let help = match reason {
        NO_KEY => "name its key in the config: `models: { …: { path: …, key: [...] } }`",
        _ => "give its operations a JSON response schema, or leave it out with `x-sync: false`",
    };
    problems.push(Problem::new(severity, "left-out", (Input::Spec, resource.pointer()), message).help(help));
}

/// What is said of a model that isn't generated: an error where it was asked for by name.
pub fn left_out(name: &str, severity: Severity, reason: &str) -> String {
    match severity {
        Severity::Error => format!("`{name}` can't be generated: {reason}"),
        _ => format!("`{name}` is left out: {reason}"),
    }
}

const NO_KEY: &str = "nothing in its rows identifies one";
const UNTYPED: &str = "no response says what its rows are";

fn nothing_chosen(found: &[String]) -> Problem {
    if found.is_empty() {
        return Problem::new(Severity::Error, "no-models", (Input::Spec, "/paths"), "no models were found").help(
            "a model is a path whose GET lists objects, such as `/contacts`, and its item path `/contacts/{id}`",
        );
    }
    let message = format!("no model is chosen; {} can be: {}", found.len(), one_of(found, 40));
    Problem::new(Severity::Error, "nothing-chosen", (Input::Spec, ""), message).help(
        "choose with `x-sync: { local_first: true }` on a path or schema of the document, by an entry under `models:` in \
         sync-patterns.config.yaml, or take all with `--all` (`sync: all`)",
    )
}

/// Every resource with its row, in the document's order.
fn findings<'a>(document: &'a Document, problems: &mut Problems) -> Vec<Finding<'a>> {
    let mut odd = |node: &Node| {
        let message = "the path is left out: its braces don't enclose whole segments";
        problems.push(Problem::new(Severity::Warning, "odd-path", (Input::Spec, &node.pointer), message));
    };
    let resources = resources(document, &mut odd);
    let mut findings = Vec::new();
    for resource in resources {
        let row = match find_row(document, &resource) {
            Found::Row(row) => Ok(*row),
            Found::NoKey(row) => Err((NO_KEY, Some(row))),
            Found::Untyped => Err((UNTYPED, None)),
            Found::NotACollection => {
                Err(("it isn't a collection: no response lists rows, and there is no item path", None))
            }
        };
        let known = row.as_ref().map_or_else(|(_, row)| row.as_deref(), Some);
        let says =
            extension(document, &resource, known, "x-sync").and_then(|(value, at)| annotation(value, &at, problems));
        // What is no collection is nobody's business unless the document calls it one.
        let is_collection = !matches!(&row, Err((reason, _)) if *reason != NO_KEY && *reason != UNTYPED);
        if is_collection || matches!(says, Some(Annotation::Yes { .. })) {
            let name = resource.last_segment().to_owned();
            findings.push(Finding { name, resource, row: row.map_err(|(reason, _)| reason), says, entry: None });
        }
    }
    findings
}

/// An extension of the collection's or item's path item, or of the row schema, and where it stands.
fn extension<'a>(
    document: &'a Document,
    resource: &Resource<'a>,
    row: Option<&Row<'a>>,
    name: &str,
) -> Option<(&'a Value, String)> {
    let items = resource.collection.iter().chain(&resource.item);
    let on_path = items.filter_map(|item| item.node.get(name)).map(|node| (node.value, node.pointer)).next();
    on_path.or_else(|| {
        let meaning = Meaning::of(document, &row?.schema)?;
        Some((meaning.extension(name)?, child(&meaning.at.pointer, name)))
    })
}

fn annotation(value: &Value, pointer: &str, problems: &mut Problems) -> Option<Annotation> {
    let mut warn = |pointer: &str, message: String, help: &str| {
        problems.push(Problem::new(Severity::Warning, "x-sync", (Input::Spec, pointer), message).help(help));
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

/// Paths with the same rows and the same last segment are one model; the shallowest leads.
fn merge_same(findings: &mut Vec<Finding>) {
    let mut merged: Vec<Finding> = Vec::new();
    for finding in findings.drain(..) {
        let same = |other: &&mut Finding| {
            other.resource.last_segment() == finding.resource.last_segment()
                && matches!((&other.row, &finding.row), (Ok(one), Ok(two)) if same_rows(one, two))
        };
        match merged.iter_mut().find(same) {
            None => merged.push(finding),
            Some(first) => {
                let is_better = rank(&finding.resource) < rank(&first.resource);
                let says = first.says.or(finding.says);
                let path = if is_better { first.resource.path() } else { finding.resource.path() };
                let mut also = first.resource.also.clone();
                also.push(path);
                if is_better {
                    *first = finding;
                }
                first.says = says;
                first.resource.also = also;
            }
        }
    }
    *findings = merged;
}

/// Paths with rows of their own lead, then shallow ones, then the order of the document.
fn rank(resource: &Resource) -> (usize, bool) {
    (resource.segments().len(), !resource.has_own_rows())
}

fn same_rows(one: &Row, two: &Row) -> bool {
    match (&one.component, &two.component) {
        (Some(one), Some(two)) => one == two,
        (None, None) => one.properties.keys().eq(two.properties.keys()),
        _ => false,
    }
}

/// A list of rows that another collection owns is a query of that, unless somebody asks for it.
fn drop_queries(findings: &mut Vec<Finding>, config: &Config, problems: &mut Problems) {
    let owners: Vec<(String, String)> = findings
        .iter()
        .filter(|finding| finding.resource.has_own_rows())
        .filter_map(|finding| {
            let row = finding.row.as_ref().ok()?;
            Some((row.component.clone()?, finding.resource.path().to_owned()))
        })
        .collect();
    let asked_for = |resource: &Resource| config.models.values().any(|entry| is_path_of(entry, resource));
    findings.retain(|finding| {
        let Ok(row) = &finding.row else { return true };
        if finding.resource.has_own_rows() || finding.says.is_some() || asked_for(&finding.resource) {
            return true;
        }
        let owner = owners.iter().find(|(component, _)| Some(component) == row.component.as_ref());
        if let Some((_, owner)) = owner
            && config.sync == Sync::All
        {
            let message = format!("`{}` is left out: it lists rows of `{owner}`", finding.resource.path());
            let at = (Input::Spec, finding.resource.pointer());
            problems.push(Problem::new(Severity::Note, "query", at, message));
        }
        owner.is_none()
    });
}
