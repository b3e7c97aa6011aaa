//! From a command's arguments to the client of its project.

use super::inputs::{self, ProjectArgs};
use super::{Global, report};
use crate::Client;
use crate::config::Config;
use crate::diagnostics::Problems;

/// A project, read and made without errors.
#[derive(Debug)]
pub struct Project {
    pub config: Config,
    pub client: Client,
}

/// Reads and makes a project, and tells its problems. `None` where there were errors: `consequence` is what then wasn't
/// done, such as `nothing was written`.
pub fn make(args: &ProjectArgs, consequence: &str, global: &Global) -> anyhow::Result<Option<Project>> {
    let mut problems = Problems::default();
    let mut inputs = inputs::read(args, &mut problems)?;
    let tree = inputs.spec.as_mut().and_then(|spec| spec.tree.take());
    let client = match (&inputs.config, tree) {
        (Some(config), Some(tree)) => crate::generate(tree, config, &mut problems)?,
        _ => None,
    };
    report::problems(&problems, &inputs.sources(), global)?;
    match (inputs.config, client) {
        (Some(config), Some(client)) => Ok(Some(Project { config, client })),
        _ => {
            report::failed(&problems, consequence, global)?;
            Ok(None)
        }
    }
}
