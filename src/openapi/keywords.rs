//! The keywords of a document that are kept when it is parsed. About half of a document is for people or for other
//! tools: examples, summaries, security.

use serde_json::{Map, Value};

use super::media::{FORM, MULTIPART, is_json, is_media};
use crate::source::Part;

/// The extension that leaves out a property.
pub(super) const EXCLUDE: &str = "x-sync-exclude";

/// The kind of a value, given by its position in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keywords {
    Document,
    Components,
    /// A map from paths to path items.
    Paths,
    /// A path item whose GET may list rows.
    Collection,
    /// An operation that may list rows: its parameters of the query are kept.
    List,
    Schema,
    /// A map from names to schemas.
    Schemas,
    /// Any other object with keywords: a path item, an operation, a response.
    Node,
    /// A map from names to nodes.
    Nodes,
    /// A map from media types to nodes.
    Content,
    /// The parameters of an operation or a path item.
    Parameters,
    Parameter,
    /// The parameters of a list.
    ListParameters,
    ListParameter,
    /// A map from names to parameters that lists may have.
    SharedParameters,
    /// Data, and parts that only references lead to: kept whole.
    All,
    /// Kept as an empty object: only its presence matters.
    Nothing,
}

impl Part for Keywords {
    fn member(self, key: &str) -> Option<Self> {
        match self {
            Self::Document => Some(match key {
                "paths" => Self::Paths,
                "responses" => Self::Nodes,
                "parameters" => Self::SharedParameters,
                "definitions" => Self::Schemas,
                "components" => Self::Components,
                _ => Self::All,
            }),
            Self::Components => Some(match key {
                "schemas" => Self::Schemas,
                "responses" | "requestBodies" | "headers" | "pathItems" => Self::Nodes,
                "parameters" => Self::SharedParameters,
                _ => Self::All,
            }),
            Self::Paths => Some(if is_item(key) { Self::Node } else { Self::Collection }),
            Self::Collection => match key {
                "get" => Some(Self::List),
                "parameters" => Some(Self::ListParameters),
                key => Self::Node.member(key),
            },
            Self::List if key == "parameters" => Some(Self::ListParameters),
            Self::SharedParameters => Some(Self::ListParameter),
            Self::Schemas => Some(Self::Schema),
            Self::Nodes => Some(Self::Node),
            Self::Content => Some(if is_read(key) { Self::Node } else { Self::Nothing }),
            Self::Schema => match key {
                "discriminator" | "example" | "examples" | "externalDocs" | "title" | "xml" => None,
                // Nobody checks these but the API.
                "maxItems" | "maxProperties" | "minItems" | "multipleOf" | "uniqueItems" => None,
                "exclusiveMaximum" | "exclusiveMinimum" | "maximum" | "maxLength" | "minimum" | "minLength"
                | "minProperties" => Some(Self::All),
                "default" | "enum" | "const" => Some(Self::All),
                "properties" | "patternProperties" | "definitions" | "$defs" => Some(Self::Schemas),
                key => extension(key).or((!key.starts_with("x-")).then_some(Self::Schema)),
            },
            Self::Node
            | Self::List
            | Self::Parameters
            | Self::Parameter
            | Self::ListParameters
            | Self::ListParameter => match key {
                "callbacks" | "description" | "example" | "examples" | "externalDocs" | "links" | "operationId"
                | "security" | "servers" | "summary" | "tags" => None,
                "schema" => Some(Self::Schema),
                "parameters" => Some(Self::Parameters),
                "content" => Some(Self::Content),
                "responses" | "headers" => Some(Self::Nodes),
                // A parameter of Swagger 2.0 is a schema, too.
                "default" | "enum" => Some(Self::All),
                "items" => Some(Self::Schema),
                key => extension(key).or((!key.starts_with("x-")).then_some(Self::Node)),
            },
            Self::All => Some(Self::All),
            Self::Nothing => None,
        }
    }

    fn item(self) -> Self {
        match self {
            Self::Parameters => Self::Parameter,
            Self::ListParameters => Self::ListParameter,
            other => other,
        }
    }

    /// Only lists have parameters of the query that nobody requires, and nothing has such cookies. Their names are kept: an
    /// operation's own parameter stands before a required one of its path item.
    fn object(self, mut members: Map<String, Value>) -> Value {
        let is_in = |place: &str| members.get("in").is_some_and(|own| own == place);
        let is_optional = members.get("required") != Some(&Value::Bool(true));
        let is_unused = match self {
            Self::Parameter => is_optional && (is_in("query") || is_in("cookie")),
            Self::ListParameter => is_optional && is_in("cookie"),
            _ => false,
        };
        if is_unused {
            members.retain(|key, _| matches!(key.as_str(), "in" | "name"));
        }
        Value::Object(members)
    }
}

/// Whether a client can make a body of this media type.
fn is_read(media_type: &str) -> bool {
    is_json(media_type) || is_media(media_type, FORM) || is_media(media_type, MULTIPART)
}

/// Whether a path leads to a single item.
fn is_item(path: &str) -> bool {
    path.trim_end_matches('/').ends_with('}')
}

/// The extensions that are kept.
fn extension(key: &str) -> Option<Keywords> {
    matches!(key, "x-nullable" | "x-owner-only" | "x-rbac" | "x-sync" | "x-sync-exclude").then_some(Keywords::All)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostics::{Input, Problems};
    use crate::source::Source;

    fn kept(name: &str, document: &str) -> Value {
        let mut problems = Problems::default();
        let source = Source::new(name, document.as_bytes().to_vec(), Input::Spec, &mut problems);
        source.parse(Input::Spec, Keywords::Document, &mut problems).unwrap()
    }

    #[test]
    fn what_nobody_reads_is_left_out() {
        let document = json!({
            "info": { "title": "t", "description": "d" },
            "paths": { "/examples": { "x-sync": true, "get": {
                "summary": "s", "tags": ["t"], "x-code": [{ "lang": "sh" }],
                "parameters": [
                    { "in": "cookie", "name": "session", "schema": { "type": "string" } },
                    { "in": "query", "name": "page", "schema": { "type": "integer", "maximum": 9 } },
                    { "in": "path", "name": "id", "description": "d", "schema": { "type": "integer", "example": 1 } },
                ],
                "responses": { "200": { "description": "d", "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/example" }, "examples": { "a": { "value": 1 } },
                }, "text/csv": { "schema": { "type": "string" } } } } },
            } } },
            "components": { "schemas": { "example": {
                "description": "d",
                "example": { "examples": 1 },
                "x-internal": { "a": 1 },
                "x-rbac": { "example": ["a"] },
                "default": { "example": 1 },
                "properties": { "examples": { "type": "string", "minLength": 1, "minItems": 1, "examples": ["a"] }, "x-b": { "x-owner-only": true } },
            } } },
            "x-mine": { "example": { "type": "string" } },
        });
        assert_eq!(
            kept("openapi.json", &document.to_string()),
            json!({
                "info": { "title": "t", "description": "d" },
                "paths": { "/examples": { "x-sync": true, "get": {
                    "parameters": [
                        { "in": "cookie", "name": "session" },
                        { "in": "query", "name": "page", "schema": { "type": "integer", "maximum": 9 } },
                        { "in": "path", "name": "id", "schema": { "type": "integer" } },
                    ],
                    "responses": { "200": { "content": { "application/json": {
                        "schema": { "$ref": "#/components/schemas/example" },
                    }, "text/csv": {} } } },
                } } },
                "components": { "schemas": { "example": {
                    "description": "d",
                    "x-rbac": { "example": ["a"] },
                    "default": { "example": 1 },
                    "properties": { "examples": { "type": "string", "minLength": 1 }, "x-b": { "x-owner-only": true } },
                } } },
                "x-mine": { "example": { "type": "string" } },
            })
        );
    }

    #[test]
    fn what_stands_twice_in_what_is_left_out_is_not_told() {
        let document = "components: { schemas: { a: { type: object, example: &x { type: 1, type: 2 } } } }\n";
        let mut problems = Problems::default();
        let source = Source::new("openapi.yaml", document.into(), Input::Spec, &mut problems);
        source.parse(Input::Spec, Keywords::Document, &mut problems).unwrap();
        assert_eq!(problems.iter().count(), 0);
    }

    #[test]
    fn what_is_left_out_may_hold_the_anchor_of_what_is_kept() {
        let document = "paths:
  /a:
    tags: &words [a, b]
    put: { parameters: [{ in: query, schema: &id { type: string, enum: *words } }, { in: path, schema: *id }] }
";
        let path = json!({ "in": "path", "schema": { "type": "string", "enum": ["a", "b"] } });
        let expected = json!({ "paths": { "/a": { "put": { "parameters": [{ "in": "query" }, path] } } } });
        assert_eq!(kept("openapi.yaml", document), expected);
    }
}
