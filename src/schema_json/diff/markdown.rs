//! For a comment on a pull request.

use super::change::{Severity, by_model, counts};
use super::quote::name;
use super::report::Report;
use super::tables::MEANINGS;

pub fn markdown(report: &Report) -> String {
    let mut lines = vec!["## What this does on users' devices".to_owned(), String::new()];
    if !report.has_base {
        lines.push(format!("There is no {}: every model is new.", name(&report.base)));
        lines.push(String::new());
    }
    lines.push(match counts(report.changes.iter().map(|change| change.severity)) {
        counts if !report.has_base => format!("{counts}."),
        _ if report.is_empty() => format!("Nothing has changed since {}.", name(&report.base)),
        counts if counts.is_empty() => format!("Nothing changes there, compared with {}.", name(&report.base)),
        counts => format!("{counts}, compared with {}.", name(&report.base)),
    });
    for (model, rows, changes) in by_model(&report.changes) {
        let title = model.map_or_else(|| "All models".to_owned(), name);
        let rows =
            rows.sentence().filter(|_| model.is_some()).map(|sentence| format!(": {sentence}")).unwrap_or_default();
        lines.push(format!("\n**{title}**{rows}\n"));
        lines.push("| | what is different | what devices do |".to_owned());
        lines.push("|---|---|---|".to_owned());
        for change in changes {
            lines.push(row(change.severity, &change.sentence, &change.effect.of_writes()));
        }
    }
    if !report.changes.is_empty() {
        lines.push(meanings(Severity::MEANINGS));
    }
    if !report.tables.is_empty() {
        tables(&mut lines, report);
    }
    lines.join("\n") + "\n"
}

/// What is different in the sync server's tables.
fn tables(lines: &mut Vec<String>, report: &Report) {
    let counts = counts(report.tables.iter().map(|change| change.severity));
    lines.push(format!("\n## What this asks of the server's tables\n\n{counts}."));
    for changes in report.tables.chunk_by(|one, other| one.model == other.model) {
        let title = changes.first().and_then(|change| change.model.as_deref());
        lines.push(format!("\n**{}**\n", title.map_or_else(|| "All tables".to_owned(), name)));
        lines.push("| | what is different | what `schema.sql` does, and what you do |".to_owned());
        lines.push("|---|---|---|".to_owned());
        for change in changes {
            let loss = change.loss.as_ref().map(|loss| format!(" **Data loss:** {loss}")).unwrap_or_default();
            lines.push(row(change.severity, &change.sentence, &format!("{}{loss}", change.effect)));
        }
    }
    lines.push(meanings(MEANINGS));
}

fn row(severity: Severity, sentence: &str, effect: &str) -> String {
    let word = severity.word();
    let word = if severity == Severity::Breaking { format!("**{word}**") } else { word.to_owned() };
    format!("| {word} | {} | {} |", cell(sentence), cell(effect))
}

fn meanings(all: [(Severity, &str); 3]) -> String {
    let meanings = all.map(|(severity, meaning)| format!("*{}*: {meaning}", severity.word()));
    format!("\n{}.", meanings.join(". "))
}

/// A bar ends a cell even within backquotes.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
