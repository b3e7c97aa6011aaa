//! Finds columns for keys that only the path has: rows of `/projects/{project_id}/tasks` that don't carry `project_id`.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::keys::{field_in_path, is_resource_name, looks_like_id};
use super::path_column::{PathColumn, PathParent};
use super::paths::{self, Segment};
use super::resources::{PathItem, Resource};
use super::select::{Candidate, Choices};
use crate::config::{Columns, Config, ModelConfig, Transport};
use crate::names;
use crate::openapi::{Document, Node, RawProperty, SchemaAt, path_parameter};

/// Names that say nothing without the collection before them.
const BARE: &[&str] = &["name", "key", "slug", "code", "number", "no", "ref"];

/// Adds to each candidate the columns that its rows lack.
pub fn add<'a>(document: &'a Document, config: &Config, choices: &mut Choices<'a>) {
    let all = || choices.chosen.iter().chain(&choices.others);
    let parents: Vec<&Candidate> = all().collect();
    let mut columns: Vec<Vec<PathColumn>> =
        all().map(|candidate| columns(document, config, candidate, &parents)).collect();
    for candidate in choices.chosen.iter_mut().chain(&mut choices.others).rev() {
        candidate.path_columns = columns.pop().unwrap_or_default();
    }
}

fn columns<'a>(
    document: &'a Document,
    config: &Config,
    candidate: &Candidate<'a>,
    parents: &[&Candidate<'a>],
) -> Vec<PathColumn<'a>> {
    let resource = &candidate.resource;
    let reading = resource.collection_operation("get");
    // What isn't listed comes in by its own writes.
    let Some((item, operation)) = reading.or_else(|| resource.collection_operation("post")) else { return Vec::new() };
    let entry = candidate.config.as_ref().map(|config| config.entry);
    let is_polled = config.transport_of(entry) == Transport::Rest;
    let mut columns: Vec<PathColumn> = Vec::new();
    for (index, (parameter, before)) in paths::parameters(&item.segments).into_iter().enumerate() {
        let fields = in_paths(candidate, item, index);
        if field_in_path(resource, &candidate.key, item, index, fields).is_some() {
            continue;
        }
        let place = place_of(&item.segments, index);
        let name = column_name(candidate, parameter, before);
        if columns.iter().any(|column| column.name == name) || candidate.row.properties.contains_key(name.as_str()) {
            continue;
        }
        let found = parent(&place, parents);
        let raw = found.as_ref().and_then(|(parent, field)| parent.row.properties.get(field.as_str()));
        let raw = raw.map_or_else(|| own_schema(document, item, &operation, parameter), Clone::clone);
        let is_excluded = entry.is_some_and(|entry| entry.exclude.contains(&name));
        columns.push(PathColumn {
            is_key: !is_unique_without(resource, &place),
            is_taken: !is_excluded && (is_polled || is_named(entry, &name) || is_needed(candidate)),
            raw: RawProperty { required: true, ..raw },
            parent: found.map(|(parent, field)| PathParent { model: parent.name.clone(), field }),
            name,
            parameter,
            place,
        });
    }
    columns
}

/// The properties whose values stand in paths as they are.
fn in_paths<'c, 'a>(
    candidate: &'c Candidate<'a>,
    item: &PathItem<'a>,
    index: usize,
) -> impl Iterator<Item = &'a str> + Clone + use<'c, 'a> {
    let spans = item.spans(index);
    let own = candidate.row.properties.iter().filter(move |(_, property)| spans || !is_resource_name(property));
    own.map(|(name, _)| *name)
}

/// Whether the config names the server's column.
fn is_named(entry: Option<&ModelConfig>, name: &str) -> bool {
    let Some(Columns::Named(columns)) = entry.map(|entry| &entry.columns) else { return false };
    columns.iter().any(|(field, _)| field == name)
}

/// Whether a write may need the column, or nothing else tells the rows of two parents apart. Otherwise a table that lacks it
/// must not keep its rows from being read.
fn is_needed(candidate: &Candidate) -> bool {
    let resource = &candidate.resource;
    let on_list = ["post", "put"].iter().any(|method| resource.collection_operation(method).is_some());
    let on_item = ["post", "put", "patch", "delete"].iter().any(|method| resource.item_operation(method).is_some());
    on_list || on_item || !candidate.key.iter().all(|name| looks_like_id(name))
}

/// The form of a path up to one of its parameters.
pub fn place_of(segments: &[Segment], parameter: usize) -> String {
    let places = segments.iter().enumerate().filter(|(_, segment)| matches!(segment, Segment::Parameter(_)));
    let end = places.map(|(place, _)| place + 1).nth(parameter).unwrap_or(segments.len());
    paths::normal_form(segments.get(..end).unwrap_or(segments))
}

/// Whether an item path tells rows apart without the parameter.
fn is_unique_without(resource: &Resource, place: &str) -> bool {
    let has = |item: &PathItem| {
        let count = paths::parameters(&item.segments).len();
        (0..count).any(|index| place_of(&item.segments, index) == place)
    };
    !resource.item.is_empty() && !resource.item.iter().any(has)
}

/// The name of the parameter, with that of the parent where it says nothing alone: `project_id` for the `{id}` of projects.
fn column_name(candidate: &Candidate, parameter: &str, before: Option<&str>) -> String {
    let is_bare = looks_like_id(parameter) || BARE.iter().any(|bare| bare.eq_ignore_ascii_case(parameter));
    let Some(before) = before.filter(|_| is_bare) else { return parameter.to_owned() };
    let name = format!("{}_{parameter}", names::singular(before));
    let own: Vec<&str> = candidate.row.properties.keys().copied().collect();
    let is_camel =
        own.iter().any(|name| name.contains(char::is_uppercase)) && !own.iter().any(|name| name.contains('_'));
    if is_camel { names::camel_case(&name) } else { names::snake_case(&name) }
}

/// The candidate whose items a path goes through, and the field of it that the path has.
fn parent<'p, 'a>(place: &str, parents: &[&'p Candidate<'a>]) -> Option<(&'p Candidate<'a>, String)> {
    parents.iter().find_map(|parent| {
        parent.resource.item.iter().find_map(|item| {
            let count = paths::parameters(&item.segments).len();
            let index = (0..count).find(|index| place_of(&item.segments, *index) == place)?;
            let own = super::keys::item_parameters(&parent.resource).len();
            let is_own = index + own >= count;
            let field = field_in_path(&parent.resource, &parent.key, item, index, in_paths(parent, item, index))?;
            is_own.then_some((*parent, field))
        })
    })
}

/// The schema of the parameter, or text where it has none.
fn own_schema<'a>(
    document: &'a Document,
    item: &PathItem<'a>,
    operation: &Node<'a>,
    parameter: &str,
) -> RawProperty<'a> {
    static TEXT: LazyLock<Value> = LazyLock::new(|| json!({ "type": "string" }));
    let schema = path_parameter(document, &item.node, operation, parameter).map(|node| node.schema());
    let schema = schema.unwrap_or_else(|| SchemaAt::new(&TEXT, item.node.pointer.clone()));
    RawProperty { schemas: vec![schema], remarks: Vec::new(), required: true }
}
