//! Reads `spec_headers`, the headers of requests for the document. Secrets come from environment variables.

use ureq::http::{HeaderName, HeaderValue};

use super::keys::Reader;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child};

const POINTER: &str = "/spec_headers";

pub fn read(reader: &mut Reader, problems: &mut Problems) -> Vec<(String, String)> {
    let headers = reader.pairs("spec_headers", problems).unwrap_or_default();
    for (name, value) in &headers {
        if let Err(message) = check_header(name, value) {
            problems.error(Code::BadHeader, (Input::Config, &child(POINTER, name)), message);
        }
    }
    headers
}

/// Replaces environment variables: `Bearer ${API_TOKEN}`. `None`, with a problem, if one isn't set.
pub fn substitute(name: &str, value: &str, problems: &mut Problems) -> Option<String> {
    let pointer = child(POINTER, name);
    let mut parts = value.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((variable, rest)) = part.split_once('}') else {
            let problem = Problem::new(Severity::Error, Code::BadHeader, (Input::Config, &pointer), "`${` has no `}`");
            problems.push(problem.help("write ${NAME}, with the name of an environment variable"));
            return None;
        };
        match std::env::var(variable) {
            Ok(value) => text.push_str(value.trim()),
            Err(_) => {
                let message = format!("the environment has no variable `{variable}`");
                let problem = Problem::new(Severity::Error, Code::NoVariable, (Input::Config, &pointer), message);
                problems.push(problem.help(format!("set it: {variable}=… sync-patterns …")));
                return None;
            }
        }
        text.push_str(rest);
    }
    match check_header(name, &text) {
        Ok(()) => Some(text),
        Err(message) => {
            problems.error(Code::BadHeader, (Input::Config, &pointer), message);
            None
        }
    }
}

/// Parses `Name: value`. The error says what is wrong.
pub fn parse_header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is written as `Name: value`")?;
    check_header(name.trim(), value.trim())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Checks a header. The error never shows the value.
pub fn check_header(name: &str, value: &str) -> Result<(), String> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` can't be the name of a header"))?;
    HeaderValue::from_str(value)
        .map_err(|_| format!("the value of the header `{name}` has a line break or a control character"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let header = parse_header("Authorization:  Bearer a:b ");
        assert_eq!(header, Ok(("Authorization".to_owned(), "Bearer a:b".to_owned())));
        assert!(parse_header("Authorization Bearer x").is_err());
        assert!(parse_header("Authori zation: x").is_err());
        assert!(!parse_header("X: secret\nY: 1").unwrap_err().contains("secret"));
    }
}
