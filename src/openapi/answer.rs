//! Reads what an operation answers where it succeeds.

use super::document::{Document, Node};
use super::media::{is_json, is_media, is_plain_json, json_of};
use super::version::Version;

/// The statuses from 200 to 299 that the document declares, in its order, with their answers.
pub fn success<'a>(document: &'a Document, operation: &Node<'a>) -> Vec<(u16, Node<'a>)> {
    let Some(responses) = operation.get("responses").and_then(|node| document.resolve(node)) else { return Vec::new() };
    let statuses = responses.object().into_iter().flatten().filter_map(|(status, _)| {
        let number = status.parse::<u16>().ok().filter(|number| (200..300).contains(number))?;
        Some((number, document.resolve(responses.get(status)?)?))
    });
    statuses.collect()
}

/// Whether the document declares this status of the operation.
pub fn declares(document: &Document, operation: &Node, status: u16) -> bool {
    let responses = operation.get("responses").and_then(|node| document.resolve(node));
    responses.is_some_and(|responses| responses.get(&status.to_string()).is_some())
}

/// The media types that an answer may have, without their parameters, where none of them is JSON: a client that accepts
/// JSON gets that where it is offered.
pub fn other_types<'a>(document: &'a Document, operation: &Node<'a>, response: &Node<'a>) -> Vec<String> {
    let declared: Vec<&str> = match document.version() {
        Version::V2 => {
            let types = operation.value.get("produces").and_then(|types| types.as_array());
            types.into_iter().flatten().filter_map(|name| name.as_str()).collect()
        }
        _ => {
            let content = response.get("content").and_then(|content| document.resolve(content));
            let names = content.and_then(|content| content.object()).into_iter().flat_map(|object| object.keys());
            names.map(String::as_str).collect()
        }
    };
    if declared.iter().any(|name| is_json(name)) {
        return Vec::new();
    }
    let plain = |name: &&str| name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    declared.iter().map(plain).filter(|name| !name.is_empty()).collect()
}

/// The JSON media type of a successful answer, where it isn't `application/json`: `application/vnd.api+json`.
pub fn json_type<'a>(document: &'a Document, operation: &Node<'a>) -> Option<&'a str> {
    let json_of = |(_, response): (u16, Node<'a>)| {
        let content = document.resolve(response.get("content")?)?;
        json_of(content.object()?.keys().map(String::as_str))
    };
    success(document, operation).into_iter().find_map(json_of).filter(|name| !is_plain_json(name))
}

/// Whether an operation takes or answers this media type.
pub fn speaks(document: &Document, operation: &Node, media: &str) -> bool {
    let is_it = |name: &str| is_media(name, media);
    if document.version() == Version::V2 {
        return ["consumes", "produces"].into_iter().any(|key| {
            let own = operation.value.get(key).or_else(|| document.raw(&format!("/{key}")));
            own.and_then(|types| types.as_array()).into_iter().flatten().filter_map(|name| name.as_str()).any(is_it)
        });
    }
    let body = operation.get("requestBody").and_then(|body| document.resolve(body));
    let answers = success(document, operation).into_iter().map(|(_, response)| response);
    body.into_iter().chain(answers).any(|node| {
        let content = node.get("content").and_then(|content| document.resolve(content));
        content.and_then(|content| content.object()).is_some_and(|types| types.keys().any(|name| is_it(name)))
    })
}

/// Whether a successful answer of the operation is declared to have a header.
pub fn answers_header(document: &Document, operation: &Node, name: &str) -> bool {
    success(document, operation).iter().any(|(_, response)| {
        let headers = response.get("headers").and_then(|headers| document.resolve(headers));
        headers
            .and_then(|headers| headers.object())
            .is_some_and(|headers| headers.keys().any(|own| own.eq_ignore_ascii_case(name)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostics::Problems;
    use crate::openapi::Tree;

    #[test]
    fn redirects_and_errors_are_no_success() {
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "t", "version": "1" },
            "paths": { "/things": { "post": { "responses": {
                "default": {}, "2XX": {}, "199": {}, "200": {}, "203": {}, "299": {}, "300": {}, "303": {}, "404": {},
            } } } },
        });
        let document = Document::new(Tree::from(document), &mut Problems::default()).unwrap();
        let (_, path) = document.paths().next().unwrap();
        let found = success(&document, &path.get("post").unwrap());
        assert_eq!(found.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [200, 203, 299]);
    }
}
