//! Guesses a key if neither an `id` nor the path gives one. `inspect` shows the guess.

use std::collections::BTreeSet;

use super::envelope::LIST_KEYS;
use super::row::Row;
use crate::discovery::keys::{Detected, KnownBy, same_name};
use crate::discovery::paths::{self, Segment};
use crate::discovery::resources::Resource;
use crate::names;
use crate::openapi::{Document, Type};

/// Names of natural keys, anywhere in a row.
const NATURAL: &[&str] = &["slug"];

/// Names of natural keys as the first property. Elsewhere a `key` may be a secret, and a `code` a reason.
const NATURAL_IN_FRONT: &[&str] = &["key", "code"];

/// Names of a row's own URL.
const ADDRESSES: &[&str] = &["url", "href", "self"];

/// Names of keys known from the paths: parameters, and `contact_id` for `contacts`.
pub struct KnownIds(BTreeSet<String>);

impl KnownIds {
    pub fn of(document: &Document) -> Self {
        let segments = document.paths().filter_map(|(path, _)| paths::segments(path)).flatten();
        let id = |segment| match segment {
            Segment::Parameter(name) | Segment::Constant(name) => names::snake_case(name),
            Segment::Within => String::new(),
            Segment::Fixed(name) => format!("{}_id", names::snake_case(&names::singular(name))),
        };
        Self(segments.map(id).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|known| same_name(known, name))
    }
}

/// Guesses the key of rows that are entities, not counts or search results.
pub fn guess<'a>(document: &'a Document, row: &Row<'a>, resource: &Resource<'a>, ids: &KnownIds) -> Option<Detected> {
    let rows = Rows { document, row, resource };
    if !rows.are_many() || rows.are_counts() || paths::fixed(resource.segments()).contains(&"search") {
        return None;
    }
    let guesses = [
        (rows.own_hidden_id(), KnownBy::Name),
        (rows.prefixed_id(), KnownBy::Name),
        (rows.called_after(), KnownBy::Rows),
        (rows.natural(), KnownBy::Name),
        (rows.only_id(ids), KnownBy::OnlyId),
        (rows.address(), KnownBy::Address),
    ];
    let (name, by) = guesses.into_iter().find_map(|(name, by)| Some((name?, by)))?;
    Some(Detected { names: vec![name.to_owned()], by })
}

struct Rows<'r, 'a> {
    document: &'a Document,
    row: &'r Row<'a>,
    resource: &'r Resource<'a>,
}

impl<'a> Rows<'_, 'a> {
    /// Whether the path is a plural, or its GET returns a plain list.
    fn are_many(&self) -> bool {
        let segment = self.resource.last_segment();
        let answer = &self.row.answer;
        let is_list = self.resource.collection_operation("get").is_some_and(|(item, _)| item.path == answer.path)
            && answer.method == "GET"
            && self.envelope().is_none();
        is_list || names::singular(segment) != segment
    }

    fn are_counts(&self) -> bool {
        self.row.properties.contains_key("count")
    }

    /// The key of the envelope, if it names the rows.
    fn envelope(&self) -> Option<&'a str> {
        self.row.answer.keys.last().copied().filter(|key| !LIST_KEYS.contains(key))
    }

    /// `_document_id`: an underscore marks a row's own id.
    fn own_hidden_id(&self) -> Option<&'a str> {
        self.row.properties.keys().copied().find(|name| name.starts_with('_') && is_id(name))
    }

    /// `acme_id` beside `acme_customer_id`: the first word is the maker's.
    fn prefixed_id(&self) -> Option<&'a str> {
        let names = || self.row.properties.keys().copied();
        names().find(|name| {
            let Some(prefix) = name.strip_suffix("_id").filter(|prefix| !prefix.is_empty()) else { return false };
            let has_prefix = |other: &str| {
                other
                    .strip_prefix(prefix)
                    .is_some_and(|rest| rest.starts_with('_') && rest.len() > "_id".len() && rest.ends_with("_id"))
            };
            names().any(has_prefix) && self.row.properties.get(name).is_some_and(|property| property.required)
        })
    }

    /// `email` in `emails`, `filename` in `files`, `group_id` in rows under the key `groups`.
    fn called_after(&self) -> Option<&'a str> {
        let mut wanted = Vec::new();
        for rows in std::iter::once(self.resource.last_segment()).chain(self.envelope()) {
            let words = names::snake_case(&names::singular(rows));
            let tails = words.match_indices('_').filter_map(|(at, _)| words.get(at + 1..));
            for word in std::iter::once(words.as_str()).chain(tails) {
                let ends = ["", "_id", "_name", "_key", "_code", "_slug"];
                wanted.extend(ends.map(|end| format!("{word}{end}")));
            }
        }
        let found = wanted.iter().find_map(|name| self.row.properties.keys().find(|own| same_name(own, name)))?;
        self.identifies(found).then_some(*found)
    }

    fn natural(&self) -> Option<&'a str> {
        let names = self.row.properties.keys().copied();
        let first = names.clone().next().filter(|name| NATURAL_IN_FRONT.contains(name));
        names.clone().find(|name| NATURAL.contains(name)).or(first).filter(|name| self.is_text(name))
    }

    /// The only required id, in read-only collections: elsewhere it may be a parent's.
    fn only_id(&self, ids: &KnownIds) -> Option<&'a str> {
        let mut own = self.required_ids();
        let only = own.next().filter(|_| own.next().is_none())?;
        let is_one_word = names::snake_case(only).split('_').filter(|word| !word.is_empty()).count() == 2;
        let is_read = self.resource.collection_operation("post").is_none();
        (is_one_word && is_read && !ids.has(only) && self.identifies(only)).then_some(only)
    }

    fn address(&self) -> Option<&'a str> {
        let mut names = self.row.properties.keys().copied().filter(|_| !self.resource.item.is_empty());
        names.find(|name| ADDRESSES.contains(name) && self.identifies(name))
    }

    /// Whether every row has it as text, and no other id that it could be unique within.
    fn identifies(&self, name: &str) -> bool {
        self.is_text(name) && self.required_ids().all(|id| id == name)
    }

    fn required_ids(&self) -> impl Iterator<Item = &'a str> {
        self.row.properties.iter().filter(|(name, property)| property.required && is_id(name)).map(|(name, _)| *name)
    }

    /// Whether every row has it as text. A document without any `required` doesn't say.
    fn is_text(&self, name: &str) -> bool {
        let Some(property) = self.row.properties.get(name) else { return false };
        let says_required = self.row.properties.values().any(|property| property.required);
        let Some(resolved) = property.resolve(self.document) else { return false };
        let is_text = resolved.schema.scalar() == Some(Type::String) && resolved.schema.choices().is_empty();
        is_text && !resolved.is_secret() && !resolved.nullable && (property.required || !says_required)
    }
}

/// `tag_id`, `tagId`.
fn is_id(name: &str) -> bool {
    names::snake_case(name).ends_with("_id") || name.ends_with("_id")
}
