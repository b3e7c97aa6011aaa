//! For a comment on a pull request.

use super::change::{Report, Severity, by_model, counts};
use super::quote::name;

pub fn markdown(report: &Report) -> String {
    let mut lines = vec!["## What this does on users' devices".to_owned(), String::new()];
    if !report.has_base {
        lines.push(format!("There is no {}: every model is new.", name(&report.base)));
        lines.push(String::new());
    }
    lines.push(match counts(&report.changes) {
        counts if !report.has_base => format!("{counts}."),
        counts if counts.is_empty() => format!("Nothing has changed since {}.", name(&report.base)),
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
            let word = change.severity.word();
            let word = if change.severity == Severity::Breaking { format!("**{word}**") } else { word.to_owned() };
            lines.push(format!("| {word} | {} | {} |", cell(&change.sentence), cell(&change.effect.of_writes())));
        }
    }
    if !report.changes.is_empty() {
        let meanings = Severity::MEANINGS.map(|(severity, meaning)| format!("*{}*: {meaning}", severity.word()));
        lines.push(format!("\n{}.", meanings.join(". ")));
    }
    lines.join("\n") + "\n"
}

/// A bar ends a cell even within backquotes.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
