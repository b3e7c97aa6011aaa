use serde_json::Value;

use crate::diagnostics::{Code, Input, Problem, Problems, Severity};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V2,
    V3_0,
    V3_1,
}

impl Version {
    pub fn schemas_pointer(self) -> &'static str {
        match self {
            Version::V2 => "/definitions",
            Version::V3_0 | Version::V3_1 => "/components/schemas",
        }
    }
}

/// Detects the version first: a document of an unknown version gets this one error.
pub fn detect(root: &Value, problems: &mut Problems) -> Option<Version> {
    let mut refuse = |pointer: &str, message: String, help: &str| {
        problems.push(Problem::new(Severity::Error, Code::Version, (Input::Spec, pointer), message).help(help));
        None
    };
    let supported = "supported are OpenAPI 3.0 and 3.1, and Swagger 2.0";
    if !root.is_object() {
        return refuse("", format!("an OpenAPI document must be an object; this is {}", kind(root)), supported);
    }
    let (key, value) = match (root.get("openapi"), root.get("swagger")) {
        (Some(value), _) => ("openapi", value),
        (None, Some(value)) => ("swagger", value),
        (None, None) => {
            let message = "not an OpenAPI document: it has neither `openapi` nor `swagger`".to_owned();
            return refuse("", message, supported);
        }
    };
    // YAML reads an unquoted 3.0 as a number.
    let version = match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let is = |minor: &str| version == minor || version.starts_with(&format!("{minor}."));
    match key {
        "openapi" if is("3.0") || version == "3" => Some(Version::V3_0),
        "openapi" if is("3.1") => Some(Version::V3_1),
        "swagger" if is("2.0") || version == "2" => Some(Version::V2),
        _ => refuse(&format!("/{key}"), format!("unsupported version: `{key}: {version}`"), supported),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
