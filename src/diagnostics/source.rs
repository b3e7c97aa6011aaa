use std::path::Path;

use serde_json::Value;

use super::{Input, Problem, Problems, Severity};

/// The text of an input, kept so that problems can say where they are.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user wrote it: a path, or `<stdin>`.
    pub name: String,
    pub text: String,
    pub syntax: Syntax,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Json,
    Yaml,
}

impl Source {
    /// Takes bytes as they were read. `None`, with a problem, where they aren't UTF-8 text.
    pub fn new(name: &str, bytes: Vec<u8>, input: Input, problems: &mut Problems) -> Option<Self> {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                let help =
                    if before.is_empty() { "save the file as UTF-8, not UTF-16" } else { "save the file as UTF-8" };
                let problem = Problem::new(Severity::Error, "not-utf8", (input, ""), "the file isn't UTF-8 text");
                problems.push(problem.at(line, 1).help(help));
                return None;
            }
        };
        let text = text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text);
        let syntax = syntax_of(name, &text);
        Some(Self { name: name.to_owned(), text, syntax })
    }

    /// Parses the text, with a located problem where that fails.
    pub fn parse(&self, input: Input, problems: &mut Problems) -> Option<Value> {
        if self.text.trim().is_empty() {
            problems.push(
                Problem::new(Severity::Error, "empty", (input, ""), "the file is empty")
                    .help("is it still being written, or did the command that made it fail?"),
            );
            return None;
        }
        let parsed = match self.syntax {
            Syntax::Json => parse_json(&self.text),
            Syntax::Yaml => parse_yaml(&self.text),
        };
        parsed
            .map_err(|error| {
                let mut problem = Problem::new(Severity::Error, "syntax", (input, ""), error.message);
                problem.position = error.position;
                problem.help = self.syntax_help();
                problems.push(problem);
            })
            .ok()
    }

    fn syntax_help(&self) -> Option<String> {
        let start = self.text.trim_start();
        if self.syntax != Syntax::Json || start.starts_with(['{', '[']) {
            return None;
        }
        let line: String = start.lines().next().unwrap_or_default().chars().take(40).collect();
        Some(format!(
            "a JSON document begins with `{{`, this one with `{line}`: is it the output of a command that also prints log lines?"
        ))
    }
}

struct SyntaxError {
    message: String,
    position: Option<(usize, usize)>,
}

fn syntax_of(name: &str, text: &str) -> Syntax {
    let begins_as_json = text.trim_start().starts_with('{');
    match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("json") => Syntax::Json,
        // A YAML flow mapping begins with a brace as well; JSON proper is parsed seven times faster.
        _ if begins_as_json && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => Syntax::Json,
        Some("yaml" | "yml") => Syntax::Yaml,
        _ if begins_as_json => Syntax::Json,
        _ => Syntax::Yaml,
    }
}

fn parse_json(text: &str) -> Result<Value, SyntaxError> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        // The position is printed in front, so it is cut from the text.
        let message = message.split(" at line ").next().unwrap_or(&message);
        SyntaxError { message: format!("not valid JSON: {message}"), position: Some((error.line(), error.column())) }
    })
}

fn parse_yaml(text: &str) -> Result<Value, SyntaxError> {
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    options.duplicate_keys = serde_saphyr::DuplicateKeyPolicy::LastWins;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let position = error.location().map(|at| (at.line() as usize, at.column() as usize));
        let message = error.without_snippet().to_string();
        let message = message.lines().next().unwrap_or_default();
        let message = message.split(" at line ").next().unwrap_or(message);
        let message = message.strip_prefix("error: ").unwrap_or(message);
        SyntaxError { message: format!("not valid YAML: {message}"), position }
    })
}
