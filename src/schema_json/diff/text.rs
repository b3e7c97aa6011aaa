//! For people, at a prompt.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::change::{Severity, by_model, counts};
use super::quote::name;
use super::report::Report;
use crate::diagnostics::clean;

pub fn text(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let bold = Style::new().bold();
    if !report.has_base {
        writeln!(out, "There is no {}: every model is new.\n", name(&report.base))?;
    }
    for (model, rows, changes) in by_model(&report.changes) {
        match model {
            Some(model) => write!(out, "{bold}{}{bold:#}", clean(model))?,
            None => write!(out, "{bold}All models{bold:#}")?,
        }
        match rows.sentence() {
            Some(sentence) if model.is_some() => writeln!(out, ": {sentence}")?,
            _ => writeln!(out)?,
        }
        for change in changes {
            line(out, change.severity, &change.sentence, &change.effect.of_writes())?;
        }
        writeln!(out)?;
    }
    tables(out, report)?;
    match counts(report.changes.iter().map(|change| change.severity)) {
        counts if !report.has_base => writeln!(out, "{counts}"),
        _ if report.is_empty() => writeln!(out, "Nothing has changed since {}.", name(&report.base)),
        counts if counts.is_empty() => {
            writeln!(out, "Nothing changes on devices, compared with {}.", name(&report.base))
        }
        counts => writeln!(out, "{counts}, compared with {}", name(&report.base)),
    }
}

/// What is different in the sync server's tables.
fn tables(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    if report.tables.is_empty() {
        return Ok(());
    }
    let counts = counts(report.tables.iter().map(|change| change.severity));
    writeln!(out, "{bold}The server's tables{bold:#}: {counts}\n")?;
    for changes in report.tables.chunk_by(|one, other| one.model == other.model) {
        let model = changes.first().and_then(|change| change.model.as_deref());
        writeln!(out, "{bold}{}{bold:#}", clean(model.unwrap_or("All tables")))?;
        for change in changes {
            let loss = change.loss.as_deref().unwrap_or_default();
            line(out, change.severity, &change.sentence, &change.effect)?;
            if !loss.is_empty() {
                let red = AnsiColor::Red.on_default();
                writeln!(out, "            {red}data loss:{red:#} {dim}{loss}{dim:#}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn line(out: &mut impl Write, severity: Severity, sentence: &str, effect: &str) -> io::Result<()> {
    let dim = Style::new().dimmed();
    let style = match severity {
        Severity::Breaking => AnsiColor::Red.on_default().bold(),
        Severity::Notice => AnsiColor::Yellow.on_default().bold(),
        Severity::Info => dim,
    };
    writeln!(out, "  {style}{:8}{style:#}  {sentence}", severity.word())?;
    if effect.is_empty() { Ok(()) } else { writeln!(out, "            {dim}{effect}{dim:#}") }
}
