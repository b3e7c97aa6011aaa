//! Finds the bodies and parameters of an operation, in each version of OpenAPI.

use super::document::{Document, Node};
use super::media::{FORM, JSON, MULTIPART, is_json, is_media, json_of};
use super::properties::{Properties, RawProperty, properties};
use super::version::Version;

/// The request body of an operation, as far as a client can make it of a row.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// The operation has no body.
    None,
    /// JSON with this schema, under this media type.
    Json(Node<'a>, &'a str),
    /// The fields of a form, under this media type.
    Form(Properties<'a>, &'a str),
    /// JSON without a schema.
    Untyped,
    /// Neither; the first media type that it takes.
    Other(&'a str),
}

/// The schema of an operation's successful JSON response.
pub fn find_response<'a>(document: &'a Document, operation: &Node<'a>) -> Option<Node<'a>> {
    let responses = document.resolve(operation.get("responses")?)?;
    let statuses = ["200", "201", "2XX", "2xx", "202", "203", "206"];
    // `default` is the error where a 2xx response is declared.
    let says_success = responses.object()?.keys().any(|status| status.starts_with('2'));
    let default = (!says_success).then_some("default");
    statuses.into_iter().chain(default).filter_map(|status| responses.get(status)).find_map(|response| {
        let response = document.resolve(response)?;
        match document.version() {
            Version::V2 => response.get("schema"),
            _ => json_content(document, &response)?.ok(),
        }
    })
}

/// The request body of an operation. In Swagger 2.0 it is a parameter, which the path item may have.
pub fn find_body<'a>(document: &'a Document, path_item: &Node<'a>, operation: &Node<'a>) -> Body<'a> {
    if document.version() == Version::V2 {
        return body_parameter(document, path_item, operation);
    }
    let Some(body) = operation.get("requestBody").and_then(|body| document.resolve(body)) else { return Body::None };
    let Some(content) = body.get("content").and_then(|content| document.resolve(content)) else { return Body::Untyped };
    let Some(variants) = content.object().filter(|variants| !variants.is_empty()) else { return Body::Untyped };
    let schema = |name: &str| document.resolve(content.get(name)?)?.get("schema");
    let names = || variants.keys().map(String::as_str);
    if let Some(name) = json_of(names()) {
        return schema(name).map_or(Body::Untyped, |schema| Body::Json(schema, name));
    }
    let form = [FORM, MULTIPART].into_iter().find_map(|form| names().find(|name| is_media(name, form)));
    match form.and_then(|name| Some((schema(name)?, name))) {
        Some((schema, name)) => Body::Form(properties(document, &schema.schema()), name),
        None => names().next().map_or(Body::Untyped, Body::Other),
    }
}

/// Whether a request can be a form with files, too. Swagger 2.0 says it by the parameters.
pub fn takes_multipart(document: &Document, operation: &Node) -> bool {
    let body = operation.get("requestBody").and_then(|body| document.resolve(body));
    let content = body.and_then(|body| document.resolve(body.get("content")?));
    let variants = content.as_ref().and_then(Node::object);
    variants.is_some_and(|variants| variants.keys().any(|name| is_media(name, MULTIPART)))
}

/// The schema of the JSON media type, else the name of the first other media type; `None` without any of the two.
fn json_content<'a>(document: &'a Document, node: &Node<'a>) -> Option<Result<Node<'a>, &'a str>> {
    let content = document.resolve(node.get("content")?)?;
    let variants = content.object()?;
    let json = variants.keys().find(|name| is_json(name));
    match json {
        Some(name) => document.resolve(content.get(name)?)?.get("schema").map(Ok),
        None => variants.keys().next().map(|name| Err(name.as_str())),
    }
}

/// Whether the document declares a header of an operation.
pub fn declares_header(document: &Document, path_item: &Node, operation: &Node, name: &str) -> bool {
    parameters(document, path_item, operation).any(|parameter| {
        parameter.str("in") == Some("header") && parameter.str("name").is_some_and(|own| own.eq_ignore_ascii_case(name))
    })
}

/// The schema of a path parameter.
pub fn path_parameter<'a>(
    document: &'a Document,
    path_item: &Node<'a>,
    operation: &Node<'a>,
    name: &str,
) -> Option<Node<'a>> {
    let mut known = parameters(document, path_item, operation);
    let found = known.find(|parameter| parameter.str("in") == Some("path") && parameter.str("name") == Some(name))?;
    match document.version() {
        Version::V2 => Some(found),
        _ => found.get("schema"),
    }
}

fn body_parameter<'a>(document: &'a Document, path_item: &Node<'a>, operation: &Node<'a>) -> Body<'a> {
    let mut form = Properties::new();
    for parameter in parameters(document, path_item, operation) {
        match parameter.str("in") {
            Some("body") => {
                let media = json_of(consumed(document, operation)).unwrap_or(JSON);
                return parameter.get("schema").map_or(Body::Untyped, |schema| Body::Json(schema, media));
            }
            Some("formData") => {
                let Some(name) = parameter.str("name") else { continue };
                let required = parameter.value.get("required") == Some(&serde_json::Value::Bool(true));
                let property = RawProperty { schemas: vec![parameter.schema()], remarks: Vec::new(), required };
                form.entry(name).or_insert(property);
            }
            _ => {}
        }
    }
    if form.is_empty() {
        return Body::None;
    }
    let is_multipart = consumed(document, operation).any(|name| is_media(name, MULTIPART));
    let is_plain = consumed(document, operation).any(|name| is_media(name, FORM));
    Body::Form(form, if is_multipart && !is_plain { MULTIPART } else { FORM })
}

/// The media types that an operation of Swagger 2.0 takes.
fn consumed<'a>(document: &'a Document, operation: &Node<'a>) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
    let own = operation.value.get("consumes").or_else(|| document.raw("/consumes"));
    own.and_then(serde_json::Value::as_array).into_iter().flatten().filter_map(serde_json::Value::as_str)
}

/// The parameters of an operation, then those of its path item.
pub(super) fn parameters<'d>(
    document: &'d Document,
    path_item: &Node<'d>,
    operation: &Node<'d>,
) -> impl Iterator<Item = Node<'d>> {
    let lists = [operation.get("parameters"), path_item.get("parameters")];
    lists
        .into_iter()
        .flatten()
        .flat_map(|list| {
            let values = list.value.as_array().map(Vec::as_slice).unwrap_or_default();
            let node = move |(index, value)| Node { value, pointer: format!("{}/{index}", list.pointer) };
            values.iter().enumerate().map(node)
        })
        .filter_map(|node| document.resolve(node))
}
