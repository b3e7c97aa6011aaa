//! Names and values out of a document, as sentences have them.

use serde_json::Value;

use crate::diagnostics::clean;

/// The longest piece of somebody's document that a sentence takes up.
const MOST_CHARACTERS: usize = 80;

/// A name or value out of somebody's document, as a sentence has it. It can't end the backquotes.
pub fn name(text: &str) -> String {
    let text = clean(text).replace('`', "'");
    if text.chars().count() <= MOST_CHARACTERS {
        return format!("`{text}`");
    }
    format!("`{}…`", text.chars().take(MOST_CHARACTERS).collect::<String>())
}

/// A piece of SQL, whole: it is there to be copied.
pub fn statement(sql: &str) -> String {
    format!("`{}`", clean(sql).replace('`', "'"))
}

pub fn names<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> String {
    let all: Vec<String> = texts.into_iter().map(|text| name(text.as_ref())).collect();
    all.join(", ")
}

pub fn value(value: &Value) -> String {
    name(&value.to_string())
}
