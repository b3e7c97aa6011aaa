//! Selects the collections that become models.

use std::collections::HashMap;

use serde_json::Value;

use super::config_entries::{is_path_of, match_entries};
use super::findings::{Annotation, Finding, extension, findings};
use super::naming::{FreeNames, table_names};
use super::path_column::PathColumn;
use super::paths;
use super::resources::Resource;
use super::rows::Row;
use crate::config::{Config, ModelConfig, ModelEntry, Sync, line};
use crate::diagnostics::{Code, Input, Problem, Problems, Reason, Severity, Summary, all_of};
use crate::names::yaml::key;
use crate::openapi::{Document, RawProperty, Resolved, Type};

/// Formats of strings that aren't kept as text.
const NO_TEXT: &[&str] = &["date-time", "date", "time", "byte", "binary", "decimal"];

pub const HOW_TO_CHOOSE: &str = "choose with `x-sync: { local_first: true }` on a path or schema of the document, by an entry \
     under `models:` in sync-patterns.config.yaml, or take all with `--all` (`sync: all`)";

/// A collection that can become a model.
pub struct Candidate<'a> {
    pub name: String,
    pub resource: Resource<'a>,
    pub row: Row<'a>,
    /// Names of the key's properties: as the config says, or detected.
    pub key: Vec<String>,
    pub local_first: bool,
    /// Chosen by an annotation or an entry: then it is an error if it can't be generated.
    pub is_named: bool,
    pub config: Option<ConfigEntry<'a>>,
    /// Those that its rows lack.
    pub path_columns: Vec<PathColumn<'a>>,
}

/// A model's entry in the config, with its pointer.
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

/// The result of the selection.
#[derive(Default)]
pub struct Choices<'a> {
    /// Those that become models.
    pub chosen: Vec<Candidate<'a>>,
    /// Those that could, but aren't chosen.
    pub others: Vec<Candidate<'a>>,
    pub left_out: Vec<LeftOut>,
}

/// A collection that doesn't become a model, and why.
#[derive(Debug, Clone)]
pub struct LeftOut {
    pub name: String,
    pub path: String,
    /// The pointer to it in the document.
    pub pointer: String,
    pub reason: Reason,
    /// The reason in words: `no property of its rows can be the key`.
    pub why: String,
    pub help: Option<String>,
    /// What it shares with others that are left out for the same reason. The message is the reason in words.
    pub summary: Option<Summary>,
    /// By `x-sync: false`, or by the config.
    pub is_on_purpose: bool,
}

impl LeftOut {
    pub fn new(name: &str, resource: &Resource, reason: Reason) -> Self {
        let (path, pointer) = (resource.path().to_owned(), resource.pointer().to_owned());
        let why = reason.meaning().to_owned();
        Self { name: name.to_owned(), path, pointer, reason, why, help: None, summary: None, is_on_purpose: false }
    }

    /// Replaces the words of the reason.
    pub fn why(self, why: impl Into<String>) -> Self {
        Self { why: why.into(), ..self }
    }

    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The problem to report. An error says "can't be generated": the user named the model.
    pub fn problem(&self, severity: Severity, pointer: &str) -> Problem {
        let (name, why) = (&self.name, &self.why);
        let (one, several) = match severity {
            Severity::Error => ("can't be generated", "can't be generated"),
            _ => ("is left out", "are left out"),
        };
        let message = format!("`{name}` {one}: {why}");
        let summary = self.summary.clone();
        let summary = summary.map(|own| Summary { message: format!("{several}: {}", own.message), ..own });
        let problem = Problem::left_out(severity, self.reason, (Input::Spec, pointer), message);
        Problem { help: self.help.clone(), summary: summary.map(Box::new), ..problem }
    }

    fn on_purpose(self) -> Self {
        Self { is_on_purpose: true, ..self }
    }
}

/// Path columns are still to be added.
pub fn select<'a>(document: &'a Document, config: &'a Config, problems: &mut Problems) -> Choices<'a> {
    let mut choices = Choices::default();
    let mut findings = findings(document, config, problems);
    merge_same(&mut findings, problems);
    drop_answers_of_parents(&mut findings, config, &mut choices.left_out);
    drop_queries(&mut findings, config, &mut choices.left_out, problems);
    let usable = findings.iter().filter_map(|f| Some((&f.resource, f.row.as_ref().ok()?.is_guess)));
    let usable: Vec<(&Resource, bool)> = usable.collect();
    let names = table_names(&usable);
    for (finding, name) in findings.iter_mut().filter(|f| f.row.is_ok()).zip(names) {
        finding.name = name;
    }
    match_entries(&mut findings, config, problems);
    let mut free = FreeNames::beside(findings.iter().filter(|f| f.row.is_ok()).map(|f| f.name.as_str()));
    for Finding { name, resource, row, keyless, says, entry } in findings {
        let by_config = match entry {
            Some((ModelEntry::Exclude, _)) => {
                choices.left_out.push(LeftOut::new(&name, &resource, Reason::Config).on_purpose());
                continue;
            }
            Some((ModelEntry::Include(entry), pointer)) => Some(ConfigEntry { entry: entry.as_ref(), pointer }),
            None => None,
        };
        let by_spec = match says {
            Some(Annotation::No) if by_config.is_none() => {
                choices.left_out.push(LeftOut::new(&name, &resource, Reason::XSync).on_purpose());
                continue;
            }
            Some(Annotation::Yes { local_first }) => Some(local_first),
            _ => None,
        };
        let is_named = by_config.is_some() || by_spec.is_some();
        let is_chosen = is_named || config.sync == Sync::All;
        let given = by_config.as_ref().and_then(|config| config.entry.key.clone());
        let found = row.and_then(|row| {
            let key = given.or_else(|| Some(row.key(&resource)?.names)).ok_or(Reason::NoKey)?;
            Ok((row, key))
        });
        let (row, key) = match found {
            Ok(found) => found,
            Err(reason) => {
                let named = if by_config.is_some() { name } else { free.name(&resource) };
                let fields = keyless.map(|row| identifying(document, &row));
                let key = fields.as_ref().map(|fields| key_of(&named, resource.path(), fields, ""));
                let help = key.unwrap_or_else(|| how_to_leave_out(resource.path()));
                let left_out = summed(LeftOut::new(&named, &resource, reason).help(help), fields.as_deref());
                if is_chosen {
                    let severity = if is_named { Severity::Error } else { Severity::Warning };
                    problems.push(left_out.problem(severity, &left_out.pointer));
                }
                choices.left_out.push(left_out);
                continue;
            }
        };
        let local_first = by_config.as_ref().and_then(|c| c.entry.local_first).or(by_spec).unwrap_or(false);
        let path_columns = Vec::new();
        let candidate = Candidate { name, resource, row, key, local_first, is_named, config: by_config, path_columns };
        if is_chosen {
            choices.chosen.push(candidate);
        } else {
            choices.others.push(candidate);
        }
    }
    report_constants(&choices.chosen, problems);
    choices
}

/// Reports parameters in a part of a path that have no value, each once.
fn report_constants(chosen: &[Candidate], problems: &mut Problems) {
    let mut reported: Vec<&str> = Vec::new();
    for (item, name) in chosen.iter().flat_map(|candidate| candidate.resource.without_value()) {
        if reported.contains(&name) {
            continue;
        }
        reported.push(name);
        let message = format!("nothing says what `{{{name}}}` is in {}", item.path);
        let problem = Problem::new(Severity::Error, Code::PathParameter, (Input::Spec, &item.node.pointer), message);
        problems.push(problem.help(format!("say it in the config: `path_params: {{ {}: \"…\" }}`", key(name))));
    }
}

impl Choices<'_> {
    /// The error if no model is chosen.
    pub fn nothing_chosen(&self) -> Problem {
        let at = (Input::Spec, "");
        let found: Vec<&str> = self.others.iter().map(|candidate| candidate.name.as_str()).collect();
        if !found.is_empty() {
            let message = format!("no model is chosen; {} can be: {}", found.len(), all_of(&found, 40));
            return Problem::new(Severity::Error, Code::NothingChosen, at, message).help(HOW_TO_CHOOSE);
        }
        if self.left_out.iter().any(|left_out| left_out.is_on_purpose) {
            let message = "every model that was found is left out by `x-sync: false` or by the config";
            return Problem::new(Severity::Error, Code::NothingChosen, at, message);
        }
        Problem::new(Severity::Error, Code::NoModels, (Input::Spec, "/paths"), "no models were found")
            .help("a model is a path whose GET lists objects, such as `/contacts`, and its item path `/contacts/{id}`")
    }
}

/// How the config says what identifies a row, of the fields that can, and what it has to say `also`. Without any of them,
/// how to leave the collection out.
pub fn key_of(name: &str, path: &str, fields: &[&str], also: &str) -> String {
    if fields.is_empty() {
        return format!("leave it out with {}", line::without(path));
    }
    let key = line::of_model(name, Some(path), &format!("{also}key: […]"));
    format!("name what identifies a row, of {}: {key} in the config", all_of(fields, 8))
}

/// The properties that can be a part of a key.
fn identifying<'a>(document: &'a Document, row: &Row<'a>) -> Vec<&'a str> {
    let fits = |property: &RawProperty<'a>| {
        let Some(Resolved { schema, .. }) = property.resolve(document) else { return false };
        let is_text = schema.format.is_none_or(|format| !NO_TEXT.contains(&format));
        matches!(schema.scalar(), Some(Type::Integer)) || (schema.scalar() == Some(Type::String) && is_text)
    };
    row.properties.iter().filter(|(_, property)| fits(property)).map(|(name, _)| *name).collect()
}

fn how_to_leave_out(path: &str) -> String {
    format!("give its operations a JSON response schema, or leave it out with {}", line::without(path))
}

/// With what is said of several collections that are left out for the same reason. `fields`: those that may identify a row.
fn summed(left_out: LeftOut, fields: Option<&[&str]>) -> LeftOut {
    let LeftOut { name, path, reason, .. } = &left_out;
    let (why, item, help): (_, _, fn(&[&str]) -> String) = match (reason, fields) {
        (Reason::NoKey, Some(fields)) if !fields.is_empty() => (
            "no property of their rows is sure to be the key",
            format!("`{name}` ({path}), of {}", all_of(fields, 8)),
            |_| {
                let key = line::of_model("NAME", None, "path: \"PATH\", key: […]");
                format!("name what identifies a row, of the fields behind each: {key} in the config")
            },
        ),
        (Reason::NoKey, _) => ("no property of their rows can be the key", path.clone(), |paths| {
            format!("leave them out with {}", line::without_all(paths))
        }),
        (Reason::UntypedRows, _) => ("no response has a schema for their rows", path.clone(), |paths| {
            let without = line::without_all(paths);
            format!("give their operations JSON response schemas, or leave them out with {without}")
        }),
        _ => return left_out,
    };
    let summary = Summary { noun: "collection", message: why.to_owned(), item, help: Some(help) };
    LeftOut { summary: Some(summary), ..left_out }
}

/// Paths with the same rows and the same last segment are one model; the shallowest leads, and the others lend it the
/// operations that it lacks.
fn merge_same(findings: &mut Vec<Finding>, problems: &mut Problems) {
    let mut merged: Vec<Finding> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    for finding in findings.drain(..) {
        let rows = finding.row.as_ref().ok().map(|row| (finding.resource.last_segment(), identity(row)));
        let place = rows.as_ref().and_then(|rows| places.get(rows));
        match place.and_then(|place| merged.get_mut(*place)) {
            None => {
                places.extend(rows.map(|rows| (rows, merged.len())));
                merged.push(finding);
            }
            Some(first) => {
                let mut other = finding;
                if rank(&other) < rank(first) {
                    std::mem::swap(first, &mut other);
                }
                let message = format!("`{}` and `{}` are one model", first.resource.path(), other.resource.path());
                let at = (Input::Spec, other.resource.pointer());
                problems.push(Problem::new(Severity::Note, Code::SameModel, at, message));
                first.says = first.says.or(other.says);
                first.resource.also.push(other.resource.path());
                first.resource.also.extend(other.resource.also);
                first.resource.collection.extend(other.resource.collection);
                first.resource.item.extend(other.resource.item);
                first.resource.strangers.extend(other.resource.strangers);
            }
        }
    }
    *findings = merged;
}

/// The order of preference: certain before guessed, then short paths, then those with rows of their own.
fn rank(finding: &Finding) -> (bool, usize, bool) {
    let resource = &finding.resource;
    let is_guess = finding.row.as_ref().is_ok_and(|row| row.is_guess);
    (is_guess, resource.segments().len(), !resource.has_own_rows())
}

/// What identifies equal rows: the component, or the names of the properties.
fn identity<'a>(row: &Row<'a>) -> Result<String, Vec<&'a str>> {
    row.component.clone().ok_or_else(|| row.properties.keys().copied().collect())
}

/// Leaves out actions that look like collections, because their POST answers the row that they act on:
/// `/risks/{risk_id}/cards`.
fn drop_answers_of_parents(findings: &mut Vec<Finding>, config: &Config, left_out: &mut Vec<LeftOut>) {
    let component = |finding: &Finding| finding.row.as_ref().ok().and_then(|row| row.component.clone());
    let items = |finding: &Finding| -> Vec<String> {
        finding.resource.item.iter().map(|item| paths::normal_form(&item.segments) + "/").collect()
    };
    let owners: Vec<(String, Vec<String>, String)> = findings
        .iter()
        .filter_map(|finding| Some((component(finding)?, items(finding), finding.resource.path().to_owned())))
        .collect();
    findings.retain(|finding| {
        let Ok(row) = &finding.row else { return true };
        let form = paths::normal_form(finding.resource.segments());
        if row.answer.method == "GET" || finding.says.is_some() || is_named(config, &finding.resource) {
            return true;
        }
        let acts_on = |(own, items, _): &&(String, Vec<String>, String)| {
            row.component.as_ref() == Some(own) && items.iter().any(|item| form.starts_with(item.as_str()))
        };
        let Some((_, _, owner)) = owners.iter().find(acts_on) else { return true };
        let action = LeftOut::new(&finding.name, &finding.resource, Reason::Query);
        left_out.push(action.why(format!("its writes answer rows of `{owner}`")));
        false
    });
}

fn is_named(config: &Config, resource: &Resource) -> bool {
    config.models.values().any(|entry| is_path_of(entry, resource))
}

/// Leaves out lists of rows that another collection owns, unless `x-sync` or the config names them.
fn drop_queries(findings: &mut Vec<Finding>, config: &Config, left_out: &mut Vec<LeftOut>, problems: &mut Problems) {
    let mut owners: HashMap<String, &str> = HashMap::new();
    for finding in findings.iter().filter(|finding| finding.resource.has_own_rows()) {
        if let Some(component) = finding.row.as_ref().ok().and_then(|row| row.component.clone()) {
            owners.entry(component).or_insert(finding.resource.path());
        }
    }
    findings.retain(|finding| {
        let Ok(row) = &finding.row else { return true };
        if finding.resource.has_own_rows() || finding.says.is_some() || is_named(config, &finding.resource) {
            return true;
        }
        let Some(owner) = row.component.as_ref().and_then(|component| owners.get(component)) else { return true };
        let query = LeftOut::new(&finding.name, &finding.resource, Reason::Query);
        let query = query.why(format!("it lists rows of `{owner}`"));
        if config.sync == Sync::All {
            // The message names a query by its path.
            let by_path = LeftOut { name: query.path.clone(), ..query.clone() };
            problems.push(by_path.problem(Severity::Note, &query.pointer));
        }
        left_out.push(query);
        false
    });
}
