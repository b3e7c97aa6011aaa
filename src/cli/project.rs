//! Makes the client of a project from a command's arguments.

use super::global_options::Global;
use super::inputs::{self, Inputs, ProjectArgs};
use super::report;
use super::report::Occasion;
use super::target::Target;
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
    /// What has to happen on disk: in the client's folder, and in the server's where there is one. An error if a file that we
    /// haven't written is in the way.
    pub fn plan(&self) -> anyhow::Result<Vec<Target<'_>>> {
        let server = self.config.server.as_ref().zip(self.client.server.as_ref());
        let server = server.map(|(server, files)| (server.output.as_path(), files));
        let folders = [(self.config.output.as_path(), &self.client.files)].into_iter().chain(server);
        let target = |(folder, files)| {
            let plan = Plan::new(folder, files)?;
            if !plan.foreign.is_empty() {
                anyhow::bail!(report::foreign(&plan.foreign, folder));
            }
            Ok(Target { folder, files, plan })
        };
        folders.map(target).collect()
    }

    /// Writes the files, and returns what had to be done.
    pub fn write(&self) -> anyhow::Result<Vec<Target<'_>>> {
        let targets = self.plan()?;
        targets.iter().try_for_each(|target| target.plan.apply(target.folder, target.files))?;
        Ok(targets)
    }

    /// The last lines of a run.
    pub fn summary(&self, targets: &[Target], occasion: Occasion, global: &Global) -> anyhow::Result<String> {
        report::summary(&self.client.project, targets, occasion, global)
    }
}
