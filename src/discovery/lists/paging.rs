//! Tells from the names of a query's parameters how a list comes in pages.

use crate::discovery::keys::same_name;
use crate::openapi::QueryParameter;

/// Names of the parameter that says how many rows a page has.
const SIZES: &[&str] =
    &["limit", "size", "per_page", "page_size", "count", "top", "$top", "max_results", "max", "take"];

/// Names of the parameter that says how many rows to skip.
const OFFSETS: &[&str] = &["offset", "skip", "$skip", "start", "start_index"];

/// The rows of a page where the document sets no limit.
const USUAL_ROWS: u32 = 1_000;

/// How a list comes in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// All rows at once.
    None,
    /// So many rows are skipped.
    Offset { offset: String, size: Option<Size>, total: Option<Vec<String>> },
}

/// The parameter that says how many rows a page has, and how many are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    pub parameter: String,
    pub rows: u32,
}

impl Page {
    /// The parameters that the client fills.
    pub fn parameters(&self) -> Vec<&str> {
        match self {
            Page::None => Vec::new(),
            Page::Offset { offset, size, .. } => {
                std::iter::once(offset.as_str()).chain(size.iter().map(|size| size.parameter.as_str())).collect()
            }
        }
    }
}

/// The style of a list with these parameters.
pub fn page(parameters: &[QueryParameter]) -> Page {
    let find = |names: &[&str]| {
        names.iter().find_map(|name| parameters.iter().find(|parameter| same_name(parameter.name, name)))
    };
    let size = find(SIZES).map(size);
    match find(OFFSETS) {
        Some(offset) => Page::Offset { offset: offset.name.to_owned(), size, total: None },
        None => Page::None,
    }
}

/// As many rows as the document allows.
fn size(parameter: &QueryParameter) -> Size {
    let rows = parameter.maximum.and_then(|most| u32::try_from(most).ok()).filter(|most| *most > 0);
    Size { parameter: parameter.name.to_owned(), rows: rows.unwrap_or(USUAL_ROWS).min(USUAL_ROWS) }
}
