//! What stands beside the rows in an answer: totals, cursors, links.

use crate::discovery::keys::same_name;
use crate::openapi::{Document, Properties, SchemaAt, Type, properties};

/// Objects that APIs put such members in.
const INNER: &[&str] = &[
    "meta",
    "metadata",
    "pagination",
    "paging",
    "paginator",
    "page",
    "page_info",
    "pager",
    "links",
    "next",
    "cursor",
    "cursors",
    "info",
    "response_metadata",
];

/// Words for the address of another page.
const LINKS: &[&str] = &["url", "uri", "link", "path"];

/// Words for what a parameter takes.
const TOKENS: &[&str] = &["token", "cursor"];

/// How many of these objects are searched, one inside the other.
const MAX_DEPTH: usize = 3;

/// A member of an answer that isn't among its rows.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// The names that lead to it, the outermost first.
    pub place: Vec<&'a str>,
    pub ty: Option<Type>,
    pub format: Option<&'a str>,
    pub description: Option<&'a str>,
}

/// The members of an answer, the outermost first.
#[derive(Debug, Clone, Default)]
pub struct Members<'a>(Vec<Member<'a>>);

impl<'a> Members<'a> {
    /// `rows`: the names that lead to the rows; what stands beside each of them is searched.
    pub fn of(document: &'a Document, answer: &SchemaAt<'a>, rows: &[&'a str]) -> Self {
        let mut members = Self::default();
        let mut found = properties(document, answer);
        let mut way = Vec::new();
        for (index, name) in rows.iter().enumerate() {
            members.collect(document, &found, &way, MAX_DEPTH);
            let inner = found.get(name).and_then(|property| property.schemas.first().cloned());
            let Some(inner) = inner.filter(|_| index + 1 < rows.len()) else { break };
            found = properties(document, &inner);
            way.push(*name);
        }
        members
    }

    fn collect(&mut self, document: &'a Document, found: &Properties<'a>, way: &[&'a str], depth: usize) {
        let place = |name: &'a str| way.iter().copied().chain([name]).collect::<Vec<_>>();
        let mut inner = Vec::new();
        for (name, property) in found {
            let Some(resolved) = property.resolve(document) else { continue };
            let members = property.schemas.first().map(|schema| properties(document, schema)).unwrap_or_default();
            if !members.is_empty() {
                inner.push((*name, members));
            } else if resolved.schema.items().is_none() {
                let (schema, description) = (resolved.schema, resolved.description);
                let (ty, format) = (schema.scalar(), schema.format);
                self.0.push(Member { place: place(name), ty, format, description });
            }
        }
        inner.retain(|(name, _)| depth > 1 && INNER.iter().any(|own| same_name(own, name)));
        for (name, members) in inner {
            self.collect(document, &members, &place(name), depth - 1);
        }
    }

    /// The first member with one of the names, the first names first.
    pub fn find(&self, names: &[&str], fits: impl Fn(&Member<'a>) -> bool) -> Option<&Member<'a>> {
        let has = |member: &Member<'a>, name: &str| member.place.last().is_some_and(|last| same_name(last, name));
        names.iter().find_map(|name| self.0.iter().find(|member| has(member, name) && fits(member)))
    }

    /// The place of such a member.
    pub fn place(&self, names: &[&str], fits: impl Fn(&Member<'a>) -> bool) -> Option<Vec<String>> {
        self.find(names, fits).map(Member::owned_place)
    }
}

impl Member<'_> {
    pub fn owned_place(&self) -> Vec<String> {
        self.place.iter().map(|name| (*name).to_owned()).collect()
    }

    pub fn is_number(&self) -> bool {
        matches!(self.ty, Some(Type::Integer | Type::Number))
    }

    /// A URL, as far as the document says it.
    pub fn is_url(&self) -> bool {
        self.format.is_some_and(|format| matches!(format, "uri" | "url" | "uri-reference" | "iri"))
    }

    /// Whether its description calls it a link: `The path of the next page`. A `URL-safe token` is none.
    pub fn is_called_link(&self) -> bool {
        let text = self.description.unwrap_or_default().to_lowercase();
        let has = |names: &[&str]| text.split(|c: char| !c.is_alphanumeric()).any(|word| names.contains(&word));
        has(LINKS) && !has(TOKENS)
    }

    /// Text, or something that isn't said.
    pub fn may_be_text(&self) -> bool {
        matches!(self.ty, Some(Type::String) | None)
    }
}
