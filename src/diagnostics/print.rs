use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::json;

use super::codes::Severity;
use super::github;
use super::problem::{Input, Problem, Problems};
use crate::names::is_misleading;

/// How problems are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
    /// Annotations of GitHub Actions
    Github,
}

/// An input that can tell where in it a JSON pointer leads.
pub trait Located {
    /// As the user wrote it: a path, or `<stdin>`.
    fn name(&self) -> &str;

    /// Line and column, both from 1, of each pointer or of the nearest parent that is there.
    fn locate(&self, pointers: &[&str]) -> HashMap<String, (usize, usize)>;
}

/// Writes the problems from `least` up, errors last so that they are what is read first at a prompt.
pub fn print<L: Located>(
    out: &mut impl Write,
    problems: &Problems,
    sources: &[(Input, &L)],
    format: Format,
    least: Severity,
) -> io::Result<()> {
    let places: HashMap<Input, HashMap<String, (usize, usize)>> = sources
        .iter()
        .map(|(input, source)| {
            // To locate is to read the document once more, so it is done for what is printed alone.
            let unplaced = |p: &&Problem| p.input == *input && p.position.is_none() && p.severity >= least;
            let pointers: Vec<&str> = problems.iter().filter(unplaced).map(|p| p.pointer.as_str()).collect();
            (*input, source.locate(&pointers))
        })
        .collect();
    let name = |input: Input| sources.iter().find(|(i, _)| *i == input).map_or("", |(_, source)| source.name());
    for severity in
        [Severity::Note, Severity::Warning, Severity::Error].into_iter().filter(|severity| *severity >= least)
    {
        for problem in problems.iter().filter(|problem| problem.severity == severity) {
            let place = problem.position.or_else(|| places.get(&problem.input)?.get(&problem.pointer).copied());
            match format {
                Format::Text => text(out, problem, name(problem.input), place)?,
                Format::Json => json_line(out, problem, name(problem.input), place)?,
                Format::Github => annotation(out, problem, name(problem.input), place)?,
            }
        }
    }
    Ok(())
}

fn text(out: &mut impl Write, problem: &Problem, file: &str, place: Option<(usize, usize)>) -> io::Result<()> {
    let color = match problem.severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Cyan,
    };
    let (style, bold, dim) = (color.on_default().bold(), Style::new().bold(), Style::new().dimmed());
    let severity = label(problem.severity);
    writeln!(out, "{style}{severity}{style:#}{bold}: {}{bold:#}", clean(&problem.message))?;
    let mut at = file.to_owned();
    if let Some((line, column)) = place {
        at.push_str(&format!(":{line}:{column}"));
    }
    if !problem.pointer.is_empty() {
        at.push_str(&format!(" ({})", clean(&problem.pointer)));
    }
    if !at.is_empty() {
        writeln!(out, "  {dim}-->{dim:#} {at}")?;
    }
    if let Some(help) = &problem.help {
        writeln!(out, "  {dim}help:{dim:#} {}", clean(help))?;
    }
    Ok(())
}

fn json_line(out: &mut impl Write, problem: &Problem, file: &str, place: Option<(usize, usize)>) -> io::Result<()> {
    let mut line = json!({
        "severity": label(problem.severity),
        "code": problem.code.word(),
        "file": file,
        "line": place.map(|(line, _)| line),
        "column": place.map(|(_, column)| column),
        "pointer": problem.pointer,
        "message": problem.message,
        "help": problem.help,
    });
    if let (Some(reason), Some(line)) = (problem.reason, line.as_object_mut()) {
        line.insert("reason".to_owned(), reason.word().into());
    }
    writeln!(out, "{line}")
}

fn annotation(out: &mut impl Write, problem: &Problem, file: &str, place: Option<(usize, usize)>) -> io::Result<()> {
    let command = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let help = problem.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    github::annotation(out, command, file, place.unzip(), problem.code.word(), &format!("{}{help}", problem.message))
}

fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A name out of somebody's document must not move the cursor of a terminal or start a line of its own.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if is_misleading(c) { '\u{FFFD}' } else { c }).collect()
}
