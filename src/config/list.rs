//! What the config says of a model's list.

use serde_json::Value;

use super::keys::{Reader, string, strings, wrong_type};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child, one_of};

/// Members of an answer, the outermost first.
pub type Place = Vec<String>;

/// What is said here goes before what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListConfig {
    pub style: Option<Style>,
    /// The parameter that says how many rows a page has.
    pub size: Option<String>,
    /// The rows of a page.
    pub max: Option<u32>,
    /// The number of the first page.
    pub first: Option<i64>,
    pub total: Option<Place>,
    pub pages: Option<Place>,
    pub last: Option<Place>,
    pub more: Option<Place>,
    pub rows: Option<Place>,
    pub row: Option<Place>,
    /// The parameter that takes a time to start from.
    pub since: Option<Choice>,
    /// The field with the time of a row's last change.
    pub changed: Option<Choice>,
    /// Seconds.
    pub overlap: Option<u32>,
}

/// How the list comes in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    /// All rows at once.
    None,
    /// The parameter that takes how many rows to skip.
    Offset(String),
    /// The parameter that takes the number of a page.
    Page(String),
    /// The parameter that takes a cursor, and where the answer has it.
    Cursor(String, Place),
    /// The parameter that takes the key of the last row before the page.
    After(String),
    /// Where the answer has the link; `None`: in the header `Link`.
    Link(Option<Place>),
}

/// A name, or `false` for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Never,
    Named(String),
}

impl Choice {
    pub fn name(&self) -> Option<&str> {
        match self {
            Choice::Never => None,
            Choice::Named(name) => Some(name),
        }
    }
}

/// The keys that say how pages are asked for; a list has one of them.
const STYLES: [&str; 5] = ["page", "offset", "cursor", "after", "link"];

pub fn read(reader: &mut Reader, problems: &mut Problems) -> Option<ListConfig> {
    let (value, pointer) = reader.take("list")?;
    let mut reader = Reader::new(value, &pointer, problems)?;
    let list = ListConfig {
        style: style(&mut reader, &pointer, problems),
        size: reader.string("size", problems),
        max: number(&mut reader, "max", 1, problems),
        first: number(&mut reader, "first", 0, problems).map(i64::from),
        total: place(&mut reader, "total", problems),
        pages: place(&mut reader, "pages", problems),
        last: place(&mut reader, "last", problems),
        more: place(&mut reader, "more", problems),
        rows: place(&mut reader, "rows", problems),
        row: place(&mut reader, "row", problems),
        since: choice(&mut reader, "since", problems),
        changed: choice(&mut reader, "changed", problems),
        overlap: number(&mut reader, "overlap", 0, problems),
    };
    reader.finish(problems);
    Some(list)
}

fn style(reader: &mut Reader, pointer: &str, problems: &mut Problems) -> Option<Style> {
    let page = choice(reader, "page", problems);
    let offset = reader.string("offset", problems);
    let cursor = reader.string("cursor", problems);
    let next = place(reader, "next", problems);
    let after = reader.string("after", problems);
    let link = place(reader, "link", problems);
    let given = [page.is_some(), offset.is_some(), cursor.is_some(), after.is_some(), link.is_some()];
    let given: Vec<&str> =
        STYLES.into_iter().zip(given).filter(|(_, is_given)| *is_given).map(|(key, _)| key).collect();
    let error = |key: &str, code, message: String, help: &str| {
        Problem::new(Severity::Error, code, (Input::Config, &child(pointer, key)), message).help(help)
    };
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` are two ways to ask for the next page");
        let help = format!("keep one of {}", one_of(&STYLES, STYLES.len()));
        problems.push(error(second, Code::Contradiction, message, &help));
        return None;
    }
    if let Some(cursor) = cursor {
        let Some(next) = next else {
            let help = "add `next`, such as `next: meta.next_cursor`: where an answer has the cursor of the next page";
            problems.push(error("cursor", Code::MissingKey, "`cursor` needs `next`".to_owned(), help));
            return None;
        };
        return Some(Style::Cursor(cursor, next));
    }
    if next.is_some() {
        let help = "add `cursor`, the parameter that takes it; a link to the next page is `link: links.next`";
        problems.push(error("next", Code::MissingKey, "`next` needs `cursor`".to_owned(), help));
    }
    let page = page.map(|page| match page {
        Choice::Never => Style::None,
        Choice::Named(name) => Style::Page(name),
    });
    let link = || link.map(|place| Style::Link((place != ["Link"]).then_some(place)));
    page.or_else(|| offset.map(Style::Offset)).or_else(|| after.map(Style::After)).or_else(link)
}

/// A name, or `false`.
pub fn choice(reader: &mut Reader, key: &'static str, problems: &mut Problems) -> Option<Choice> {
    let (value, pointer) = reader.take(key)?;
    match value {
        Value::Bool(false) => Some(Choice::Never),
        Value::String(_) => string(value, &pointer, problems).map(Choice::Named),
        other => {
            wrong_type(&pointer, "a name, or false", other, problems);
            None
        }
    }
}

/// Names of members with dots between them, or a list of the names.
fn place(reader: &mut Reader, key: &'static str, problems: &mut Problems) -> Option<Place> {
    let (value, pointer) = reader.take(key)?;
    match value {
        Value::String(_) => {
            let text = string(value, &pointer, problems)?;
            Some(text.split('.').map(str::to_owned).collect())
        }
        Value::Array(_) => strings(value, &pointer, problems),
        other => {
            wrong_type(&pointer, "members of the answer, such as meta.total, or [meta, total]", other, problems);
            None
        }
    }
}

/// A whole number from `least` on.
pub fn number(reader: &mut Reader, key: &'static str, least: u32, problems: &mut Problems) -> Option<u32> {
    let (value, pointer) = reader.take(key)?;
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number >= least);
    if number.is_none() {
        wrong_type(&pointer, &format!("a whole number from {least} on"), value, problems);
    }
    number
}
