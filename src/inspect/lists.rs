//! Says in words how the rows of a model are read from the API.

use crate::model::{List, Model, Page, Required};

/// `GET /contacts, pages by limit/offset, up to 100 rows, total in `total`, incremental by updated_since`.
pub fn sentence(list: &List) -> String {
    let mut parts = vec![format!("GET {}", list.path)];
    if !list.rows.is_empty() {
        parts.push(format!("rows under {}", place(&list.rows)));
    }
    if !list.row.is_empty() {
        parts.push(format!("each row under {}", place(&list.row)));
    }
    parts.push(style(list));
    parts.extend(list.page.size().map(|size| format!("up to {} rows", size.rows)));
    match &list.page {
        Page::Offset { total, .. } => parts.extend(total.as_ref().map(|total| format!("total in {}", place(total)))),
        Page::Number { first, total, pages, last, .. } => {
            parts.push(format!("counted from {first}"));
            parts.extend(total.as_ref().map(|total| format!("total in {}", place(total))));
            parts.extend(pages.as_ref().map(|pages| format!("number of pages in {}", place(pages))));
            parts.extend(last.as_ref().map(|last| format!("the last says so in {}", place(last))));
        }
        Page::After { more, .. } => parts.extend(more.as_ref().map(|more| format!("more to come by {}", place(more)))),
        Page::None { .. } | Page::Cursor { .. } | Page::Link { .. } => {}
    }
    parts.extend(list.since.as_ref().map(|since| {
        let (parameter, column) = (&since.parameter, &since.column);
        format!("incremental by {parameter}, compared with `{column}`")
    }));
    if list.since.is_none() {
        parts.extend(list.changed.as_ref().map(|column| format!("changed at `{column}`")));
    }
    parts.extend(list.deleted.as_ref().map(|column| format!("deleted rows by `{column}`")));
    parts.extend(list.parents.last().map(|parent| format!("for each of {}", parent.model)));
    let Required { query, cursors, keys, headers, .. } = &list.required;
    let asked: Vec<String> = query.iter().chain(cursors).cloned().collect();
    let wanted = [(&asked, "`params` or `listParams`"), (keys, "`listParams`"), (headers, "`params` or `headers`")];
    let wanted = wanted.iter().filter(|(names, _)| !names.is_empty());
    parts.extend(wanted.map(|(names, from)| format!("needs {} from {from}", names.join(", "))));
    parts.join(", ")
}

fn style(list: &List) -> String {
    let with_size = |name: &str| match list.page.size() {
        Some(size) => format!("pages by {}/{name}", size.parameter),
        None => format!("pages by {name}"),
    };
    match &list.page {
        Page::None { .. } => match &list.unpaged {
            Some(parameter) => format!("pages that the client can't ask for ({parameter})"),
            None => "all at once".to_owned(),
        },
        Page::Offset { offset, .. } => with_size(offset),
        Page::Number { page, .. } => with_size(page),
        Page::Cursor { cursor, next, .. } => format!("{} with {}", with_size(cursor), place(next)),
        Page::After { after, key, .. } => format!("{} with the last row's `{key}`", with_size(after)),
        Page::Link { next: Some(next), .. } => format!("pages by the link in {}", place(next)),
        Page::Link { next: None, .. } => "pages by the header Link".to_owned(),
    }
}

/// One word for a table.
pub fn word(model: &Model) -> &'static str {
    match model.list.as_ref().map(|list| &list.page) {
        None => "-",
        Some(Page::None { .. }) => "at once",
        Some(Page::Offset { .. }) => "offset",
        Some(Page::Number { .. }) => "page",
        Some(Page::Cursor { .. }) => "cursor",
        Some(Page::After { .. }) => "after",
        Some(Page::Link { .. }) => "link",
    }
}

fn place(names: &[String]) -> String {
    format!("`{}`", names.join("."))
}
