use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::inputs::ProjectArgs;
use super::report::Occasion;
use super::{Global, check, project, report, watch};
use crate::diagnostics::one_of;
use crate::render::View;
use crate::target::{self, Settings};

#[derive(Debug, Args)]
pub struct Generate {
    #[command(flatten)]
    project: ProjectArgs,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the files instead of writing them
    #[arg(long, conflicts_with = "dry_run")]
    stdout: bool,
    /// Compare the files with what would be written, as the command `check` does, and write nothing
    #[arg(long, conflicts_with_all = ["dry_run", "stdout"])]
    check: bool,
    /// Go on, and write again whenever an input changes, until Ctrl-C
    ///
    /// Inputs are the config, the document, and templates. A document at a URL is asked for every two seconds. Where
    /// an input has errors they are told, and nothing is written until it changes again.
    #[arg(long, conflicts_with_all = ["dry_run", "stdout", "check"])]
    watch: bool,
    /// Print what the templates are given, for all models or one, as JSON
    #[arg(long, value_name = "MODEL", num_args = 0..=1, default_missing_value = "", hide = true)]
    view: Option<String>,
}

pub fn run(args: &Generate, global: &Global) -> anyhow::Result<ExitCode> {
    if args.check {
        return check::compare(&args.project, global.format(), global);
    }
    if args.watch {
        return watch::run(&args.project, global);
    }
    let Some(project) = project::make(&args.project, "nothing was written", global)? else {
        return Ok(ExitCode::from(2));
    };
    if let Some(model) = &args.view {
        let views = target::views(&project.client.project, Settings::of(&project.config))?;
        let is_asked = |view: &View| model.is_empty() || view.model.as_ref() == Some(model);
        let asked: Vec<View> = views.into_iter().filter(is_asked).collect();
        if asked.is_empty() {
            let names: Vec<&str> = project.client.project.models.iter().map(|model| model.name.as_str()).collect();
            anyhow::bail!("there is no model `{model}`\n  help: models are {}", one_of(&names, 20));
        }
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&asked)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let files = &project.client.files;
    if args.stdout {
        let mut out = std::io::stdout().lock();
        for (path, text) in files {
            writeln!(out, "==> {path} <==\n{text}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (plan, occasion) =
        if args.dry_run { (project.plan()?, Occasion::DryRun) } else { (project.write()?, Occasion::Written) };
    report::summary(&project.client.project, &plan, &project.config.output, occasion, global)?;
    Ok(ExitCode::SUCCESS)
}
