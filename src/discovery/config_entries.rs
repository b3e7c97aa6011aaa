//! Matches the config's entries with the collections of the document.

use super::findings::Finding;
use super::naming::{LONGEST_SUFFIX, RELATIONS, is_reserved, take_relation};
use super::paths;
use super::resources::Resource;
use crate::config::{Config, ModelEntry, line};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, all_of, child, closest, one_of};
use crate::names::Scope;
use crate::names::sql::MAX_IDENTIFIER_BYTES;

/// Whether the entry's `path` is a path of the resource.
pub fn is_path_of(entry: &ModelEntry, resource: &Resource) -> bool {
    let ModelEntry::Include(entry) = entry else { return false };
    entry.path.as_deref().is_some_and(|path| is_path(path, resource))
}

fn is_path(path: &str, resource: &Resource) -> bool {
    let wanted = paths::segments(path).map(|segments| paths::normal_form(&segments));
    wanted.is_some_and(|wanted| {
        wanted == paths::normal_form(resource.segments())
            || resource.also.iter().any(|also| paths::segments(also).is_some_and(|s| paths::normal_form(&s) == wanted))
    })
}

/// Sets each collection's entry, and its name from the entry.
pub fn match_entries<'a>(findings: &mut [Finding<'a>], config: &'a Config, problems: &mut Problems) {
    for (key, entry) in &config.models {
        let pointer = child("/models", key);
        let path = match entry {
            ModelEntry::Include(entry) => entry.path.as_deref(),
            // `/contacts: false`
            ModelEntry::Exclude => key.starts_with('/').then_some(key.as_str()),
        };
        let by_name = path.is_none() && findings.iter().any(|finding| finding.name == *key);
        // A collection that can become a model has the right to the name.
        let has_model = findings.iter().any(|finding| finding.name == *key && finding.row.is_ok());
        let is_meant = |finding: &Finding| match path {
            Some(path) => is_path(path, &finding.resource),
            None if by_name => finding.name == *key && (finding.row.is_ok() || !has_model),
            None => finding.resource.last_segment() == key,
        };
        let mut meant: Vec<&mut Finding> = findings.iter_mut().filter(|finding| is_meant(finding)).collect();
        let refusal = match meant.as_mut_slice() {
            [finding] if finding.entry.is_some() => {
                let message = format!("`{key}` and `{}` are both `{}`", finding.name, finding.resource.path());
                (Code::TwoEntries, message, "keep one of them".to_owned())
            }
            [finding] => {
                finding.name = key.clone();
                let has_key = matches!(entry, ModelEntry::Include(entry) if entry.key.is_some());
                if let Some(row) = finding.keyless.take_if(|_| has_key) {
                    finding.row = Ok(row);
                }
                finding.entry = Some((entry, pointer));
                continue;
            }
            [] => unknown(key, path, findings),
            several => {
                let paths: Vec<&str> = several.iter().map(|finding| finding.resource.path()).collect();
                let help = match entry {
                    ModelEntry::Include(_) => format!("set `path` to {}", one_of(&paths, 8)),
                    ModelEntry::Exclude => {
                        format!("leave it out by its path: {} in place of `{key}`", one_of(&paths, 8))
                    }
                };
                (Code::AmbiguousModel, format!("`{key}` fits several collections"), help)
            }
        };
        let (code, message, help) = refusal;
        let severity = if code == Code::UnknownModel { config.missing_models } else { Severity::Error };
        problems.push(Problem::new(severity, code, (Input::Config, &pointer), message).help(help));
    }
    check_given_names(findings, problems);
}

fn unknown(key: &str, path: Option<&str>, findings: &[Finding]) -> (Code, String, String) {
    let (message, help) = match path {
        Some(path) => {
            let paths: Vec<&str> = findings.iter().map(|finding| finding.resource.path()).collect();
            (
                format!("`{path}` isn't a collection of the document"),
                suggest(path, &paths, |known| format!("collections are {}", all_of(known, 12))),
            )
        }
        None if key.starts_with('/') => {
            let help = format!("a path as a key only leaves out, with `false`: for more, {}", line::of_path(key));
            (format!("`{key}` isn't the name of a model"), help)
        }
        None => {
            let names: Vec<&str> = findings.iter().map(|finding| finding.name.as_str()).collect();
            let otherwise = "take the entry out if the model has gone; else give it a `path`, or name one of";
            let otherwise = |known: &[&str]| format!("{otherwise} {}", one_of(known, 12));
            (format!("no model `{key}` was found"), suggest(key, &names, otherwise))
        }
    };
    (Code::UnknownModel, message, help)
}

fn suggest(wanted: &str, known: &[&str], otherwise: impl Fn(&[&str]) -> String) -> String {
    match closest(wanted, known.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => otherwise(known),
    }
}

/// Checks names from the config: they must be valid, and their tables must not collide with those of other models.
fn check_given_names(findings: &[Finding], problems: &mut Problems) {
    let usable = || findings.iter().filter(|finding| finding.row.is_ok());
    let mut scope = Scope::default();
    let mut taken: Vec<&Finding> = Vec::new();
    for finding in usable().filter(|finding| finding.entry.is_none()) {
        if take_relation(&finding.name, &mut scope) {
            taken.push(finding);
        }
    }
    for finding in usable() {
        let Some((ModelEntry::Include(_), pointer)) = &finding.entry else { continue };
        let at = (Input::Config, pointer.as_str());
        let name = &finding.name;
        if !can_name_a_model(name) {
            let message = format!("`{name}` can't be the name of a model");
            let help = "a model's name is letters, digits and underscores, begins with a letter, has at most 39 bytes, and isn't reserved by a database, the sync server or Windows";
            problems.push(Problem::new(Severity::Error, Code::BadName, at, message).help(help));
        } else if take_relation(name, &mut scope) {
            taken.push(finding);
        } else {
            let other = taken.iter().find(|other| have_same_tables(name, &other.name));
            let other =
                other.map_or_else(String::new, |other| format!(" as `{}` ({})", other.name, other.resource.path()));
            let message = format!("`{name}` ({}) would have the same tables{other}", finding.resource.path());
            let help =
                "give one of them another name: the key under `models:` is the name, `path` says what it stands for";
            problems.push(Problem::new(Severity::Error, Code::NameCollision, at, message).help(help));
        }
    }
}

/// Whether the config can name a model so.
pub fn can_name_a_model(name: &str) -> bool {
    name.starts_with(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.len() + LONGEST_SUFFIX <= MAX_IDENTIFIER_BYTES
        && !is_reserved(name)
}

fn have_same_tables(one: &str, two: &str) -> bool {
    let (one, two) = (one.to_lowercase(), two.to_lowercase());
    let rest = one.strip_prefix(&two).or_else(|| two.strip_prefix(&one));
    rest.is_some_and(|rest| RELATIONS.contains(&rest))
}
