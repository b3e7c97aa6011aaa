//! Where the document says that the API is.

use serde_json::Value;

/// The URLs of `servers`, or of `host`, `basePath` and `schemes` in Swagger 2.0: absolute, or the path alone. Variables
/// have their defaults. Without a `/` at the end.
pub fn servers(root: &Value) -> Vec<String> {
    let servers: Vec<String> = match root.get("swagger") {
        Some(_) => of_version_2(root).into_iter().collect(),
        None => root.get("servers").and_then(Value::as_array).into_iter().flatten().filter_map(url).collect(),
    };
    servers.iter().map(|url| url.trim().trim_end_matches('/').to_owned()).collect()
}

fn url(server: &Value) -> Option<String> {
    let mut url = server.get("url")?.as_str()?.to_owned();
    for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
        if let Some(default) = variable.get("default").and_then(Value::as_str) {
            url = url.replace(&format!("{{{name}}}"), default);
        }
    }
    Some(url)
}

fn of_version_2(root: &Value) -> Option<String> {
    let path = root.get("basePath").and_then(Value::as_str).unwrap_or_default();
    let Some(host) = root.get("host").and_then(Value::as_str) else {
        return (!path.is_empty()).then(|| path.to_owned());
    };
    let schemes: Vec<&str> =
        root.get("schemes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let scheme = if schemes.contains(&"http") && !schemes.contains(&"https") { "http" } else { "https" };
    Some(format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_every_version() {
        let variables = json!({ "region": { "default": "eu" } });
        let document = json!({ "openapi": "3.1.0", "servers": [
            { "url": "https://{region}.example.org/v1/", "variables": variables }, { "url": "/" }, { "url": "/api" }, {}
        ] });
        assert_eq!(servers(&document), ["https://eu.example.org/v1", "", "/api"]);
        assert_eq!(servers(&json!({ "openapi": "3.1.0", "servers": {} })), Vec::<String>::new());
        let two = |rest: Value| {
            let mut document = json!({ "swagger": "2.0" });
            document.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            servers(&document)
        };
        assert_eq!(two(json!({ "host": "a.org:1", "basePath": "/v1", "schemes": ["http"] })), ["http://a.org:1/v1"]);
        assert_eq!(two(json!({ "host": "a.org", "basePath": "/", "schemes": ["https", "http"] })), ["https://a.org"]);
        assert_eq!(two(json!({ "basePath": "/v1" })), ["/v1"]);
        assert_eq!(two(json!({})), Vec::<String>::new());
    }
}
