use super::paging::Page;

/// What the document says of a list, or the config in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub path: String,
    /// Where the rows are in an answer, the outermost member first.
    pub rows: Vec<String>,
    /// Where the row is within an element of the list.
    pub row: Vec<String>,
    /// What such an element has beside the row.
    pub beside: Vec<String>,
    /// The media type of an answer, where it isn't `application/json`.
    pub media: Option<String>,
    pub page: Page,
    /// A parameter that says that there are pages, where nothing says how the next one is asked for.
    pub unpaged: Option<String>,
    /// The parameter that takes a time to start from.
    pub since: Option<String>,
    /// Properties of the row that an element of the list doesn't have.
    pub lacks: Vec<String>,
}
