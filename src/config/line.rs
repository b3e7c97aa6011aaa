//! Lines of the config as messages print them: whole, from the top of the file, with `…` where the user decides.

use crate::names::unique;
use crate::names::yaml::{key, scalar};

/// What an entry says of a model. `path`: where its name alone doesn't find it.
pub fn of_model(name: &str, path: Option<&str>, says: &str) -> String {
    let path = path.map(|path| format!("path: {}, ", scalar(path))).unwrap_or_default();
    format!("`models: {{ {}: {{ {path}{says} }} }}`", key(name))
}

/// Names a model at a path.
pub fn of_path(path: &str) -> String {
    format!("`models: {{ NAME: {{ path: {} }} }}`", scalar(path))
}

/// Values of parameters, which the user decides. A mapping has each name once.
pub fn params<S: AsRef<str>>(names: &[S]) -> String {
    let names = unique(names.iter().map(AsRef::as_ref));
    let names: Vec<String> = names.into_iter().map(|name| format!("{}: \"…\"", key(name))).collect();
    format!("`params: {{ {} }}`", names.join(", "))
}

/// Leaves out a model by its name, or a collection by its path.
pub fn without(name: &str) -> String {
    without_all(&[name])
}

pub fn without_all(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{}: false", key(name))).collect();
    format!("`models: {{ {} }}`", names.join(", "))
}

/// The names as a list: `[a, b]`.
pub fn list<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<String> = names.iter().map(|name| scalar(name.as_ref())).collect();
    format!("[{}]", names.join(", "))
}

/// The names as keys, for whose values the user decides: `{ a: …, b: … }`.
pub fn undecided<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{}: …", key(name.as_ref()))).collect();
    format!("{{ {} }}", names.join(", "))
}

/// Keys with their values: `{ a: b, c: d }`.
pub fn pairs(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}: {}", key(name), scalar(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}
