use super::codes::{Code, Reason, Severity};

/// Which of the inputs a problem is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    Config,
    /// The document itself.
    Spec,
    /// One of the files that the document refers to.
    Document(usize),
    /// One of the user's templates, in order of their paths.
    Template(usize),
    /// The schema that `diff` compares with.
    Base,
}

#[derive(Debug, Clone)]
pub struct Problem {
    pub severity: Severity,
    pub code: Code,
    /// Of a collection that is left out.
    pub reason: Option<Reason>,
    pub input: Input,
    /// JSON pointer into the input; empty for the whole of it.
    pub pointer: String,
    /// Line and column, both from 1, where a parser gave them and no pointer could.
    pub position: Option<(usize, usize)>,
    /// What is wrong. One line, no full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// What it shares with others of its cause.
    pub summary: Option<Box<Summary>>,
}

impl Problem {
    pub fn new(severity: Severity, code: Code, at: (Input, &str), message: impl Into<String>) -> Self {
        debug_assert!(code.severities().contains(&severity), "{code} is never reported as {severity:?}");
        let (input, pointer) = at;
        let pointer = pointer.to_owned();
        let message = message.into();
        Self { severity, code, reason: None, input, pointer, position: None, message, help: None, summary: None }
    }

    /// A collection that doesn't become a model.
    pub fn left_out(severity: Severity, reason: Reason, at: (Input, &str), message: impl Into<String>) -> Self {
        Self { reason: Some(reason), ..Self::new(severity, Code::LeftOut, at, message) }
    }

    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.position = Some((line, column));
        self
    }

    /// Whether nobody has to do anything: `inspect` shows it, with all that is known of the model.
    pub fn is_for_inspect(&self) -> bool {
        let is_settled = matches!(self.code, Code::SameModel | Code::NotSent) || self.reason == Some(Reason::Query);
        self.severity == Severity::Note && is_settled
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what it shares with others of its cause.
    pub fn summed(self, noun: &'static str, message: &str, item: impl Into<String>) -> Self {
        let summary = Summary { noun, message: message.to_owned(), item: item.into(), help: None };
        Self { summary: Some(Box::new(summary)), ..self }
    }

    /// Says what to do of all problems of its cause, by their items.
    pub fn help_of_all(mut self, help: fn(&[&str]) -> String) -> Self {
        if let Some(summary) = &mut self.summary {
            summary.help = Some(help);
        }
        self
    }

    /// What it adds to those of its cause.
    pub fn item(&self) -> Option<&str> {
        self.summary.as_ref().map(|summary| summary.item.as_str())
    }
}

/// The part of a problem that those of the same cause share.
#[derive(Debug, Clone)]
pub struct Summary {
    /// What there are several of: `model`.
    pub noun: &'static str,
    /// What is wrong with all of them, behind how many there are.
    pub message: String,
    /// What this one adds.
    pub item: String,
    /// What to do of all, by their items. `None`: what helps with one helps with each.
    pub help: Option<fn(&[&str]) -> String>,
}

/// The problems of a run, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Pushes an error without a help text.
    pub fn error(&mut self, code: Code, at: (Input, &str), message: impl Into<String>) {
        self.push(Problem::new(Severity::Error, code, at, message));
    }

    pub fn append(&mut self, mut other: Problems) {
        self.0.append(&mut other.0);
    }

    pub fn retain(&mut self, keep: impl Fn(&Problem) -> bool) {
        self.0.retain(keep);
    }

    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|problem| problem.severity == severity).count()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Problem> {
        self.0.iter_mut()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}
