//! Makes the client of a project from a command's arguments.

use super::global_options::Global;
use super::inputs::{self, Inputs, ProjectArgs};
use super::report;
use super::report::Occasion;
use crate::Client;
use crate::codegen::template::OwnTemplates;
use crate::config::Config;
use crate::diagnostics::Problems;
use crate::output::Plan;

/// A project without errors, with its client.
#[derive(Debug)]
pub struct Project {
    pub config: Config,
    /// The user's templates.
    pub templates: Option<OwnTemplates>,
    pub client: Client,
}

/// Reads and makes a project, and tells its problems. `None` where there were errors: `consequence` is what then wasn't
/// done, such as `nothing was written`.
pub fn make(args: &ProjectArgs, consequence: &str, global: &Global) -> anyhow::Result<Option<Project>> {
    let mut problems = Problems::default();
    let inputs = inputs::read(args, &mut problems)?;
    make_of(inputs, problems, consequence, global)
}

/// Makes a project of inputs that were read before, with the problems that were found in them.
pub fn make_of(
    mut inputs: Inputs,
    mut problems: Problems,
    consequence: &str,
    global: &Global,
) -> anyhow::Result<Option<Project>> {
    let tree = inputs.take_tree();
    let client = match (&inputs.config, tree) {
        (Some(config), Some(tree)) => crate::generate(tree, config, inputs.templates.as_ref(), &mut problems)?,
        _ => None,
    };
    report::problems(&problems, &inputs.sources(), global)?;
    match (inputs.config, client) {
        (Some(config), Some(client)) => Ok(Some(Project { config, templates: inputs.templates, client })),
        _ => {
            report::failed(&problems, consequence, global)?;
            Ok(None)
        }
    }
}

impl Project {
    /// What has to happen on disk. An error if a file that we haven't written is in the way.
    pub fn plan(&self) -> anyhow::Result<Plan> {
        let plan = Plan::new(&self.config.output, &self.client.files)?;
        if !plan.foreign.is_empty() {
            anyhow::bail!(report::foreign(&plan.foreign, &self.config.output));
        }
        Ok(plan)
    }

    /// Writes the client, and returns what had to be done.
    pub fn write(&self) -> anyhow::Result<Plan> {
        let plan = self.plan()?;
        plan.apply(&self.config.output, &self.client.files)?;
        Ok(plan)
    }

    /// The last lines of a run.
    pub fn summary(&self, plan: &Plan, occasion: Occasion, global: &Global) -> anyhow::Result<String> {
        report::summary(&self.client.project, plan, &self.config.output, occasion, global)
    }
}
