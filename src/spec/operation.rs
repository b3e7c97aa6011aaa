//! The JSON bodies of an operation, whatever the version calls them.

use super::{Document, Node, Version};

/// A request body as far as a JSON client is concerned.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// The operation takes none.
    None,
    /// JSON of this schema.
    Json(Node<'a>),
    /// JSON of any kind: the document doesn't say.
    Untyped,
    /// Only this media type, which isn't JSON.
    Other(&'a str),
}

/// The schema of the answer that an operation gives when it succeeds.
pub fn find_response<'a>(document: &'a Document, operation: &Node<'a>) -> Option<Node<'a>> {
    let responses = document.resolve(operation.get("responses")?)?;
    let statuses = ["200", "201", "2XX", "2xx", "202", "203", "206"];
    // Where success is declared, the default is the failure.
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

/// What an operation takes as its body. `path_item` may hold parameters for all of its operations.
pub fn find_body<'a>(document: &'a Document, path_item: &Node<'a>, operation: &Node<'a>) -> Body<'a> {
    match document.version() {
        Version::V2 => body_parameter(document, path_item, operation),
        _ => {
            let body = operation.get("requestBody").and_then(|body| document.resolve(body));
            match body.as_ref().map(|body| json_content(document, body)) {
                None => Body::None,
                Some(None) => Body::Untyped,
                Some(Some(Ok(schema))) => Body::Json(schema),
                Some(Some(Err(media_type))) => Body::Other(media_type),
            }
        }
    }
}

/// The schema of the JSON variant; else the name of the first variant that isn't JSON; `None` where neither is there.
fn json_content<'a>(document: &'a Document, node: &Node<'a>) -> Option<Result<Node<'a>, &'a str>> {
    let content = document.resolve(node.get("content")?)?;
    let variants = content.object()?;
    let json = variants.keys().find(|name| is_json(name));
    match json {
        Some(name) => document.resolve(content.get(name)?)?.get("schema").map(Ok),
        None => variants.keys().next().map(|name| Err(name.as_str())),
    }
}

fn is_json(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    name == "*/*"
        || name == "application/*"
        || name == "text/json"
        || name.ends_with("/json")
        || name.ends_with("+json")
}

fn body_parameter<'a>(document: &'a Document, path_item: &Node<'a>, operation: &Node<'a>) -> Body<'a> {
    let mut form = false;
    for owner in [operation, path_item] {
        let Some(parameters) = owner.get("parameters") else { continue };
        let count = parameters.value.as_array().map_or(0, Vec::len);
        for index in 0..count {
            let Some(value) = parameters.value.get(index) else { continue };
            let node = Node { value, pointer: format!("{}/{index}", parameters.pointer) };
            let Some(parameter) = document.resolve(node) else { continue };
            match parameter.str("in") {
                Some("body") => return parameter.get("schema").map_or(Body::Untyped, Body::Json),
                Some("formData") => form = true,
                _ => {}
            }
        }
    }
    if form { Body::Other("form data") } else { Body::None }
}
