//! Reads the parameters of a list's query.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::answer::speaks;
use super::document::{Document, Node};
use super::media::JSON_API;
use super::operation::parameters;
use super::properties::{RawProperty, properties};
use super::resolved::Resolved;
use super::schema::Type;
use super::version::Version;

/// How many schemas a number's limit is looked for in, one inside the other.
const MAX_DEPTH: usize = 8;

/// A parameter of an operation's query.
#[derive(Debug, Clone, Default)]
pub struct QueryParameter<'a> {
    /// As it is sent: `limit`, `page[size]`.
    pub name: Cow<'a, str>,
    pub required: bool,
    /// `None` where it is a union, or says nothing.
    pub ty: Option<Type>,
    pub format: Option<&'a str>,
    pub default: Option<&'a Value>,
    pub minimum: Option<i64>,
    pub maximum: Option<i64>,
    /// Whether it takes an object in one text, which nothing here writes.
    pub is_object: bool,
}

/// The parameters of an operation's query, in the document's order; those of its path item follow.
pub fn query_parameters<'a>(
    document: &'a Document,
    path_item: &Node<'a>,
    operation: &Node<'a>,
) -> Vec<QueryParameter<'a>> {
    let mut found: Vec<QueryParameter> = Vec::new();
    for node in parameters(document, path_item, operation).filter(|node| node.str("in") == Some("query")) {
        // The operation's own stands before that of the path item.
        for parameter in read(document, operation, &node) {
            if !found.iter().any(|known| known.name == parameter.name) {
                found.push(parameter);
            }
        }
    }
    found
}

/// How the members of an object are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// Each as a parameter of its own name.
    Members,
    /// `page[size]=20`
    Brackets,
    /// As one parameter.
    No,
}

impl Spread {
    /// JSON:API has brackets, whatever a document forgets to say of them.
    pub(super) fn of(document: &Document, operation: &Node, node: &Node) -> Self {
        let style = node.str("style");
        let explodes = node.value.get("explode").and_then(Value::as_bool);
        match style {
            Some("deepObject") => Self::Brackets,
            None if explodes.is_none() && speaks(document, operation, JSON_API) => Self::Brackets,
            None | Some("form") if explodes != Some(false) => Self::Members,
            _ => Self::No,
        }
    }
}

/// The schema of a parameter. In Swagger 2.0 the parameter is one.
pub(super) fn schema<'a>(document: &Document, node: &Node<'a>) -> Option<Node<'a>> {
    match document.version() {
        Version::V2 => Some(node.clone()),
        _ => node.get("schema"),
    }
}

/// A parameter; or several, where it is an object whose members are sent one by one, such as Spring's `pageable`, or the
/// `page` of JSON:API.
fn read<'a>(document: &'a Document, operation: &Node<'a>, node: &Node<'a>) -> Vec<QueryParameter<'a>> {
    let Some(name) = node.str("name") else { return Vec::new() };
    let schema = schema(document, node);
    let required = node.value.get("required") == Some(&Value::Bool(true));
    let members = schema.as_ref().map(|node| properties(document, &node.schema())).unwrap_or_default();
    let spread = if members.is_empty() { Spread::No } else { Spread::of(document, operation, node) };
    let member = |(member, property): (&&'a str, &RawProperty<'a>)| {
        let name = if spread == Spread::Brackets { format!("{name}[{member}]").into() } else { Cow::from(*member) };
        let limit = |plain: &str, exclusive: &str, step: i64| {
            let mut schemas = property.schemas.iter().chain(&property.remarks);
            schemas.find_map(|schema| limit(document, schema.value, plain, exclusive, step, MAX_DEPTH))
        };
        QueryParameter {
            minimum: limit("minimum", "exclusiveMinimum", 1),
            maximum: limit("maximum", "exclusiveMaximum", -1),
            ..parameter(name, required && property.required, property.resolve(document).as_ref())
        }
    };
    if spread != Spread::No {
        return members.iter().map(member).collect();
    }
    let resolved = schema.as_ref().and_then(|node| Resolved::of(document, &node.schema()));
    let limit = |plain: &str, exclusive: &str, step: i64| {
        let schema = schema.as_ref()?.value;
        limit(document, schema, plain, exclusive, step, MAX_DEPTH)
    };
    vec![QueryParameter {
        minimum: limit("minimum", "exclusiveMinimum", 1),
        maximum: limit("maximum", "exclusiveMaximum", -1),
        is_object: !members.is_empty() || resolved.as_ref().is_some_and(|it| it.schema.ty == Some(Type::Object)),
        ..parameter(name.into(), required, resolved.as_ref())
    }]
}

fn parameter<'a>(name: Cow<'a, str>, required: bool, resolved: Option<&Resolved<'a>>) -> QueryParameter<'a> {
    QueryParameter {
        name,
        required,
        ty: resolved.and_then(|resolved| resolved.schema.scalar()),
        format: resolved.and_then(|resolved| resolved.schema.format),
        default: resolved.and_then(|resolved| resolved.default),
        ..QueryParameter::default()
    }
}

/// A limit of a whole number, in the schema or in one of its parts. `step`: from an exclusive limit to the next number.
fn limit(document: &Document, schema: &Value, plain: &str, exclusive: &str, step: i64, depth: usize) -> Option<i64> {
    let depth = depth.checked_sub(1)?;
    let inside = |value: &Value| limit(document, value, plain, exclusive, step, depth);
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return inside(document.raw(&super::local_pointer(reference)?)?);
    }
    let plain_limit = schema.get(plain).and_then(Value::as_number).and_then(whole);
    // In 3.1 a number of its own; before, it says of the other that it is exclusive.
    match schema.get(exclusive) {
        Some(Value::Bool(true)) => return plain_limit.map(|limit| limit.saturating_add(step)),
        Some(Value::Number(number)) if plain_limit.is_none() => return Some(whole(number)?.saturating_add(step)),
        _ => {}
    }
    let mut parts = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    plain_limit.or_else(|| parts.find_map(inside))
}

/// `100`, and `100.0`, which FastAPI writes.
fn whole(number: &Number) -> Option<i64> {
    // Floats within this range are exact.
    let float = number.as_f64().filter(|float| float.abs() < 9e15)?;
    number.as_i64().or(Some(float as i64))
}
