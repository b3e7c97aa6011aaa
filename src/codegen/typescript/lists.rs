//! How rows are read from the API and what its answers are, as the runtime's model description has it. What is absent or
//! usual isn't written.

use serde_json::{Map, Value, json, to_value};

use crate::model::{Answer, List, ListParent, Model, Operation, Page, Parameter, Size};
use crate::schema_json::document;

/// The operations of a model, but for the list, with what their answers are.
pub fn operations(model: &Model, data: &document::Model) -> anyhow::Result<Value> {
    let offered = &model.operations;
    let all =
        [("get", &offered.get), ("create", &offered.create), ("update", &offered.update), ("delete", &offered.delete)];
    let mut operations = Map::new();
    for (name, operation) in all {
        let Some((operation, data)) = operation.as_ref().zip(data.operations.get(name)) else { continue };
        let mut value = to_value(data)?;
        if let (Some(members), Some(answer)) = (value.as_object_mut(), answer(&operation.answer)) {
            members.insert("answer".to_owned(), answer);
        }
        operations.insert(name.to_owned(), value);
    }
    Ok(Value::Object(operations))
}

fn answer(answer: &Answer) -> Option<Value> {
    let Answer { statuses, types, media, row } = answer;
    let members = members([
        ("statuses", (!statuses.is_empty()).then(|| json!(statuses))),
        ("types", (!types.is_empty()).then(|| json!(types))),
        ("media", media.as_ref().map(|media| json!(media))),
        ("row", row.as_ref().map(|row| json!(row))),
    ]);
    (!members.is_empty()).then_some(Value::Object(members))
}

/// `operation`: what every request for the list has.
pub fn list(list: &List, operation: Option<&Operation>) -> Value {
    let List { path, parents, rows, row, media, page: style, since, deleted, changed, required, lacks, unpaged } = list;
    let required = required.in_query();
    let filled = |parameters: &Vec<Parameter>| {
        let members: Map<String, Value> = parameters.iter().map(|one| (one.name.clone(), json!(one.filling))).collect();
        (!members.is_empty()).then_some(Value::Object(members))
    };
    let parent = |parent: &ListParent| {
        let ListParent { parameter, model, field, column } = parent;
        json!({ "parameter": parameter, "model": model, "field": field, "column": column })
    };
    let members = members([
        ("path", Some(json!(path))),
        ("parents", (!parents.is_empty()).then(|| parents.iter().map(parent).collect())),
        ("rows", names(rows)),
        ("row", names(row)),
        ("media", media.as_ref().map(|media| json!(media))),
        ("page", Some(page(style))),
        ("isPartial", unpaged.as_ref().map(|_| json!(true))),
        (
            "since",
            since
                .as_ref()
                .map(|since| json!({ "parameter": since.parameter, "column": since.column, "overlap": since.overlap })),
        ),
        ("deleted", deleted.as_ref().map(|name| json!(name))),
        ("changed", changed.as_ref().map(|name| json!(name))),
        ("query", operation.and_then(|operation| filled(&operation.query))),
        ("headers", operation.and_then(|operation| filled(&operation.headers))),
        ("required", (!required.is_empty()).then(|| json!(required))),
        ("lacks", names(lacks)),
    ]);
    Value::Object(members)
}

fn page(page: &Page) -> Value {
    let size = |size: &Option<Size>| {
        let size = size.as_ref()?;
        Some(json!({ "parameter": size.parameter, "rows": size.rows }))
    };
    let place = |place: &Option<Vec<String>>| place.as_ref().map(|place| json!(place));
    let style = |by: &str, others: &[(&'static str, Option<Value>)]| {
        Value::Object(members(std::iter::once(("by", Some(by.into()))).chain(others.iter().cloned())))
    };
    match page {
        Page::None { size: rows } => style("none", &[("size", size(rows))]),
        Page::Offset { offset, size: rows, total } => {
            style("offset", &[("offset", Some(json!(offset))), ("size", size(rows)), ("total", place(total))])
        }
        Page::Number { page, first, size: rows, total, pages, last } => style(
            "page",
            &[
                ("page", Some(json!(page))),
                ("first", Some(json!(first))),
                ("size", size(rows)),
                ("total", place(total)),
                ("pages", place(pages)),
                ("last", place(last)),
            ],
        ),
        Page::Cursor { cursor, next, size: rows } => {
            style("cursor", &[("cursor", Some(json!(cursor))), ("next", Some(json!(next))), ("size", size(rows))])
        }
        Page::After { after, key, more, size: rows } => style(
            "after",
            &[("after", Some(json!(after))), ("key", Some(json!(key))), ("more", place(more)), ("size", size(rows))],
        ),
        Page::Link { next, size: rows } => style("link", &[("next", place(next)), ("size", size(rows))]),
    }
}

/// A list that isn't empty.
fn names(names: &[String]) -> Option<Value> {
    (!names.is_empty()).then(|| json!(names))
}

fn members(members: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Map<String, Value> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
