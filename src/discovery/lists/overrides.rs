//! Puts what the config says of a list in the place of what was found.

use super::found::Listing;
use super::paging::{Evidence, Page, Size, USUAL_ROWS};
use crate::config::{ListConfig, Style};

pub fn apply(listing: &mut Listing, config: &ListConfig, evidence: &Evidence) {
    let ListConfig { style, size, max, first, total, pages, last, more, rows, row, since, changed: _, overlap: _ } =
        config;
    let found = listing.page.size().cloned().or_else(|| evidence.size());
    let mut size = size.clone().map_or(found, |parameter| {
        let rows = evidence.rows_of(&parameter).unwrap_or(USUAL_ROWS);
        Some(Size { parameter, rows })
    });
    if let (Some(size), Some(max)) = (&mut size, max) {
        size.rows = *max;
    }
    let mut page = match style {
        None => with_size(listing.page.clone(), size),
        Some(style) => {
            let page = evidence.styled(style, size);
            // What goes on after the last row's key needs a key of one field.
            listing.unpaged = match style {
                Style::After(name) if matches!(page, Page::None { .. }) => Some(name.clone()),
                _ => None,
            };
            page
        }
    };
    match &mut page {
        Page::Offset { total: own, .. } => set(own, total),
        Page::Number { first: number, total: own, pages: count, last: flag, .. } => {
            *number = first.unwrap_or(*number);
            set(own, total);
            set(count, pages);
            set(flag, last);
        }
        Page::After { more: own, .. } => set(own, more),
        Page::None { .. } | Page::Cursor { .. } | Page::Link { .. } => {}
    }
    listing.page = page;
    listing.rows = rows.clone().unwrap_or_else(|| listing.rows.clone());
    listing.row = row.clone().unwrap_or_else(|| listing.row.clone());
    if let Some(since) = since {
        listing.since = since.name().map(str::to_owned);
    }
}

fn set<T: Clone>(place: &mut Option<T>, value: &Option<T>) {
    if value.is_some() {
        place.clone_from(value);
    }
}

fn with_size(mut page: Page, given: Option<Size>) -> Page {
    match &mut page {
        Page::None { size }
        | Page::Offset { size, .. }
        | Page::Number { size, .. }
        | Page::Cursor { size, .. }
        | Page::After { size, .. }
        | Page::Link { size, .. } => *size = given,
    }
    page
}
