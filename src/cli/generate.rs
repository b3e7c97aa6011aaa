use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::global_options::Global;
use super::inputs::ProjectArgs;
use super::report::Occasion;
use super::{check, project, report, watch};

/// The consequence of errors.
const FAILED: &str = "nothing was written";

#[derive(Debug, Args)]
pub struct Generate {
    #[command(flatten)]
    project: ProjectArgs,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the files instead of writing them
    #[arg(long, conflicts_with = "dry_run")]
    stdout: bool,
    /// Compare the files with what would be written, as the command `check` does, and write nothing
    #[arg(long, conflicts_with_all = ["dry_run", "stdout"])]
    check: bool,
    /// Keep running, and write again whenever an input changes, until Ctrl-C
    ///
    /// Inputs are the config, the document, and templates. A document at a URL is fetched every two seconds. If an
    /// input has errors, they are printed, and nothing is written until it changes again.
    #[arg(long, conflicts_with_all = ["dry_run", "stdout", "check"])]
    watch: bool,
}

pub fn run(args: &Generate, global: &Global) -> anyhow::Result<ExitCode> {
    if args.check {
        return check::compare(&args.project, global.format(), global);
    }
    if args.watch {
        return watch::run(&args.project, global);
    }
    if args.dry_run || args.stdout {
        return print(args, global);
    }
    let Some(project) = project::make(&args.project, FAILED, global)? else { return Ok(ExitCode::from(2)) };
    let targets = project.write()?;
    report::say(&project.summary(&targets, Occasion::Written, global)?)?;
    Ok(ExitCode::SUCCESS)
}

fn print(args: &Generate, global: &Global) -> anyhow::Result<ExitCode> {
    let Some(project) = project::make(&args.project, FAILED, global)? else { return Ok(ExitCode::from(2)) };
    if args.stdout {
        let mut out = std::io::stdout().lock();
        let client = &project.client;
        for (path, text) in client.files.iter().chain(client.server.iter().flatten()).chain(&client.routes) {
            writeln!(out, "==> {path} <==\n{text}")?;
        }
    } else {
        report::say(&project.summary(&project.plan()?, Occasion::DryRun, global)?)?;
    }
    Ok(ExitCode::SUCCESS)
}
