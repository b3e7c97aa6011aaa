use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::json;

use super::codes::Severity;
use super::github;
use super::problem::{Input, Problem, Problems};
use super::summary::{Summed, Told, told};
use crate::names::is_misleading;

const DIM: Style = Style::new().dimmed();

/// How long a line with names gets.
const WIDTH: usize = 100;

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
        let place =
            |problem: &Problem| problem.position.or_else(|| places.get(&problem.input)?.get(&problem.pointer).copied());
        let is_meant = |problem: &Problem| problem.severity == severity;
        let is_of_people = |problem: &Problem| is_meant(problem) && !problem.is_for_inspect();
        match format {
            Format::Text => {
                for told in told(problems, is_of_people) {
                    match told {
                        Told::Alone(problem) => text(out, problem, name(problem.input), place(problem))?,
                        Told::Together(summed) => {
                            together(out, &summed, name(summed.first.input), place(summed.first))?;
                        }
                    }
                }
            }
            Format::Json => {
                for problem in problems.iter().filter(|problem| is_meant(problem)) {
                    json_line(out, problem, name(problem.input), place(problem))?;
                }
            }
            Format::Github => {
                for problem in problems.iter().filter(|problem| is_of_people(problem)) {
                    annotation(out, problem, name(problem.input), place(problem))?;
                }
            }
        }
    }
    Ok(())
}

fn text(out: &mut impl Write, problem: &Problem, file: &str, place: Option<(usize, usize)>) -> io::Result<()> {
    headline(out, problem.severity, &problem.message)?;
    let at = at(problem, file, place);
    if !at.is_empty() {
        writeln!(out, "  {DIM}-->{DIM:#} {at}")?;
    }
    helped(out, problem.help.as_deref())
}

/// Items of one word fill lines; others have one each.
fn together(out: &mut impl Write, summed: &Summed, file: &str, place: Option<(usize, usize)>) -> io::Result<()> {
    headline(out, summed.first.severity, &summed.message)?;
    let others = summed.items.len() - 1;
    writeln!(out, "  {DIM}-->{DIM:#} {}, and {others} more", at(summed.first, file, place))?;
    if summed.items.iter().any(|item| item.contains(' ')) {
        for item in &summed.items {
            writeln!(out, "  - {}", clean(item))?;
        }
    } else {
        let mut line = String::new();
        for (index, item) in summed.items.iter().enumerate() {
            let end = if index < others { "," } else { "" };
            if !line.is_empty() && line.chars().count() + item.chars().count() > WIDTH {
                writeln!(out, " {line}")?;
                line.clear();
            }
            line.push_str(&format!(" {}{end}", clean(item)));
        }
        writeln!(out, " {line}")?;
    }
    helped(out, summed.help.as_deref())
}

fn headline(out: &mut impl Write, severity: Severity, message: &str) -> io::Result<()> {
    let color = match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Cyan,
    };
    let (style, bold) = (color.on_default().bold(), Style::new().bold());
    writeln!(out, "{style}{}{style:#}{bold}: {}{bold:#}", label(severity), clean(message))
}

/// `openapi.yaml:3:5 (/paths/~1contacts)`
fn at(problem: &Problem, file: &str, place: Option<(usize, usize)>) -> String {
    let mut at = file.to_owned();
    if let Some((line, column)) = place {
        at.push_str(&format!(":{line}:{column}"));
    }
    if !problem.pointer.is_empty() {
        at.push_str(&format!(" ({})", clean(&problem.pointer)));
    }
    at
}

fn helped(out: &mut impl Write, help: Option<&str>) -> io::Result<()> {
    match help {
        Some(help) => writeln!(out, "  {DIM}help:{DIM:#} {}", clean(help)),
        None => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    #[test]
    fn names_fill_lines() {
        let long = format!("/{}", "long".repeat(30));
        let items = [long.as_str(), "/b", "/c", "/d"].map(str::to_owned);
        let first = Problem::new(Severity::Warning, Code::NotPolled, (Input::Spec, ""), "no");
        let items = items.iter().map(String::as_str).collect();
        let summed = Summed { first: &first, message: "no".to_owned(), items, help: None };
        let mut out = Vec::new();
        together(&mut out, &summed, "api.yaml", None).unwrap();
        let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        assert_eq!(text, format!("warning: no\n  --> api.yaml, and 3 more\n  {long},\n  /b, /c, /d\n"));
    }
}
