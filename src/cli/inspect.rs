use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::global_options::Global;
use super::inputs::{self, ProjectArgs};
use super::{project, report};
use crate::codegen::{self, Settings};
use crate::diagnostics::{Format, Problems, Severity, all_of, closest};
use crate::inspect::{View, text};
use crate::plan::Plan;

#[derive(Debug, Args)]
pub struct Inspect {
    /// Show this model in full
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    project: ProjectArgs,
    /// How to print it [default: table, or json with --message-format json]
    #[arg(long, value_enum)]
    format: Option<Shown>,
    /// Print the data that templates get instead, as JSON
    #[arg(long, conflicts_with = "format")]
    view: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    Table,
    Json,
}

pub fn run(args: &Inspect, global: &Global) -> anyhow::Result<ExitCode> {
    if args.view {
        return views(args, global);
    }
    let mut problems = Problems::default();
    let mut inputs = inputs::read(&args.project(), &mut problems)?;
    let tree = inputs.take_tree();
    let survey = match (&inputs.config, tree) {
        (Some(config), Some(tree)) => crate::survey(tree, config, &mut problems).map(|survey| (config, survey)),
        _ => None,
    };
    let Some((config, survey)) = survey else {
        report::problems(&problems, &inputs.sources(), global)?;
        report::failed(&problems, "nothing can be shown", global)?;
        return Ok(ExitCode::from(2));
    };
    // What is left out is shown with its reason, not as a problem.
    let is_shown = |pointer: &str| survey.left_out.iter().any(|left_out| left_out.pointer == pointer);
    problems.retain(|problem| match problem.severity {
        Severity::Error => true,
        Severity::Warning => !is_shown(&problem.pointer),
        Severity::Note => false,
    });
    report::problems(&problems, &inputs.sources(), global)?;

    let mut view = View::of(&survey, &Settings::of(config, inputs.templates.as_ref()));
    if let Some(name) = &args.model {
        view.keep(name).map_err(|known| unknown(name, &known))?;
    }
    let mut out = anstream::stdout().lock();
    if args.shown(global) == Shown::Json {
        writeln!(out, "{}", serde_json::to_string_pretty(&view)?)?;
    } else {
        match view.models.first() {
            Some(model) if args.model.is_some() => text::detail(&mut out, model, &view)?,
            _ => text::overview(&mut out, &view)?,
        }
    }
    Ok(if problems.has_errors() { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// Prints the data that each template gets for each file.
fn views(args: &Inspect, global: &Global) -> anyhow::Result<ExitCode> {
    let Some(project) = project::make(&args.project(), "nothing can be shown", global)? else {
        return Ok(ExitCode::from(2));
    };
    let models = &project.client.project.models;
    let mut views =
        codegen::views(&Plan::of(&project.client.project), Settings::of(&project.config, project.templates.as_ref()))?;
    if let Some(name) = &args.model {
        views.retain(|view| view.model.as_ref() == Some(name));
        if views.is_empty() {
            return Err(unknown(name, &models.iter().map(|model| model.name.clone()).collect::<Vec<_>>()));
        }
    }
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&views)?)?;
    Ok(ExitCode::SUCCESS)
}

impl Inspect {
    fn project(&self) -> ProjectArgs {
        ProjectArgs { is_shown: true, ..self.project.clone() }
    }

    fn shown(&self, global: &Global) -> Shown {
        let usual = if global.message_format == Some(Format::Json) { Shown::Json } else { Shown::Table };
        self.format.unwrap_or(usual)
    }
}

fn unknown(name: &str, known: &[String]) -> anyhow::Error {
    let help = match closest(name, known.iter().map(String::as_str)) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None if known.is_empty() => "no models were found; `sync-patterns inspect` shows what was left out".to_owned(),
        None => format!("models are {}", all_of(known, 20)),
    };
    anyhow::anyhow!("no model `{name}` was found\n  help: {help}")
}
