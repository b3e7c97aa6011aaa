//! Reads the parameters that an operation requires beside those of its path.

use std::borrow::Cow;

use serde_json::Value;

use super::document::{Document, Node};
use super::operation::parameters;
use super::properties::{RawProperty, properties};
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

/// The default of a parameter.
#[derive(Debug, Clone)]
pub enum Fallback {
    Sent(String),
    /// It has no one text, and the API fills it in.
    OfTheApi,
}

/// A parameter without which the API refuses a request.
#[derive(Debug, Clone)]
pub struct RequiredParameter<'a> {
    /// As it is sent.
    pub name: Cow<'a, str>,
    pub place: In,
    /// The only value that it can have.
    pub only: Option<String>,
    pub default: Option<Fallback>,
    /// What it takes. `None` where its text is of a media type.
    pub schema: Option<RawProperty<'a>>,
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
        // The operation's own stands before that of the path item, also where it is optional.
        if seen.iter().any(|(other, own)| *other == place && is_same(place, own, name)) {
            continue;
        }
        seen.push((place, name));
        if node.value.get("required") != Some(&Value::Bool(true)) {
            continue;
        }
        let is_joined = is_joined(document, place, &node);
        let required = |name: Cow<'a, str>, schema: Option<RawProperty<'a>>| {
            let resolved = schema.as_ref().and_then(|schema| schema.resolve(document));
            RequiredParameter {
                is_api_key: is_api_key(document, place, &name),
                name,
                place,
                only: resolved.as_ref().and_then(only),
                default: resolved.and_then(|resolved| fallback(resolved.default?, is_joined)),
                schema,
                pointer: node.pointer.clone(),
            }
        };
        let schema = schema(document, &node);
        let members = schema.as_ref().filter(|_| place == In::Query).map(|node| properties(document, &node.schema()));
        let members = members.unwrap_or_default();
        let spread = if members.is_empty() { Spread::No } else { Spread::of(document, operation, &node) };
        if spread == Spread::No {
            let whole =
                |node: Node<'a>| RawProperty { schemas: vec![node.schema()], remarks: Vec::new(), required: true };
            found.push(required(name.into(), schema.map(whole)));
            continue;
        }
        for (member, property) in members.iter().filter(|(_, property)| property.required) {
            let name = if spread == Spread::Brackets { format!("{name}[{member}]").into() } else { Cow::from(*member) };
            found.push(required(name, Some(property.clone())));
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

/// Headers are the same in every case.
fn is_same(place: In, one: &str, other: &str) -> bool {
    match place {
        In::Header => one.eq_ignore_ascii_case(other),
        In::Query | In::Cookie => one == other,
    }
}

/// Whether a list is one text, with commas.
fn is_joined(document: &Document, place: In, node: &Node) -> bool {
    if document.version() == Version::V2 {
        return matches!(node.str("collectionFormat"), None | Some("csv"));
    }
    let explodes = node.value.get("explode").and_then(Value::as_bool);
    let is_plain = matches!(node.str("style"), None | Some("form" | "simple"));
    is_plain && (place == In::Header || explodes == Some(false))
}

fn only(resolved: &Resolved) -> Option<String> {
    let [only] = <[_; 1]>::try_from(resolved.schema.choices()).ok()?;
    text(&only)
}

fn fallback(value: &Value, is_joined: bool) -> Option<Fallback> {
    let sent = match value {
        Value::Null => return None,
        Value::Array(items) if is_joined || items.len() == 1 => {
            let texts: Option<Vec<String>> = items.iter().map(text).collect();
            texts.filter(|texts| !texts.is_empty()).map(|texts| texts.join(","))
        }
        value => text(value),
    };
    Some(sent.map_or(Fallback::OfTheApi, Fallback::Sent))
}

fn text(value: &Value) -> Option<String> {
    match value {
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
    names.filter_map(|scheme| document.resolve(all.get(scheme)?)).any(|scheme| match scheme.str("type") {
        Some("apiKey") => {
            place_of(&scheme) == Some(place) && scheme.str("name").is_some_and(|own| is_same(place, own, name))
        }
        Some("basic" | "http" | "oauth2" | "openIdConnect") => {
            place == In::Header && is_same(place, "Authorization", name)
        }
        _ => false,
    })
}
