//! `diff`: compares the models of the document with earlier ones.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::global_options::Global;
use super::inputs::ProjectArgs;
use super::{git, project, report};
use crate::codegen::typescript::SCHEMA_JSON;
use crate::diagnostics::{Input, Problems};
use crate::schema_json::diff::{self, Report};
use crate::schema_json::document::Document;
use crate::source::Source;

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

/// The earlier models.
struct Base {
    /// The file, or the revision with the file.
    name: String,
    /// `None` if there is no such file yet.
    bytes: Option<Vec<u8>>,
}

pub fn run(args: &Diff, global: &Global) -> anyhow::Result<ExitCode> {
    let consequence = "nothing was compared";
    let Some(project) = project::make(&args.project, consequence, global)? else {
        return Ok(ExitCode::from(2));
    };
    let generated = project.config.output.join(SCHEMA_JSON);
    let base = match &args.base {
        None => Base { name: slashes(&generated), bytes: read(&generated)? },
        Some(base) if Path::new(base).is_file() => Base { name: base.clone(), bytes: read(Path::new(base))? },
        Some(revision) => {
            let file = git::file(revision, &generated)?;
            Base { name: format!("{revision}:{}", file.path), bytes: file.bytes }
        }
    };

    let mut problems = Problems::default();
    let has_base = base.bytes.is_some();
    let old = match base.bytes {
        None => Some(Document::default()),
        Some(bytes) => {
            let source = Source::new(&base.name, bytes, Input::Base, &mut problems);
            let schema = diff::read(&source, &mut problems);
            report::problems(&problems, &[(Input::Base, &source)], global)?;
            schema
        }
    };
    let Some(old) = old else {
        report::failed(&problems, consequence, global)?;
        return Ok(ExitCode::from(2));
    };
    let text = project.client.files.get(SCHEMA_JSON).context("no schema.json was generated")?;
    let new: Document = serde_json::from_str(text).context("the generated schema.json")?;
    let (changes, tables) = (diff::compare(&old, &new), diff::compare_tables(&old, &new));
    let report = Report { base: base.name, has_base, changes, tables };
    print(&report, args.format)?;
    let is_different = args.exit_code && !report.is_empty();
    Ok(if is_different { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// `None` if there is no such file.
fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

fn slashes(path: &Path) -> String {
    let plain: PathBuf = path.components().collect();
    plain.display().to_string().replace(std::path::MAIN_SEPARATOR, "/")
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
