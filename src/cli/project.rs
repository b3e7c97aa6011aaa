//! Makes the client of a project from a command's arguments.

use std::path::Path;

use super::global_options::Global;
use super::inputs::{self, Inputs, ProjectArgs};
use super::loading;
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
    if let Some(config) = &inputs.config {
        loading::check(config, &mut problems);
    }
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
    /// What has to happen on disk: in the client's folder, in the server's where there is one, and in that of its routes. An
    /// error if a file that we haven't written is in the way.
    pub fn plan(&self) -> anyhow::Result<Vec<Target<'_>>> {
        let server = self.config.server.as_ref();
        let routes = server.map(|server| (server.routes.as_path(), &self.client.routes));
        let server = server.zip(self.client.server.as_ref());
        let server = server.map(|(server, files)| (server.output.as_path(), files));
        let mut folders = vec![(self.config.output.as_path(), &self.client.files)];
        folders.extend(server);
        // Where there are none, those of an earlier config go, unless they would be in a folder of the others.
        let is_apart =
            |folder: &Path| !folders.iter().any(|(other, _)| folder.starts_with(other) || other.starts_with(folder));
        let routes = routes.filter(|(folder, _)| is_apart(folder));
        folders.extend(routes);
        let target = |(folder, files)| {
            let plan = Plan::new(folder, files)?;
            if !plan.foreign.is_empty() {
                anyhow::bail!(report::foreign(&plan.foreign, folder));
            }
            Ok(Target { folder, files, plan })
        };
        let mut targets = folders.into_iter().map(target).collect::<anyhow::Result<Vec<_>>>()?;
        targets.retain(|target| !target.files.is_empty() || !target.plan.changes.is_empty());
        Ok(targets)
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
