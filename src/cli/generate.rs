use std::io::Write;
use std::process::ExitCode;

use super::{Generate, Global, inputs, report};
use crate::diagnostics::Problems;
use crate::output::Plan;

pub fn run(args: &Generate, global: &Global) -> anyhow::Result<ExitCode> {
    let mut problems = Problems::default();
    let inputs = inputs::read(args, &mut problems)?;
    let client = match (&inputs.config, &inputs.spec) {
        (Some(config), Some(spec)) => crate::generate(spec, config, &mut problems)?,
        _ => None,
    };
    report::problems(&problems, &inputs.sources(), global)?;
    let (Some(client), Some(config)) = (client, &inputs.config) else {
        report::nothing_written(&problems, global)?;
        return Ok(ExitCode::from(2));
    };
    if args.stdout {
        let mut out = std::io::stdout().lock();
        for (path, text) in &client.files {
            writeln!(out, "==> {path} <==\n{text}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let folder = &config.output;
    let plan = Plan::new(folder, &client.files)?;
    if !plan.foreign.is_empty() {
        anyhow::bail!(report::foreign(&plan.foreign, folder));
    }
    if !args.dry_run {
        plan.apply(folder, &client.files)?;
    }
    report::summary(&client.project, &plan, folder, args.dry_run, global)?;
    Ok(ExitCode::SUCCESS)
}
