//! Compares where the config says that the API is with what the document says.

use crate::diagnostics::{Code, Input, Problem, Problems, Severity};
use crate::model::project::Model;
use crate::names::yaml::scalar;

/// `servers`: those of the document, with the path alone or absolute.
pub fn check(base_url: &str, servers: &[String], models: &[Model], problems: &mut Problems) {
    let operations = models.iter().filter(|model| model.asks_api()).flat_map(|model| {
        let all = &model.operations;
        [&all.list, &all.get, &all.create, &all.update, &all.delete].into_iter().flatten()
    });
    let paths: Vec<&str> = operations.map(|operation| operation.path.as_str()).collect();
    if !paths.is_empty() {
        check_paths(base_url, servers, &paths, problems);
    }
}

/// `paths`: those that the client asks for. What else the document has, such as `/health`, says nothing of them.
fn check_paths(base_url: &str, servers: &[String], paths: &[&str], problems: &mut Problems) {
    let base = path_of(base_url);
    let declared: Vec<&str> = servers.iter().map(|server| path_of(server)).collect();
    if declared.iter().any(|path| base.ends_with(path) && (!path.is_empty() || base.is_empty())) {
        return;
    }
    // The config may leave the key out.
    let at = (Input::Spec, "/paths");
    let prefix = format!("{base}/");
    let is_doubled = !base.is_empty() && paths.iter().all(|path| path.starts_with(&prefix));
    // One server at the root may be the one that is meant.
    let below = declared.first().filter(|_| declared.iter().all(|path| !path.is_empty()));
    if is_doubled {
        let message = format!("every path of the models begins with {base}, and `api_base_url` ends with it");
        let origin = base_url.trim_end_matches('/').trim_end_matches(base);
        let right = format!("{origin}{}", below.unwrap_or(&""));
        let right = scalar(if right.is_empty() { "/" } else { &right });
        let help = format!("requests would go to {base}{base}/…: set `api_base_url: {right}`");
        problems.push(Problem::new(Severity::Warning, Code::BaseUrl, at, message).help(help));
    } else if let Some(path) = below {
        let message = format!("the document's paths are below {path}, and `api_base_url` doesn't end with that");
        let whole = scalar(&format!("https://…{path}"));
        let help = format!("say what stands before the paths, `api_base_url: {whole}`, unless a proxy adds it");
        problems.push(Problem::new(Severity::Note, Code::BaseUrl, at, message).help(help));
    }
}

/// The path of a URL, without a `/` at the end.
fn path_of(url: &str) -> &str {
    let behind =
        url.split_once("://").map_or(url, |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(""));
    behind.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(base_url: &str, servers: &[&str], paths: &[&str]) -> Vec<String> {
        let servers: Vec<String> = servers.iter().map(|server| (*server).to_owned()).collect();
        let mut problems = Problems::default();
        check_paths(base_url, &servers, paths, &mut problems);
        problems.iter().map(|problem| format!("{:?}: {}", problem.severity, problem.message)).collect()
    }

    #[test]
    fn a_prefix_that_stands_twice() {
        let expected = "Warning: every path of the models begins with /api, and `api_base_url` ends with it";
        assert_eq!(said("http://localhost:8000/api", &[], &["/api/contacts", "/api/notes"]), [expected]);
        assert_eq!(said("http://localhost:8000/api/", &["/"], &["/api/contacts"]), [expected]);
        assert!(said("http://localhost:8000/api", &[], &["/api/contacts", "/health"]).is_empty());
        assert!(said("http://localhost:8000/api", &["/api"], &["/api/contacts"]).is_empty());
    }

    #[test]
    fn a_prefix_that_is_missing() {
        let expected = "Note: the document's paths are below /v1, and `api_base_url` doesn't end with that";
        assert_eq!(said("http://localhost:8000", &["https://example.org/v1"], &["/contacts"]), [expected]);
        assert!(said("http://localhost:8000/v1", &["https://example.org/v1/"], &["/contacts"]).is_empty());
        assert!(said("/proxy/v1", &["/v1"], &["/contacts"]).is_empty());
        assert!(said("http://localhost:8000", &["https://example.org/v1", "/"], &["/contacts"]).is_empty());
        assert!(said("/api", &[], &["/contacts"]).is_empty());
    }
}
