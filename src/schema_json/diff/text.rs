//! For people, at a prompt.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::change::{Change, Report, Severity, by_model, counts};
use super::quote::name;
use crate::diagnostics::clean;

pub fn text(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
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
            line(out, change, dim)?;
        }
        writeln!(out)?;
    }
    match counts(&report.changes) {
        counts if !report.has_base => writeln!(out, "{counts}"),
        counts if counts.is_empty() => writeln!(out, "Nothing has changed since {}.", name(&report.base)),
        counts => writeln!(out, "{counts}, compared with {}", name(&report.base)),
    }
}

fn line(out: &mut impl Write, change: &Change, dim: Style) -> io::Result<()> {
    let style = match change.severity {
        Severity::Breaking => AnsiColor::Red.on_default().bold(),
        Severity::Notice => AnsiColor::Yellow.on_default().bold(),
        Severity::Info => dim,
    };
    writeln!(out, "  {style}{:8}{style:#}  {}", change.severity.word(), change.sentence)?;
    let effect = change.effect.of_writes();
    if effect.is_empty() { Ok(()) } else { writeln!(out, "            {dim}{effect}{dim:#}") }
}
