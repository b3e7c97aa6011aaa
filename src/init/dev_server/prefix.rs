//! Which requests the proxy passes on, and what becomes of their paths.

use url::{Host, Url};

/// Where the document's paths have no prefix that the page itself doesn't use.
const PREFIX: &str = "/api";

/// The way from the page to the backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What the paths begin with that are passed on: `/api`.
    pub prefix: String,
    /// The backend: `http://localhost:8000`, with the path that replaces the prefix, if it is removed.
    pub target: String,
    /// Whether the backend doesn't know the prefix.
    pub is_removed: bool,
    /// `api_base_url` with the proxy.
    pub base_url: String,
}

impl Route {
    /// `base_url`: where the API is without a proxy; `paths`: the document's. `None` where it is the page's own origin
    /// already, or where its path has odd characters.
    pub fn new(base_url: &str, paths: &[&str]) -> Option<Self> {
        let url = Url::parse(base_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let origin = url.origin().ascii_serialization();
        let base = url.path().trim_end_matches('/');
        // It becomes a part of code, and a document may say what it likes.
        if !base.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte)) {
            return None;
        }
        let kept = |prefix: String| {
            let base_url = if base.is_empty() { "/".to_owned() } else { base.to_owned() };
            Self { prefix, target: origin.clone(), is_removed: false, base_url }
        };
        if !base.is_empty() {
            return Some(kept(base.to_owned()));
        }
        if let Some(prefix) = shared(paths) {
            return Some(kept(prefix));
        }
        Some(Self { prefix: PREFIX.to_owned(), target: origin, is_removed: true, base_url: PREFIX.to_owned() })
    }

    /// Whether the backend is on this machine: it then takes requests to any name.
    pub fn is_local(&self) -> bool {
        match Url::parse(&self.target).ok().as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
            Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
            None => false,
        }
    }
}

/// The first segment of all paths, if it is one that pages don't have: `/api`, `/v1`.
fn shared(paths: &[&str]) -> Option<String> {
    let first = |path: &&str| path.trim_start_matches('/').split_once('/').map(|(first, _)| first.to_owned());
    let segment = first(paths.first()?)?;
    let is_version =
        segment.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    let is_usual = is_version || matches!(segment.as_str(), "api" | "rest" | "odata");
    (is_usual && paths.iter().all(|path| first(path).as_ref() == Some(&segment))).then(|| format!("/{segment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_the_backend() {
        let route = |base: &str, paths: &[&str]| {
            Route::new(base, paths).map(|route| (route.prefix, route.is_removed, route.base_url))
        };
        let is = |prefix: &str, is_removed, base: &str| Some((prefix.to_owned(), is_removed, base.to_owned()));
        assert_eq!(route("http://localhost:8000", &["/contacts", "/notes"]), is("/api", true, "/api"));
        assert_eq!(route("http://localhost:8000", &["/api/v1/contacts", "/api/notes"]), is("/api", false, "/"));
        assert_eq!(route("http://localhost:8000/api/v1/", &["/contacts"]), is("/api/v1", false, "/api/v1"));
        assert_eq!(route("http://localhost:8000", &["/crm/contacts", "/crm/notes"]), is("/api", true, "/api"));
        assert_eq!(route("http://localhost:8000", &["/api", "/api/notes"]), is("/api", true, "/api"));
        assert_eq!(route("http://localhost:8000", &["/v2/a"]), is("/v2", false, "/"));
        assert_eq!(route("/api", &["/contacts"]), None);
        assert_eq!(route("http://localhost/it's", &["/contacts"]), None);
        let is_local = |base: &str| Route::new(base, &[]).unwrap().is_local();
        assert!(is_local("http://127.0.0.1:1") && is_local("http://[::1]") && is_local("http://localhost:8000"));
        assert!(!is_local("https://api.example.org"));
    }
}
