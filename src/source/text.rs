use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use twox_hash::XxHash3_64;

use super::json;
use super::tree::{Part, Reader};
use super::yaml::{self, Places};
use crate::diagnostics::{Code, Input, Located, Problem, Problems, Severity};

/// The text of an input, kept so that problems can say where they are.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user wrote it: a path, or `<stdin>`.
    pub name: String,
    pub text: String,
    /// Hash of the text.
    pub hash: u64,
    pub syntax: Syntax,
    is_text: bool,
    /// The positions of nodes, in YAML.
    places: OnceLock<Places>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Json,
    Yaml,
}

impl Source {
    /// Decodes bytes: UTF-8, or UTF-16 with a byte order mark, as PowerShell's `>` writes it. Reports
    /// anything else, and keeps what can be read of it.
    pub fn new(name: &str, bytes: Vec<u8>, input: Input, problems: &mut Problems) -> Self {
        let (text, bad_line) = decode(bytes);
        if let Some(line) = bad_line {
            let problem = Problem::new(Severity::Error, Code::NotUtf8, (input, ""), "the file isn't UTF-8 text");
            problems.push(problem.at(line, 1).help("save it as UTF-8"));
        }
        let syntax = syntax_of(name, &text);
        let (name, hash, is_text) = (name.to_owned(), XxHash3_64::oneshot(text.as_bytes()), bad_line.is_none());
        Self { name, text, hash, syntax, is_text, places: OnceLock::new() }
    }

    /// Parses the text as far as `part` keeps it, with a located problem where that fails.
    pub fn parse(&self, input: Input, part: impl Part, problems: &mut Problems) -> Option<Value> {
        if !self.is_text {
            return None;
        }
        if self.text.trim().is_empty() {
            problems.push(
                Problem::new(Severity::Error, Code::Empty, (input, ""), "the file is empty")
                    .help("is it still being written, or did the command that made it fail?"),
            );
            return None;
        }
        let mut reader = Reader::default();
        let parsed = match self.syntax {
            Syntax::Json => json::parse(&self.text, part, &mut reader),
            Syntax::Yaml => {
                let mut places = Places::default();
                let parsed = yaml::parse(&self.text, part, &mut reader, &mut places);
                places.close();
                self.places.get_or_init(|| places);
                parsed
            }
        };
        // After an early end, the noted keys have no complete pointers.
        if let Ok(root) = &parsed {
            reader.repeated.report(root, input, problems);
        }
        parsed
            .map_err(|error| {
                let mut problem = Problem::new(Severity::Error, Code::Syntax, (input, ""), error.message);
                problem.position = Some(error.position);
                problem.help = self.syntax_help();
                problems.push(problem);
            })
            .ok()
    }

    /// Frees the text of YAML, whose positions are known after parsing.
    pub fn forget_text(&mut self) {
        if self.syntax == Syntax::Yaml {
            self.text = String::new();
        }
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

impl Located for Source {
    fn name(&self) -> &str {
        &self.name
    }

    fn locate(&self, pointers: &[&str]) -> HashMap<String, (usize, usize)> {
        match self.syntax {
            Syntax::Json => json::locate(&self.text, pointers),
            Syntax::Yaml => self.places.get_or_init(Places::default).find(pointers),
        }
    }
}

/// The text without its byte order mark, and the line of the first invalid byte.
fn decode(bytes: Vec<u8>) -> (String, Option<usize>) {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        if rest.len() % 2 == 1 {
            return (String::new(), Some(1));
        }
        let units = rest.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(unit);
        let decoded: Result<String, _> = char::decode_utf16(units).collect();
        decoded.map_or_else(|_| (String::new(), Some(1)), |text| (text, None))
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest.to_vec()),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: Vec<u8>) -> (String, Option<usize>) {
    String::from_utf8(bytes).map_or_else(
        |error| {
            let good = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count();
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(line))
        },
        |text| (text, None),
    )
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
