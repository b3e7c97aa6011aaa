use std::fmt;

use crate::diagnostics::{Code, Input, Problem, Severity};

/// A mistake in a template of the user's.
#[derive(Debug)]
pub struct TemplateError {
    /// Which of the own.
    pub number: usize,
    /// Line and column, both from 1.
    pub position: Option<(usize, usize)>,
    pub message: String,
    pub help: &'static str,
}

impl TemplateError {
    pub fn problem(&self) -> Problem {
        let at = (Input::Template(self.number), "");
        let mut problem = Problem::new(Severity::Error, Code::Template, at, &self.message).help(self.help);
        problem.position = self.position;
        problem
    }
}

impl std::error::Error for TemplateError {}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What minijinja says, in one line.
pub fn message(error: &minijinja::Error) -> String {
    match (error.kind(), error.detail()) {
        (minijinja::ErrorKind::UndefinedError, Some(detail)) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    }
}

/// Where in its template an error is.
pub fn position(error: &minijinja::Error, text: &str) -> Option<(usize, usize)> {
    let line = error.line()?;
    let column = error.range().and_then(|range| text.get(..range.start)).map_or(1, |before| {
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        1 + before.get(start..).unwrap_or_default().chars().count()
    });
    Some((line, column))
}
