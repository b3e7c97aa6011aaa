//! Which collection each entry of the config means.

use super::choose::Finding;
use super::naming::{LONGEST_SUFFIX, take_relation};
use super::path;
use super::resource::Resource;
use crate::config::{Config, ModelEntry};
use crate::diagnostics::{Input, Problem, Problems, Severity, child, closest, one_of};
use crate::names::Scope;

/// Whether a config entry's `path` is one of the resource's.
pub fn is_path_of(entry: &ModelEntry, resource: &Resource) -> bool {
    let ModelEntry::Include(entry) = entry else { return false };
    let wanted = entry.path.as_deref().and_then(path::segments).map(|segments| path::normal_form(&segments));
    wanted.is_some_and(|wanted| {
        wanted == path::normal_form(resource.segments())
            || resource.also.iter().any(|also| path::segments(also).is_some_and(|s| path::normal_form(&s) == wanted))
    })
}

/// The config's entry for each finding. An entry with a path names what stands there.
pub fn match_entries<'a>(
    named: &mut [(String, Finding)],
    config: &'a Config,
    problems: &mut Problems,
) -> Vec<Option<(&'a ModelEntry, String)>> {
    let mut entries: Vec<_> = named.iter().map(|_| None).collect();
    for (key, entry) in &config.models {
        let pointer = child("/models", key);
        let at = (Input::Config, pointer.as_str());
        let path = match entry {
            ModelEntry::Include(entry) => entry.path.as_deref(),
            ModelEntry::Exclude => None,
        };
        let matches: Vec<usize> = match path {
            Some(_) => indexes(named, |_, finding| is_path_of(entry, &finding.resource)),
            None => {
                let exact = indexes(named, |name, _| name == key);
                if exact.is_empty() {
                    indexes(named, |_, finding| finding.resource.last_segment() == key)
                } else {
                    exact
                }
            }
        };
        match matches.as_slice() {
            [index] => {
                named[*index].0 = key.clone();
                entries[*index] = Some((entry, pointer));
            }
            [] => {
                let (message, help) = match path {
                    Some(path) => {
                        let paths: Vec<&str> = named.iter().map(|(_, finding)| finding.resource.path()).collect();
                        (
                            format!("`{path}` isn't a collection of the document"),
                            suggest(path, &paths, "collections are"),
                        )
                    }
                    None => {
                        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
                        (
                            format!("no model `{key}` was found"),
                            suggest(key, &names, "give it a `path`, or name one of"),
                        )
                    }
                };
                problems.push(Problem::new(Severity::Error, "unknown-model", at, message).help(help));
            }
            several => {
                let paths: Vec<&str> = several.iter().map(|index| named[*index].1.resource.path()).collect();
                let message = format!("`{key}` could be several models");
                let help = format!("say which by `path: {}`", one_of(&paths, 8).replace('`', ""));
                problems.push(Problem::new(Severity::Error, "ambiguous-model", at, message).help(help));
            }
        }
    }
    check_given_names(named, &entries, problems);
    entries
}

fn indexes(named: &[(String, Finding)], check: impl Fn(&str, &Finding) -> bool) -> Vec<usize> {
    (0..named.len()).filter(|index| check(&named[*index].0, &named[*index].1)).collect()
}

fn suggest(wanted: &str, known: &[&str], otherwise: &str) -> String {
    match closest(wanted, known.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("{otherwise} {}", one_of(known, 12)),
    }
}

/// Names given in the config must fit, and must not meet those of other models' tables.
fn check_given_names(named: &[(String, Finding)], entries: &[Option<(&ModelEntry, String)>], problems: &mut Problems) {
    let mut scope = Scope::default();
    let mut taken: Vec<(&str, &str)> = Vec::new();
    for ((name, finding), _) in
        named.iter().zip(entries).filter(|((_, finding), entry)| finding.row.is_ok() && entry.is_none())
    {
        if take_relation(name, &mut scope) {
            taken.push((name, finding.resource.path()));
        }
    }
    for ((name, finding), entry) in named.iter().zip(entries) {
        let Some((ModelEntry::Include(_), pointer)) = entry else { continue };
        let at = (Input::Config, pointer.as_str());
        let fits = name.starts_with(|c: char| c.is_alphabetic())
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && name.len() + LONGEST_SUFFIX <= crate::names::sql::MAX_IDENTIFIER_BYTES
            && !name.starts_with("sqlite_");
        if !fits {
            let message = format!("`{name}` can't name a table and its files");
            problems.push(Problem::new(Severity::Error, "bad-name", at, message).help(
                "a model's name is letters, digits and underscores, begins with a letter, and has at most 39 bytes",
            ));
        } else if take_relation(name, &mut scope) {
            taken.push((name, finding.resource.path()));
        } else {
            let lower = name.to_lowercase();
            let other = taken.iter().find(|(other, _)| {
                let other = other.to_lowercase();
                other == lower
                    || other
                        .strip_prefix(&lower)
                        .or(lower.strip_prefix(&other))
                        .is_some_and(|end| end == "_synced" || end == "_local")
            });
            let message = match other {
                Some((other, path)) => format!("`{name}` would have the same tables as `{other}` ({path})"),
                None => format!("`{name}` would have the same tables as another model"),
            };
            let help =
                "give one of them another name: the key under `models:` is the name, `path` says what it stands for";
            problems.push(Problem::new(Severity::Error, "name-collision", at, message).help(help));
        }
    }
}
