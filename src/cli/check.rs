//! Compares the files on disk with what would be generated.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::json;

use super::global_options::Global;
use super::inputs::ProjectArgs;
use super::target::Target;
use super::{line_endings, project, report};
use crate::codegen::GITATTRIBUTES;
use crate::diagnostics::{Format, count, github};
use crate::output::{Difference, Kind};

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    project: ProjectArgs,
    /// How to print the differences [default: as --message-format]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

pub fn run(args: &Check, global: &Global) -> anyhow::Result<ExitCode> {
    compare(&args.project, args.format.unwrap_or_else(|| global.format()), global)
}

/// Compares, and prints the differences. Exit code 1 if there are any.
pub fn compare(args: &ProjectArgs, format: Format, global: &Global) -> anyhow::Result<ExitCode> {
    let Some(project) = project::make(args, "nothing was compared", global)? else {
        return Ok(ExitCode::from(2));
    };
    let targets = project.plan()?;
    let report = |Target { folder, files, plan }: &Target| {
        let differences = plan.differences(folder, files)?;
        let (folder, help) = (folder.to_path_buf(), help(folder, &differences));
        anyhow::Ok(Report { folder, unchanged: plan.unchanged, help, differences })
    };
    let reports: Vec<Report> = targets.iter().map(report).collect::<anyhow::Result<_>>()?;
    let told = print(&mut anstream::stdout().lock(), &reports, format, global.quiet);
    match told {
        // The reader may close the pipe early; the exit code still has to say that something differs.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    let is_same = reports.iter().all(|report| report.differences.is_empty());
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Prints what differs, folder by folder.
fn print(out: &mut impl Write, reports: &[Report], format: Format, quiet: bool) -> io::Result<()> {
    if format == Format::Json {
        let mut data = reports.iter().map(Report::data);
        let mut report = data.next().unwrap_or_default();
        if let Some(report) = report.as_object_mut() {
            report.extend(["server", "routes"].map(str::to_owned).into_iter().zip(data));
        }
        return writeln!(out, "{report}");
    }
    reports.iter().try_for_each(|report| match format {
        Format::Github => report.github(out, quiet),
        _ => report.text(out, quiet),
    })
}

/// What differs in one folder.
struct Report {
    folder: PathBuf,
    differences: Vec<Difference>,
    unchanged: usize,
    /// What to do about them.
    help: Vec<String>,
}

fn help(folder: &Path, differences: &[Difference]) -> Vec<String> {
    let mut help = Vec::new();
    if let Some(example) = differences.iter().find(|difference| difference.kind == Kind::LineEndings) {
        let cause = line_endings::cause(&folder.join(&example.path));
        help.push(match cause {
            None => "an editor or a formatter has given files Windows line endings".to_owned(),
            Some(setting) => {
                let attributes = report::place(folder, GITATTRIBUTES);
                format!("git gives files Windows line endings, by {setting}; {attributes}, once it is generated and committed, stops that")
            }
        });
    }
    if !differences.is_empty() {
        help.push("run `sync-patterns generate`, with the same options, and commit what it changes".to_owned());
    }
    help
}

impl Report {
    fn text(&self, out: &mut impl Write, quiet: bool) -> io::Result<()> {
        let bold = Style::new().bold();
        for difference in &self.differences {
            writeln!(out, "{bold}{}: {}{bold:#}", describe(difference.kind), self.place(difference))?;
            if !quiet {
                self.diff(out, difference)?;
            }
        }
        self.summary(out, quiet)
    }

    /// For programs.
    fn data(&self) -> serde_json::Value {
        let differences: Vec<_> = self
            .differences
            .iter()
            .map(|difference| {
                json!({
                    "path": difference.path,
                    "difference": difference.kind.word(),
                    "line": difference.line,
                    "diff": self.header(difference).map(|header| header + &difference.hunks),
                })
            })
            .collect();
        json!({
            "output": self.folder, "differences": differences, "unchanged": self.unchanged, "help": self.help
        })
    }

    fn github(&self, out: &mut impl Write, quiet: bool) -> io::Result<()> {
        for difference in &self.differences {
            let message = format!("{}\n{}", describe(difference.kind), self.help.join("\n"));
            let (file, title) = (self.place(difference), difference.kind.word());
            github::annotation(out, "error", &file, (difference.line, None), title, &message)?;
        }
        for difference in self.differences.iter().filter(|difference| !quiet && !difference.hunks.is_empty()) {
            writeln!(out, "::group::{}", self.place(difference))?;
            // GitHub must not take a line of a file for a command.
            writeln!(out, "::stop-commands::sync-patterns-diff")?;
            self.diff(out, difference)?;
            writeln!(out, "::sync-patterns-diff::\n::endgroup::")?;
        }
        self.summary(out, quiet)
    }

    fn diff(&self, out: &mut impl Write, difference: &Difference) -> io::Result<()> {
        let Some(header) = self.header(difference) else { return Ok(()) };
        write!(out, "{header}")?;
        for line in difference.hunks.lines() {
            let style = match line.chars().next() {
                Some('+') => AnsiColor::Green.on_default(),
                Some('-') => AnsiColor::Red.on_default(),
                Some('@') => AnsiColor::Cyan.on_default(),
                _ => Style::new(),
            };
            writeln!(out, "{style}{line}{style:#}")?;
        }
        Ok(())
    }

    /// The header of a diff for `git apply`. `None` if only the line endings differ.
    fn header(&self, difference: &Difference) -> Option<String> {
        let place = self.place(difference);
        let place = place.trim_start_matches('/');
        let (old, new) = (format!("a/{place}"), format!("b/{place}"));
        match difference.kind {
            Kind::Missing => Some(format!("--- /dev/null\n+++ {new}\n")),
            Kind::Changed => Some(format!("--- {old}\n+++ {new}\n")),
            Kind::Stale => Some(format!("--- {old}\n+++ /dev/null\n")),
            Kind::LineEndings => None,
        }
    }

    fn summary(&self, out: &mut impl Write, quiet: bool) -> io::Result<()> {
        let folder = self.folder.display();
        if self.differences.is_empty() {
            return if quiet {
                Ok(())
            } else {
                writeln!(out, "{} in {folder}: all as generated", count(self.unchanged, "file"))
            };
        }
        let parts: Vec<String> = [Kind::Changed, Kind::LineEndings, Kind::Missing, Kind::Stale]
            .into_iter()
            .map(|kind| (kind, self.differences.iter().filter(|difference| difference.kind == kind).count()))
            .filter(|(_, number)| *number > 0)
            .map(|(kind, number)| match kind {
                Kind::LineEndings => format!("{number} with other line endings"),
                kind => format!("{number} {}", kind.word()),
            })
            .collect();
        writeln!(out, "{folder} isn't as generated: {}, {} unchanged", parts.join(", "), self.unchanged)?;
        let dim = Style::new().dimmed();
        for help in &self.help {
            writeln!(out, "  {dim}help:{dim:#} {help}")?;
        }
        Ok(())
    }

    fn place(&self, difference: &Difference) -> String {
        report::place(&self.folder, &difference.path)
    }
}

fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Missing => "missing",
        Kind::Changed => "changed",
        Kind::LineEndings => "changed in its line endings only",
        Kind::Stale => "no longer generated",
    }
}
