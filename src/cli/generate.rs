use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::inputs::ProjectArgs;
use super::{Global, check, project, report};
use crate::output::Plan;

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
}

pub fn run(args: &Generate, global: &Global) -> anyhow::Result<ExitCode> {
    if args.check {
        return check::compare(&args.project, global.format(), global);
    }
    let Some(project) = project::make(&args.project, "nothing was written", global)? else {
        return Ok(ExitCode::from(2));
    };
    let files = &project.client.files;
    if args.stdout {
        let mut out = std::io::stdout().lock();
        for (path, text) in files {
            writeln!(out, "==> {path} <==\n{text}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let folder = &project.config.output;
    let plan = Plan::new(folder, files)?;
    if !plan.foreign.is_empty() {
        anyhow::bail!(report::foreign(&plan.foreign, folder));
    }
    if !args.dry_run {
        plan.apply(folder, files)?;
    }
    report::summary(&project.client.project, &plan, folder, args.dry_run, global)?;
    Ok(ExitCode::SUCCESS)
}
