//! Finds the document of a server of which only the address is known.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::access::{Access, MAX_BYTES};
use super::error::ReadError;
use super::http::{self, Client};

/// Where frameworks serve their documents.
const PLACES: &[&str] = &[
    "openapi.json",
    "openapi.yaml",
    "v3/api-docs",
    "v2/api-docs",
    "swagger/v1/swagger.json",
    "openapi/v1.json",
    "swagger.json",
    "swagger/doc.json",
    "api/schema/",
    "api/openapi.json",
    "api/v1/openapi.json",
    "api-json",
    "api/docs-json",
    "docs/openapi.json",
    "documentation/json",
    "q/openapi",
    "schema/",
];

/// The URL that a text means: one with its scheme, or the address of a server, such as `localhost:8000`.
pub fn address(text: &str) -> Option<String> {
    if text.starts_with("http://") || text.starts_with("https://") {
        return Some(text.to_owned());
    }
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match authority.rsplit_once(':') {
        Some(("", port)) if is_port(port) => Some(format!("http://localhost{text}")),
        Some((host, port)) if is_port(port) && is_host(host) => Some(format!("http://{text}")),
        None if authority == "localhost" => Some(format!("http://{text}")),
        _ => None,
    }
}

fn is_host(text: &str) -> bool {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    is_name || (text.starts_with('[') && text.ends_with(']'))
}

/// The URL of the document: the given one, or a usual place below it or on its server.
pub fn find(given: &str, access: Access) -> Result<String, ReadError> {
    let mut url = http::parse(given)?;
    url.set_fragment(None);
    let client = Client::new(&url, access);
    let first = match client.get(&url, MAX_BYTES) {
        Ok(bytes) if is_document(&bytes) => return Ok(url.into()),
        Ok(_) => None,
        Err(error) if error.is_answer => Some(error),
        Err(error) => return Err(error),
    };
    for place in places(&url) {
        if client.get(&place, MAX_BYTES).is_ok_and(|bytes| is_document(&bytes)) {
            return Ok(place.into());
        }
    }
    let why = first.map_or_else(|| format!("{} is no OpenAPI document", http::shown(&url)), |error| error.message);
    let tried = PLACES.iter().take(3).map(|place| format!("/{place}")).collect::<Vec<_>>().join(", ");
    Err(ReadError::new(format!("{why}, and none is where frameworks serve it ({tried}, …)"))
        .help("give the URL of the document itself"))
}

/// The usual places, without the one that was given.
fn places(url: &Url) -> Vec<Url> {
    let mut folder = url.clone();
    folder.set_query(None);
    folder.set_path(&format!("{}/", url.path().trim_end_matches('/')));
    let root = folder.join("/").unwrap_or_else(|_| folder.clone());
    let mut seen = BTreeSet::from([url.clone()]);
    let all = [folder, root].into_iter().flat_map(|base| PLACES.iter().filter_map(move |place| base.join(place).ok()));
    all.filter(|place| seen.insert(place.clone())).collect()
}

fn is_document(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head {
        openapi: Option<IgnoredAny>,
        swagger: Option<IgnoredAny>,
    }
    match serde_json::from_slice::<Head>(bytes) {
        Ok(head) => head.openapi.or(head.swagger).is_some(),
        Err(_) => {
            let text = String::from_utf8_lossy(bytes);
            text.lines().any(|line| line.starts_with("openapi:") || line.starts_with("swagger:"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let is = |text: &str, expected: &str| assert_eq!(address(text).as_deref(), Some(expected), "{text}");
        is("localhost:8000", "http://localhost:8000");
        is("localhost", "http://localhost");
        is("localhost/api", "http://localhost/api");
        is(":8000/docs", "http://localhost:8000/docs");
        is("127.0.0.1:8000/openapi.json", "http://127.0.0.1:8000/openapi.json");
        is("[::1]:8000", "http://[::1]:8000");
        is("api.internal:80?x=1", "http://api.internal:80?x=1");
        is("https://example.org", "https://example.org");
        for file in ["openapi.json", "./a/b.yaml", "C:\\x\\y.json", "c:/x", "-", "a:b", "x:", ":", "", "a b:1"] {
            assert_eq!(address(file), None, "{file}");
        }
    }

    #[test]
    fn documents() {
        for text in ["{\"openapi\":\"3.1.0\"}", "swagger: '2.0'\n", "# ours\nopenapi: 3.0.0\n"] {
            assert!(is_document(text.as_bytes()), "{text}");
        }
        for text in ["", "{}", "[]", "{\"info\":{\"openapi\":1}}", "hello", "{\"openapi\":null}"] {
            assert!(!is_document(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn places_below_the_address_come_first() {
        let url = Url::parse("http://localhost:8000/api?x").unwrap();
        let places: Vec<String> = places(&url).into_iter().map(Into::into).collect();
        assert_eq!(places.first().map(String::as_str), Some("http://localhost:8000/api/openapi.json"));
        assert!(places.contains(&"http://localhost:8000/openapi.json".to_owned()));
    }
}
