//! Reads the parameters that an operation requires beside those of its path.

use std::borrow::Cow;

use serde_json::Value;

use super::document::{Document, Node};
use super::operation::parameters;
use super::properties::properties;
use super::query::{Spread, schema};
use super::resolved::Resolved;
use super::version::Version;

/// Where a request has a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum In {
    Query,
    Header,
    Cookie,
}

/// A parameter without which the API refuses a request.
#[derive(Debug, Clone)]
pub struct RequiredParameter<'a> {
    /// As it is sent.
    pub name: Cow<'a, str>,
    pub place: In,
    /// The only value that it can have, or its default.
    pub value: Option<String>,
    /// Whether a security scheme of the document names it.
    pub is_api_key: bool,
    pub pointer: String,
}

/// What an operation requires in its query, its headers and its cookies, in the document's order; what its path item does
/// follows.
pub fn required_parameters<'a>(
    document: &'a Document,
    path_item: &Node<'a>,
    operation: &Node<'a>,
) -> Vec<RequiredParameter<'a>> {
    let mut seen: Vec<(In, &str)> = Vec::new();
    let mut found = Vec::new();
    for node in parameters(document, path_item, operation) {
        let Some((place, name)) = place_of(&node).zip(node.str("name")) else { continue };
        // The operation's own stands before that of the path item.
        if seen.contains(&(place, name)) {
            continue;
        }
        seen.push((place, name));
        if node.value.get("required") != Some(&Value::Bool(true)) {
            continue;
        }
        let required = |name: Cow<'a, str>, resolved: Option<&Resolved<'a>>| RequiredParameter {
            is_api_key: is_api_key(document, place, &name),
            name,
            place,
            value: resolved.and_then(value),
            pointer: node.pointer.clone(),
        };
        let schema = schema(document, &node);
        let members = schema.as_ref().filter(|_| place == In::Query).map(|node| properties(document, &node.schema()));
        let members = members.unwrap_or_default();
        let spread = if members.is_empty() { Spread::No } else { Spread::of(document, operation, &node) };
        if spread == Spread::No {
            let resolved = schema.and_then(|node| Resolved::of(document, &node.schema()));
            found.push(required(name.into(), resolved.as_ref()));
            continue;
        }
        for (member, property) in members.iter().filter(|(_, property)| property.required) {
            let name = if spread == Spread::Brackets { format!("{name}[{member}]").into() } else { Cow::from(*member) };
            found.push(required(name, property.resolve(document).as_ref()));
        }
    }
    found
}

fn place_of(node: &Node) -> Option<In> {
    match node.str("in")? {
        "query" => Some(In::Query),
        "header" => Some(In::Header),
        "cookie" => Some(In::Cookie),
        _ => None,
    }
}

/// What every request can say: the only value that is allowed, or the default.
fn value(resolved: &Resolved) -> Option<String> {
    let only = <[_; 1]>::try_from(resolved.schema.choices()).ok().map(|[only]| only);
    match only.as_ref().or(resolved.default)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether it is how the document says that a caller shows who it is.
fn is_api_key(document: &Document, place: In, name: &str) -> bool {
    let pointer = match document.version() {
        Version::V2 => "/securityDefinitions",
        _ => "/components/securitySchemes",
    };
    let Some(value) = document.raw(pointer) else { return false };
    let all = Node { value, pointer: pointer.to_owned() };
    let names = all.object().into_iter().flatten().map(|(name, _)| name);
    names.filter_map(|scheme| document.resolve(all.get(scheme)?)).any(|scheme| {
        let is_named = scheme.str("name").is_some_and(|own| match place {
            In::Header => own.eq_ignore_ascii_case(name),
            In::Query | In::Cookie => own == name,
        });
        scheme.str("type") == Some("apiKey") && place_of(&scheme) == Some(place) && is_named
    })
}
