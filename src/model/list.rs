//! How the rows of a model are read from the API.

pub use crate::discovery::lists::{Page, Size};

/// The API's list of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// As in the document, placeholders included: `/projects/{project_id}/tasks`.
    pub path: String,
    /// What fills each placeholder, in the order of the path.
    pub parents: Vec<ListParent>,
    /// Where the rows are in an answer, the outermost member first.
    pub rows: Vec<String>,
    /// Where the row is within an element of the list.
    pub row: Vec<String>,
    /// The media type of an answer, where it isn't `application/json`.
    pub media: Option<String>,
    pub page: Page,
    /// A parameter that says that there are pages, where nothing says how the next one is asked for.
    pub unpaged: Option<String>,
    /// The parameter that takes a time, for those rows alone that have changed since.
    pub since: Option<Since>,
    /// The field that says that a row is deleted: a time, or true.
    pub deleted: Option<String>,
    /// The field with the time of a row's last change.
    pub changed: Option<String>,
    /// What the API requires, and nothing fills.
    pub required: Required,
    /// The fields that only the item has, in the order of the row.
    pub lacks: Vec<String>,
}

/// The parameters of a list that only the application can give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Required {
    pub query: Vec<String>,
    /// The one of these that takes a time to start from: rows that are older don't come.
    pub since: Option<String>,
    /// Where a page begins: the first page is asked for without, where nobody gives it.
    pub cursors: Vec<String>,
    /// Those of the query that say who is asking: no config has them.
    pub keys: Vec<String>,
    pub headers: Vec<String>,
    /// Where the document has the first of them.
    pub pointer: Option<String>,
}

impl Required {
    /// What `listParams` has to give.
    pub fn in_query(&self) -> Vec<&str> {
        self.query.iter().chain(&self.keys).map(String::as_str).collect()
    }
}

/// What fills a placeholder of a list's path: a field of another model's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListParent {
    pub parameter: String,
    pub model: String,
    pub field: String,
    /// The field of the listed rows that holds it.
    pub column: String,
}

/// How a list is asked for what has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    pub parameter: String,
    /// The field with the time that the parameter is compared with.
    pub column: String,
    /// Seconds.
    pub overlap: u32,
}

/// What a successful answer to a request is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Statuses of success that the document declares, beside those that every API may answer with. 303, too: it says
    /// that a write is done, and where its row is.
    pub statuses: Vec<u16>,
    /// Media types other than JSON that the document declares.
    pub types: Vec<String>,
    /// The JSON media type that it has, where that isn't `application/json`.
    pub media: Option<String>,
    /// Where the row is in it; `None` where it has none.
    pub row: Option<Vec<String>>,
}
