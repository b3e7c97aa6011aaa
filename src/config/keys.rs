//! Reads a value tree key by key, and collects problems.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::diagnostics::{Code, Input, Problem, Problems, Severity, all_of, child, closest, one_of};

/// An object of the config. [`Reader::finish`] reports the keys that weren't read.
pub struct Reader<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    /// `None`, with a problem, where the value isn't an object. Null is an empty one.
    pub fn new(value: &'a Value, pointer: &str, problems: &mut Problems) -> Option<Self> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        let object = match value {
            Value::Null => &*EMPTY,
            Value::Object(object) => object,
            other => {
                wrong_type(pointer, "a mapping of keys to values", other, problems);
                return None;
            }
        };
        Some(Self { object, pointer: pointer.to_owned(), known: Vec::new() })
    }

    /// The value of a key; null counts as missing.
    pub fn take(&mut self, key: &'static str) -> Option<(&'a Value, String)> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.object.get(key).filter(|value| !value.is_null()).map(|value| (value, child(&self.pointer, key)))
    }

    /// Where a key is.
    pub fn pointer_of(&self, key: &str) -> String {
        child(&self.pointer, key)
    }

    pub fn string(&mut self, key: &'static str, problems: &mut Problems) -> Option<String> {
        let (value, pointer) = self.take(key)?;
        string(value, &pointer, problems)
    }

    pub fn bool(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        let (value, pointer) = self.take(key)?;
        if value.as_bool().is_none() {
            wrong_type(&pointer, "true or false", value, problems);
        }
        value.as_bool()
    }

    /// One of the given words.
    pub fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)], problems: &mut Problems) -> Option<T> {
        let text = self.string(key, problems)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("`{key}` can't be `{text}`");
            let help = format!("it is {}", one_of(&known, 10));
            let at = child(&self.pointer, key);
            problems.push(Problem::new(Severity::Error, Code::UnknownValue, (Input::Config, &at), message).help(help));
        }
        found
    }

    /// A list of strings.
    pub fn strings(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<String>> {
        let (value, pointer) = self.take(key)?;
        strings(value, &pointer, problems)
    }

    /// A mapping from strings to strings, in order of the keys.
    pub fn pairs(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<(String, String)>> {
        let (value, pointer) = self.take(key)?;
        pairs(value, &pointer, problems)
    }

    /// Reports the keys that weren't read.
    pub fn finish(self, problems: &mut Problems) {
        let known: HashSet<&str> = self.known.iter().copied().collect();
        for key in self.object.keys().filter(|key| !known.contains(key.as_str())) {
            let help = match closest(key, self.known.iter().copied()) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("known keys are {}", all_of(&self.known, 40)),
            };
            let at = child(&self.pointer, key);
            let message = format!("unknown key `{key}`");
            problems.push(Problem::new(Severity::Error, Code::UnknownKey, (Input::Config, &at), message).help(help));
        }
    }
}

pub fn string(value: &Value, pointer: &str, problems: &mut Problems) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::String(_) => {
            problems.error(Code::EmptyValue, (Input::Config, pointer), "the value is empty");
            None
        }
        other => {
            wrong_type(pointer, "text", other, problems);
            None
        }
    }
}

pub fn strings(value: &Value, pointer: &str, problems: &mut Problems) -> Option<Vec<String>> {
    let Value::Array(items) = value else {
        wrong_type(pointer, "a list", value, problems);
        return None;
    };
    let items = items.iter().enumerate();
    Some(items.filter_map(|(index, item)| string(item, &format!("{pointer}/{index}"), problems)).collect())
}

pub fn pairs(value: &Value, pointer: &str, problems: &mut Problems) -> Option<Vec<(String, String)>> {
    let Value::Object(object) = value else {
        wrong_type(pointer, "a mapping of names to names", value, problems);
        return None;
    };
    let mut pairs: Vec<_> = object
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), string(value, &child(pointer, key), problems)?)))
        .collect();
    pairs.sort();
    Some(pairs)
}

pub fn wrong_type(pointer: &str, expected: &str, value: &Value, problems: &mut Problems) {
    let found = match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::String(text) => format!("`{text}`"),
        scalar => format!("`{scalar}`"),
    };
    problems.error(Code::WrongType, (Input::Config, pointer), format!("expected {expected}, found {found}"));
}
