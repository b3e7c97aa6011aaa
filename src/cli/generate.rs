use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::inputs::ProjectArgs;
use super::report::Occasion;
use super::{Global, check, project, report, watch};

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
