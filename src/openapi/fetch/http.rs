//! Documents by HTTP.

use std::io;

use ureq::http::header::{CONTENT_TYPE, LOCATION};
use ureq::http::{HeaderMap, StatusCode};
use ureq::{Agent, Error};
use url::{Host, Url};

use super::access::Access;
use super::error::ReadError;

/// The maximum of redirects.
const MAX_REDIRECTS: usize = 5;

pub fn parse(text: &str) -> Result<Url, ReadError> {
    Url::parse(text).map_err(|error| ReadError::new(format!("`{text}` isn't a URL: {error}")))
}

/// A URL for messages: without a password.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that can't have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// Gets documents for one that came from `home`.
pub struct Client {
    home: Url,
    access: Access,
}

impl Client {
    pub fn new(home: &Url, access: Access) -> Self {
        Self { home: home.clone(), access }
    }

    /// The body of the answer, `limit` bytes at most. Redirects are followed within the origin.
    pub fn get(&self, url: &Url, limit: u64) -> Result<Vec<u8>, ReadError> {
        let mut at = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut response = self.send(&at).map_err(|error| self.failed(&at, &error))?;
            let status = response.status();
            if let Some(location) = redirection(status, response.headers()) {
                let next = at.join(location).map_err(|_| {
                    ReadError::new(format!("{} redirects to `{location}`, which isn't a URL", shown(&at)))
                })?;
                if next.origin() != at.origin() {
                    return Err(ReadError::new(format!("{} redirects to {}", shown(&at), shown(&next)))
                        .help("give that URL instead, if the document is meant to come from there"));
                }
                at = next;
                continue;
            }
            if !status.is_success() {
                return Err(refused(&at, status));
            }
            let is_html = is_html(response.headers());
            let body = response.body_mut().with_config().limit(limit).read_to_vec();
            let body = body.map_err(|error| self.failed(&at, &error))?;
            if is_html || body.trim_ascii_start().starts_with(b"<") {
                return Err(ReadError::new(format!("{} is a web page, not an OpenAPI document", shown(&at)))
                    .help(
                        "give the URL of the document itself: FastAPI has it at /openapi.json, Spring at /v3/api-docs",
                    )
                    .answered());
            }
            return Ok(body);
        }
        Err(ReadError::new(format!("{} redirects too often", shown(url))))
    }

    fn send(&self, url: &Url) -> Result<ureq::http::Response<ureq::Body>, Error> {
        let mut config = Agent::config_builder()
            .timeout_global(Some(self.access.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("sync-patterns/", env!("CARGO_PKG_VERSION")))
            .accept("application/json, application/yaml;q=0.9, */*;q=0.5");
        // A proxy from the environment can't reach servers on this machine.
        if is_loopback(url) {
            config = config.proxy(None);
        }
        let mut request = config.build().new_agent().get(url.as_str());
        if url.origin() == self.home.origin() {
            for (name, value) in &self.access.headers {
                request = request.header(name, value);
            }
        }
        request.call()
    }

    fn failed(&self, url: &Url, error: &Error) -> ReadError {
        let shown = shown(url);
        let seconds = self.access.timeout.as_secs();
        let new = |message: String, help: &str| ReadError::new(message).help(help);
        match error {
            Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => new(
                format!("nothing answers at {shown}: the connection was refused"),
                "is the server running? start it, or save its document to a file and name that as `spec`",
            ),
            Error::Timeout(_) => new(
                format!("{shown} took longer than {seconds} s"),
                "is the server busy? `--timeout` takes the seconds to wait",
            ),
            Error::HostNotFound => new(
                format!("there is no host `{}`", url.host_str().unwrap_or_default()),
                "correct the URL, or connect to its network",
            ),
            Error::BodyExceedsLimit(limit) => new(
                format!("{shown} answers with more than {} MB", limit / 1024 / 1024),
                "is it the URL of the OpenAPI document?",
            ),
            Error::ConnectProxyFailed(reason) => new(
                format!("the proxy that the environment names doesn't let {shown} through: {reason}"),
                "add its host to NO_PROXY, or correct HTTPS_PROXY",
            ),
            Error::Tls(_) | Error::Rustls(_) => new(
                format!("the certificate of {shown} isn't trusted: {error}"),
                "fetch the document with a tool that knows it, and name the file as `spec`",
            ),
            error => ReadError::new(format!("can't get {shown}: {error}")),
        }
    }
}

fn redirection(status: StatusCode, headers: &HeaderMap) -> Option<&str> {
    let is_redirection = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    headers.get(LOCATION).filter(|_| is_redirection).and_then(|location| location.to_str().ok())
}

fn refused(url: &Url, status: StatusCode) -> ReadError {
    let error = ReadError::new(format!("{} answers {status}", shown(url)));
    match status.as_u16() {
        401 | 403 => {
            error.help("give what it asks for: `--header 'Authorization: Bearer …'`, or `spec_headers` in the config")
        }
        404 | 410 => {
            error.help("correct the URL: FastAPI has its document at /openapi.json, Spring at /v3/api-docs").answered()
        }
        500.. => error.help("look at the server's log: making the document failed there"),
        _ => error,
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.trim_start().to_ascii_lowercase().starts_with("text/html")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine() {
        let is = |text: &str| is_loopback(&Url::parse(text).unwrap());
        assert!(is("http://localhost:8000/") && is("http://127.0.0.2/") && is("http://[::1]:1/"));
        assert!(!is("http://localhost.example.com/") && !is("http://localhost@example.com/"));
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown(&Url::parse("http://me:secret@host/a?b=c").unwrap()), "http://host/a?b=c");
    }
}
