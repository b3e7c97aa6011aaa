//! The requests that a client would send, compared with what the document says of them: path, method, media type, the
//! parameters that it requires, and what a body has to have.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::offers::{leads_to, resolved};

/// # Panics
/// Where a request isn't one that the document has. `client`: the folder of a client that has taken its trip.
pub fn check(root: &Value, client: &Path) {
    let text = fs::read_to_string(client.join("requests.json")).expect("the requests");
    let requests: Vec<Value> = serde_json::from_str(&text).expect("a list");
    let wrong: Vec<String> = requests
        .iter()
        .filter_map(|request| {
            let why = fault(root, request)?;
            Some(format!(
                "{} of {}, {} {}: {why}",
                request["operation"], request["model"], request["method"], request["path"]
            ))
        })
        .collect();
    assert!(wrong.is_empty(), "{}:\n{}", client.display(), wrong.join("\n"));
}

/// What is wrong with a request.
fn fault(root: &Value, request: &Value) -> Option<String> {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    if text("path").contains(['{', '}']) {
        return Some("a parameter isn't filled".to_owned());
    }
    let method = text("method").to_lowercase();
    let paths = root["paths"].as_object().into_iter().flatten();
    let operations: Vec<(&Value, &Value)> = paths
        .filter(|(path, _)| leads_to(path, text("template")))
        .filter_map(|(_, item)| Some((resolved(root, item), resolved(root, item).get(&method)?)))
        .collect();
    if operations.is_empty() {
        return Some("the document has no such operation".to_owned());
    }
    // Where two paths are spelled alike, one of them has to fit.
    let fault_of = |(item, operation): &(&Value, &Value)| {
        fault_of_parameters(root, item, operation, request).or_else(|| fault_of_body(root, item, operation, request))
    };
    let faults: Vec<String> = operations.iter().filter_map(fault_of).collect();
    (faults.len() == operations.len()).then(|| faults.join("; "))
}

/// Headers that the runtime of a browser sets, or whose value the client has from an answer.
const OTHERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "if-match",
    "origin",
    "referer",
    "user-agent",
];

/// Keys in the query, which come from the application.
const QUERY_KEYS: &[&str] = &["access_token", "api_key", "apikey", "apiKey", "auth_token"];

/// What of the required query and headers a request lacks. The application has what says who is asking.
fn fault_of_parameters(root: &Value, item: &Value, operation: &Value, request: &Value) -> Option<String> {
    let query = request["query"].as_str().unwrap_or_default().trim_start_matches(['?', '&']);
    let in_query: Vec<&str> = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    let headers = request["headers"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let headers: Vec<String> = headers.map(str::to_lowercase).collect();
    let schemes = [&root["components"]["securitySchemes"], &root["securityDefinitions"]];
    let keys: Vec<&str> = schemes
        .into_iter()
        .filter_map(Value::as_object)
        .flatten()
        .filter_map(|(_, scheme)| resolved(root, scheme)["name"].as_str())
        .collect();
    let mut all: Vec<&Value> = Vec::new();
    let nodes = [operation, item].into_iter().filter_map(|node| node["parameters"].as_array()).flatten();
    for one in nodes.map(|one| resolved(root, one)) {
        let is_same = |known: &Value| {
            let names = [known, one].map(|node| node["name"].as_str().unwrap_or_default());
            let is_header = one["in"] == "header" && names[0].eq_ignore_ascii_case(names[1]);
            known["in"] == one["in"] && (names[0] == names[1] || is_header)
        };
        if !all.iter().any(|known| is_same(known)) {
            all.push(one);
        }
    }
    let lacks = |one: &&Value| {
        let name = one["name"].as_str().unwrap_or_default();
        let is_there = match one["in"].as_str() {
            Some("query") => in_query.contains(&encoded(name).as_str()) || QUERY_KEYS.contains(&name),
            Some("header") => {
                let name = name.to_lowercase();
                // These come from the application.
                let is_given = ["auth", "token", "csrf", "xsrf", "secret", "api-key", "apikey"];
                let is_given = is_given.iter().any(|word| name.contains(word)) || OTHERS.contains(&name.as_str());
                is_given || headers.contains(&name)
            }
            _ => true,
        };
        // The API fills in a list that it has as the default.
        let is_filled_in = one["schema"]["default"].is_array() || one["default"].is_array();
        one["required"] == true && !is_there && !is_filled_in && !keys.contains(&name)
    };
    let missing: Vec<&Value> = all.into_iter().filter(lacks).map(|one| &one["name"]).collect();
    (!missing.is_empty()).then(|| format!("it lacks the parameters {missing:?}"))
}

/// As a client writes a name into a query.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn fault_of_body(root: &Value, item: &Value, operation: &Value, request: &Value) -> Option<String> {
    if request["body"].is_null() {
        return None;
    }
    let media = request["type"].as_str().unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
    let body = request["body"].as_str().unwrap_or_default();
    let parameters = || [operation, item].into_iter().filter_map(|node| node["parameters"].as_array()).flatten();
    let required: Vec<String> = if root.get("swagger").is_some() {
        let of_place = |place: &str| {
            parameters().map(|one| resolved(root, one)).filter(move |one| one["in"] == *place).collect::<Vec<_>>()
        };
        let (form, json) = (of_place("formData"), of_place("body"));
        match json.first() {
            Some(schema) => needed(root, &schema["schema"], 0),
            None if form.is_empty() => return Some("it takes no body".to_owned()),
            None => form
                .iter()
                .filter(|one| one["required"] == true)
                .filter_map(|one| Some(one["name"].as_str()?.to_owned()))
                .collect(),
        }
    } else {
        let content = resolved(root, &operation["requestBody"])["content"].as_object();
        let content = content.filter(|content| !content.is_empty())?;
        let takes = |name: &str| {
            let name = name.split(';').next().unwrap_or_default().trim().to_lowercase();
            name == media
                || (media == "application/json"
                    && ["*/*", "application/*", "application/*+json", "text/json"].contains(&name.as_str()))
        };
        let Some((_, found)) = content.iter().find(|(name, _)| takes(name)) else {
            return Some(format!("it takes {:?}, not {media}", content.keys().collect::<Vec<_>>()));
        };
        needed(root, &resolved(root, found)["schema"], 0)
    };
    let has: Vec<String> = if media.ends_with("json") {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    } else if media == "multipart/form-data" {
        body.split("name=\"").skip(1).filter_map(|part| Some(part.split_once('"')?.0.to_owned())).collect()
    } else {
        body.split('&').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())).collect()
    };
    let missing: Vec<&String> = required.iter().filter(|name| !has.contains(name)).collect();
    (!missing.is_empty()).then(|| format!("its body lacks {missing:?}: {body}"))
}

/// The names that a schema requires, but for those that only the server sets, and those with a default.
fn needed(root: &Value, schema: &Value, depth: usize) -> Vec<String> {
    let parts = parts(root, schema, depth);
    let is_given = |name: &str| {
        let own = parts.iter().filter_map(|part| part["properties"].get(name));
        own.flat_map(|own| [own, resolved(root, own)])
            .all(|one| one["readOnly"] != true && one.get("default").is_none())
    };
    let required = parts.iter().filter_map(|part| part["required"].as_array()).flatten().filter_map(Value::as_str);
    required.filter(|name| is_given(name)).map(str::to_owned).collect()
}

/// A schema, and all that it is composed of.
fn parts<'d>(root: &'d Value, schema: &'d Value, depth: usize) -> Vec<&'d Value> {
    let schema = resolved(root, schema);
    let of_parts = schema["allOf"].as_array().into_iter().flatten().filter(|_| depth < 8);
    std::iter::once(schema).chain(of_parts.flat_map(|part| parts(root, part, depth + 1))).collect()
}
