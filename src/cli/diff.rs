//! `diff`: compares the models of the document with earlier ones.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::global_options::Global;
use super::inputs::{self, ProjectArgs};
use super::{base, project};
use crate::diagnostics::{Problems, Severity};
use crate::schema_json::diff::{self, Report};

#[derive(Debug, Args)]
pub struct Diff {
    #[command(flatten)]
    project: ProjectArgs,
    /// What to compare with: a schema.json, or a git revision that has one [default: the generated file]
    #[arg(short, long, value_name = "FILE|REVISION")]
    base: Option<String>,
    /// How to print the changes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 1 if there are changes
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For a comment on a pull request
    Markdown,
    /// For programs
    Json,
}

pub fn run(args: &Diff, global: &Global) -> anyhow::Result<ExitCode> {
    let consequence = "nothing was compared";
    let mut problems = Problems::default();
    let mut inputs = inputs::read(&args.project, &mut problems)?;
    if let Some(config) = &mut inputs.config {
        // The difference is what they want to see: that models have gone.
        config.missing_models = Severity::Warning;
    }
    let Some(project) = project::make_of(inputs, problems, consequence, global)? else {
        return Ok(ExitCode::from(2));
    };
    let Some(report) = base::compare(&project, ("--base", args.base.as_deref()), consequence, global)? else {
        return Ok(ExitCode::from(2));
    };
    print(&report, args.format)?;
    let is_different = args.exit_code && !report.is_empty();
    Ok(if is_different { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn print(report: &Report, format: Format) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    match format {
        Format::Text => diff::text(&mut out, report)?,
        Format::Markdown => out.write_all(diff::markdown(report).as_bytes())?,
        Format::Json => out.write_all(diff::json(report)?.as_bytes())?,
    }
    Ok(())
}
