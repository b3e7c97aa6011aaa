//! Problems in what the user gave us. They are collected, not thrown one by one, so that a run reports all.

pub mod github;
mod print;

pub use print::{Format, Located, clean, print};

/// What a problem does to the run, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// How an ambiguity was settled, or what of a model isn't used.
    Note,
    /// Something is left out, or may not be what was meant.
    Warning,
    /// Nothing is written; exit code 2.
    Error,
}

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
    /// Stable, for programs: `unknown-key`.
    pub code: &'static str,
    pub input: Input,
    /// JSON pointer into the input; empty for the whole of it.
    pub pointer: String,
    /// Line and column, both from 1, where a parser gave them and no pointer could.
    pub position: Option<(usize, usize)>,
    /// What is wrong. One line, no full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    pub fn new(severity: Severity, code: &'static str, at: (Input, &str), message: impl Into<String>) -> Self {
        let (input, pointer) = at;
        let pointer = pointer.to_owned();
        Self { severity, code, input, pointer, position: None, message: message.into(), help: None }
    }

    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.position = Some((line, column));
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The problems of a run, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Pushes an error without a help text.
    pub fn error(&mut self, code: &'static str, at: (Input, &str), message: impl Into<String>) {
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

/// `1 model`, `2 models`
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Adds a token to a JSON pointer.
pub fn child(pointer: &str, token: &str) -> String {
    let mut child = String::with_capacity(pointer.len() + 1 + token.len());
    child.push_str(pointer);
    push_token(&mut child, token);
    child
}

/// The same, in place.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for part in token.split_inclusive(['~', '/']) {
        match (part.strip_suffix('~'), part.strip_suffix('/')) {
            (Some(start), _) => pointer.extend([start, "~0"]),
            (_, Some(start)) => pointer.extend([start, "~1"]),
            _ => pointer.push_str(part),
        }
    }
}

/// `one`, `one or two`, `one, two or three`, each in backquotes; at most `most` of them.
pub fn one_of<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let mut quoted: Vec<String> = names.iter().take(most).map(|name| format!("`{}`", name.as_ref())).collect();
    if names.len() > most {
        return format!("{}, … ({} in all)", quoted.join(", "), names.len());
    }
    match quoted.pop() {
        None => String::new(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} or {last}", quoted.join(", ")),
    }
}

/// The known name that is most like `name`, if one is like it at all.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
