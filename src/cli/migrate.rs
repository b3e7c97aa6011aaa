//! `migrate`: prints the SQL that takes the sync server's tables to the new schema.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::global_options::Global;
use super::inputs::ProjectArgs;
use super::{base, project, report};
use crate::codegen::server::SCHEMA_SQL;
use crate::diagnostics::count;
use crate::schema_json::diff;

#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    project: ProjectArgs,
    /// What the database has now: a git revision, or a schema.json [default: the generated file]
    #[arg(short, long, value_name = "REVISION|FILE")]
    from: Option<String>,
}

pub fn run(args: &Migrate, global: &Global) -> anyhow::Result<ExitCode> {
    let consequence = "nothing was printed";
    let Some(project) = project::make(&args.project, consequence, global)? else {
        return Ok(ExitCode::from(2));
    };
    let Some(server) = &project.config.server else {
        bail!(
            "there is no sync server whose tables could change\n  help: `server:` in the config makes one (docs/push-pull.md)"
        );
    };
    let Some(found) = base::compare(&project, ("--from", args.from.as_deref()), consequence, global)? else {
        return Ok(ExitCode::from(2));
    };
    if !found.has_base {
        bail!(
            "there is no {}, so nothing says what the database has\n  help: {SCHEMA_SQL} makes the tables of an empty one; for another, name a revision or a schema.json with --from",
            found.base
        );
    }
    let schema = server.output.join(SCHEMA_SQL);
    anstream::stdout().lock().write_all(diff::migration(&found, &schema.display().to_string()).as_bytes())?;
    let left = diff::left_to_you(&found);
    if left > 0 {
        report::note(&format!("{} commented out, for you to decide on", count(left, "statement")), global)?;
    }
    Ok(ExitCode::SUCCESS)
}
