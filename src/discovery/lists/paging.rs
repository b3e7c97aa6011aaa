//! Tells from the names of a query's parameters, and of what an answer has beside its rows, how a list comes in pages.

use super::members::{Member, Members};
use crate::config::Style;
use crate::discovery::keys::same_name;
use crate::openapi::{QueryParameter, Type};

/// Parameters that say how many rows a page has. Names are compared without case, and without what isn't a letter or digit.
const SIZES: &[&str] = &[
    "limit",
    "per_page",
    "page_size",
    "page_limit",
    "max_results",
    "max_items",
    "max_page_size",
    "take",
    "$top",
    "size",
    "top",
    "count",
    "rows",
    "first",
];

/// Parameters that say how many rows to skip.
const OFFSETS: &[&str] = &["offset", "skip", "$skip", "page_offset", "start_index", "start_at", "start"];

/// Parameters that take the number of a page.
const NUMBERS: &[&str] = &["page", "page_number", "page_no", "page_num", "page_index", "current_page", "p"];

/// Parameters that take a cursor of the page before.
const CURSORS: &[&str] = &[
    "cursor",
    "page_cursor",
    "next_cursor",
    "page_token",
    "next_page_token",
    "next_token",
    "continuation_token",
    "continuation",
    "page_after",
    "after",
    "marker",
    "bookmark",
    "starting_after",
    "start_after",
];

/// Parameters that take the key of the last row before the page, where no answer has a cursor for them.
const AFTER_KEYS: &[&str] =
    &["starting_after", "start_after", "after_id", "last_id", "last_seen_id", "page_after", "after", "marker"];

/// Names that mean something else where the parameter isn't a number: `start` a date, `first` a name.
const NUMBERS_ONLY: &[&str] = &["size", "top", "count", "rows", "first", "start", "start_at", "p"];

/// Members with the cursor of the next page.
const NEXT_CURSORS: &[&str] = &[
    "next_cursor",
    "next_page_token",
    "next_token",
    "next_page_cursor",
    "next_continuation_token",
    "next_marker",
    "continuation_token",
    "continuation",
    "end_cursor",
    "next_page",
    "next",
    "after",
    "bookmark",
    "cursor",
];

/// Members with the link to the next page: what they are called says that it is one.
/// A next page, be it by a link or by something else.
const NEXT: &[&str] = &["next", "next_page"];
const NEXT_LINKS: &[&str] =
    &["@odata.nextLink", "odata.nextLink", "next_link", "next_page_url", "next_url", "next_page_link"];

const TOTALS: &[&str] = &[
    "total",
    "total_count",
    "total_elements",
    "total_items",
    "total_results",
    "total_records",
    "total_rows",
    "count_total",
    "records_total",
    "@odata.count",
];

/// Members that say whether there is another page.
const MORES: &[&str] = &["has_more", "has_next", "has_next_page", "has_more_items", "more", "is_truncated"];

const PAGES: &[&str] = &["total_pages", "page_count", "num_pages", "pages", "last_page", "pages_count"];

const LASTS: &[&str] = &["last", "is_last", "is_last_page", "last_page"];

/// The rows of a page where the document sets no limit.
pub const USUAL_ROWS: u32 = 1_000;

/// How a list comes in pages. Places are names of an answer's members, the outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// All rows at once.
    None { size: Option<Size> },
    /// So many rows are skipped.
    Offset { offset: String, size: Option<Size>, total: Option<Vec<String>> },
    /// Pages have numbers.
    Number {
        page: String,
        first: i64,
        size: Option<Size>,
        total: Option<Vec<String>>,
        /// How many pages there are.
        pages: Option<Vec<String>>,
        /// Whether this page is the last.
        last: Option<Vec<String>>,
    },
    /// Each answer has the cursor of the next page.
    Cursor { cursor: String, next: Vec<String>, size: Option<Size> },
    /// The next page begins after the last row, whose key is asked with.
    After {
        after: String,
        /// The key's field.
        key: String,
        /// Whether there is another page.
        more: Option<Vec<String>>,
        size: Option<Size>,
    },
    /// Each answer has the link to the next page: in a member, or else in the header `Link`.
    Link { next: Option<Vec<String>>, size: Option<Size> },
}

/// The parameter that says how many rows a page has, and how many are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    pub parameter: String,
    pub rows: u32,
}

impl Page {
    pub fn size(&self) -> Option<&Size> {
        match self {
            Page::None { size }
            | Page::Offset { size, .. }
            | Page::Number { size, .. }
            | Page::Cursor { size, .. }
            | Page::After { size, .. }
            | Page::Link { size, .. } => size.as_ref(),
        }
    }

    /// The parameters that the client itself gives in every request: where a page begins, and how many rows it has. The first
    /// page has no cursor yet.
    pub fn parameters(&self) -> Vec<&str> {
        self.position().into_iter().chain(self.size().map(|size| size.parameter.as_str())).collect()
    }

    /// How many rows to skip, or the number of a page.
    pub fn position(&self) -> Option<&str> {
        match self {
            Page::Offset { offset: name, .. } | Page::Number { page: name, .. } => Some(name),
            Page::None { .. } | Page::Link { .. } | Page::Cursor { .. } | Page::After { .. } => None,
        }
    }

    /// What the answer before says, or the last row's key.
    pub fn cursor(&self) -> Option<&str> {
        match self {
            Page::Cursor { cursor: name, .. } | Page::After { after: name, .. } => Some(name),
            Page::None { .. } | Page::Link { .. } | Page::Offset { .. } | Page::Number { .. } => None,
        }
    }
}

/// What the document says of a list's pages.
pub struct Evidence<'e, 'a> {
    pub parameters: &'e [QueryParameter<'a>],
    pub members: &'e Members<'a>,
    /// Whether the header `Link` is declared.
    pub has_link: bool,
    /// The key's only field.
    pub key: Option<&'e str>,
}

impl<'a> Evidence<'_, 'a> {
    /// The style of the list.
    pub fn page(&self) -> Page {
        let size = self.size();
        self.cursor(&size)
            .or_else(|| self.odata())
            .or_else(|| self.offset(&size))
            .or_else(|| self.number(&size))
            .or_else(|| self.link(&size))
            .or_else(|| self.after(&size))
            .unwrap_or(Page::None { size })
    }

    /// The parameter that says that there are pages, where nothing says how the next one is asked for.
    pub fn unused(&self) -> Option<&str> {
        // An object whose members nobody says.
        let page = || self.parameters.iter().find(|one| one.is_object && same_name(&one.name, "page"));
        self.find(CURSORS).or_else(|| self.find(SIZES)).or_else(page).map(|parameter| parameter.name.as_ref())
    }

    pub fn size(&self) -> Option<Size> {
        self.find(SIZES).map(size)
    }

    /// The rows that a page may have by the parameter of this name.
    pub fn rows_of(&self, parameter: &str) -> Option<u32> {
        self.named(parameter).map(|parameter| size(parameter).rows)
    }

    /// The style that the config names.
    pub fn styled(&self, style: &Style, size: Option<Size>) -> Page {
        match style {
            Style::None => Page::None { size: None },
            Style::Offset(name) => Page::Offset { offset: name.clone(), size, total: self.total() },
            Style::Page(name) => {
                let unknown = QueryParameter { name: name.into(), ..QueryParameter::default() };
                self.numbered(self.named(name).unwrap_or(&unknown), size)
            }
            Style::Cursor(name, next) => Page::Cursor { cursor: name.clone(), next: next.clone(), size },
            Style::After(name) => self.following(name, size).unwrap_or(Page::None { size: None }),
            Style::Link(next) => Page::Link { next: next.clone(), size },
        }
    }

    fn named(&self, name: &str) -> Option<&QueryParameter<'a>> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    fn find(&self, names: &[&str]) -> Option<&QueryParameter<'a>> {
        let fits = |name: &str, parameter: &QueryParameter| {
            let is_number = matches!(parameter.ty, Some(Type::Integer | Type::Number));
            same_name(&parameter.name, name)
                && !parameter.is_object
                && parameter.ty != Some(Type::Boolean)
                && !parameter.format.is_some_and(|format| format.starts_with("date"))
                && (is_number || !NUMBERS_ONLY.contains(&name))
        };
        names.iter().find_map(|name| self.parameters.iter().find(|parameter| fits(name, parameter)))
    }

    fn cursor(&self, size: &Option<Size>) -> Option<Page> {
        let cursor = self.find(CURSORS)?;
        let next = self.members.find(NEXT_CURSORS, |member| member.may_be_text() || member.is_number());
        match next {
            // Django's cursor pagination answers whole URLs, and so does what is a link by its place.
            Some(next) if is_link(next) => Some(Page::Link { next: Some(next.owned_place()), size: size.clone() }),
            Some(next) => {
                let (cursor, next) = (cursor.name.to_string(), next.owned_place());
                Some(Page::Cursor { cursor, next, size: size.clone() })
            }
            None => None,
        }
    }

    /// Pages that begin after the last row of the one before. A document that says whether there are more says that it means
    /// this: a parameter alone may be a filter.
    fn after(&self, size: &Option<Size>) -> Option<Page> {
        let after = self.find(AFTER_KEYS)?;
        self.more()?;
        self.following(&after.name, size.clone())
    }

    fn following(&self, after: &str, size: Option<Size>) -> Option<Page> {
        Some(Page::After { after: after.to_owned(), key: self.key?.to_owned(), more: self.more(), size })
    }

    fn more(&self) -> Option<Vec<String>> {
        self.members.place(MORES, |member| member.ty == Some(Type::Boolean))
    }

    /// The size is not sent as `$top`: OData would then end the whole list after that many rows.
    fn odata(&self) -> Option<Page> {
        let next = self.members.place(&["@odata.nextLink", "odata.nextLink"], Member::may_be_text)?;
        Some(Page::Link { next: Some(next), size: None })
    }

    fn offset(&self, size: &Option<Size>) -> Option<Page> {
        let offset = self.find(OFFSETS)?;
        Some(Page::Offset { offset: offset.name.to_string(), size: size.clone(), total: self.total() })
    }

    fn number(&self, size: &Option<Size>) -> Option<Page> {
        Some(self.numbered(self.find(NUMBERS)?, size.clone()))
    }

    fn numbered(&self, page: &QueryParameter, size: Option<Size>) -> Page {
        Page::Number {
            page: page.name.to_string(),
            first: self.first(page),
            size,
            total: self.total(),
            pages: self.members.place(PAGES, Member::is_number),
            last: self.members.place(LASTS, |member| member.ty == Some(Type::Boolean)),
        }
    }

    fn link(&self, size: &Option<Size>) -> Option<Page> {
        let next = self
            .members
            .place(NEXT_LINKS, Member::may_be_text)
            .or_else(|| self.members.place(NEXT, is_link))
            .or_else(|| self.members.place(&["href"], |member| is_in_links(member) && names_next(member)));
        let is_linked = next.is_some() || self.has_link;
        is_linked.then(|| Page::Link { next, size: size.clone() })
    }

    /// The number of all rows. `count` is that of the page, unless Django says it.
    fn total(&self) -> Option<Vec<String>> {
        let beside_links = || {
            let is_linked = ["next", "previous"].iter().all(|name| self.members.find(&[name], |_| true).is_some());
            self.members.place(&["count"], Member::is_number).filter(|_| is_linked)
        };
        self.members.place(TOTALS, Member::is_number).or_else(beside_links)
    }

    /// The number of the first page.
    fn first(&self, page: &QueryParameter) -> i64 {
        let default = page.default.and_then(serde_json::Value::as_i64);
        let counts_from_zero = || {
            // Spring, whose documents needn't say it.
            let is_spring =
                self.members.find(&["total_elements", "number_of_elements", "pageable"], |_| true).is_some();
            is_spring || same_name(&page.name, "page_index")
        };
        let said = default.or(page.minimum).filter(|number| matches!(number, 0 | 1));
        said.unwrap_or_else(|| i64::from(!counts_from_zero()))
    }
}

/// Whether it is a URL, by its format, its place, or its description. That of a `next_cursor` may speak of the URL that
/// takes it.
fn is_link(member: &Member) -> bool {
    let says_no_more = || member.place.last().is_some_and(|name| NEXT.iter().any(|next| same_name(name, next)));
    member.is_url() || (member.may_be_text() && (is_in_links(member) || (says_no_more() && member.is_called_link())))
}

/// Whether it stands in an object of links.
fn is_in_links(member: &Member) -> bool {
    member.place.iter().rev().skip(1).any(|name| same_name(name, "links"))
}

fn names_next(member: &Member) -> bool {
    member.place.iter().rev().nth(1).is_some_and(|name| same_name(name, "next"))
}

/// The number of rows to ask for: as many as the document allows.
fn size(parameter: &QueryParameter) -> Size {
    let rows = parameter.maximum.and_then(|most| u32::try_from(most).ok()).filter(|most| *most > 0);
    Size { parameter: parameter.name.to_string(), rows: rows.unwrap_or(USUAL_ROWS).min(USUAL_ROWS) }
}
