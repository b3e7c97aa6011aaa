//! Where the API of a document is: what stands before the document's paths.

use url::Url;

/// Where development servers of backends usually are.
pub const LOCAL: &str = "http://localhost:8000";

/// The URL of the API. `spec`: the document's URL, or a file; `servers`: those that the document names. Where a server
/// gives the document, the API is on that server, and only the path of a named one counts.
pub fn base_url(spec: &str, servers: &[String]) -> String {
    let spec = Url::parse(spec).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let absolute = |server: &String| Url::parse(server).ok().filter(Url::has_host);
    let Some(spec) = spec else {
        return match servers.first() {
            Some(server) if absolute(server).is_some() => server.clone(),
            Some(path) => format!("{LOCAL}{}", rooted(path)),
            None => LOCAL.to_owned(),
        };
    };
    let same = servers.iter().find(|server| absolute(server).is_some_and(|url| url.origin() == spec.origin()));
    let path = match same.or(servers.first()) {
        Some(server) => {
            absolute(server).map_or_else(|| rooted(server), |url| url.path().trim_end_matches('/').to_owned())
        }
        None => String::new(),
    };
    format!("{}{path}", spec.origin().ascii_serialization())
}

fn rooted(path: &str) -> String {
    let path = path.trim_start_matches("./").trim_matches('/');
    if path.is_empty() || path == "." { String::new() } else { format!("/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_api_is() {
        let is = |spec: &str, servers: &[&str], expected: &str| {
            let servers: Vec<String> = servers.iter().map(|server| (*server).to_owned()).collect();
            assert_eq!(base_url(spec, &servers), expected, "{spec} {servers:?}");
        };
        let url = "http://localhost:9000/openapi.json";
        is(url, &[], "http://localhost:9000");
        is(url, &["/api/v1"], "http://localhost:9000/api/v1");
        is(url, &[""], "http://localhost:9000");
        is(url, &["https://api.example.org/v2"], "http://localhost:9000/v2");
        is(url, &["https://api.example.org", "http://localhost:9000/x"], "http://localhost:9000/x");
        is("./openapi.json", &[], "http://localhost:8000");
        is("./openapi.json", &["/v1"], "http://localhost:8000/v1");
        is("./openapi.json", &["https://api.example.org/v1", "/"], "https://api.example.org/v1");
        is("-", &["."], "http://localhost:8000");
    }
}
