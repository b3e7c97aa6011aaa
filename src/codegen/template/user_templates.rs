use std::collections::BTreeMap;
use std::error::Error;

use super::environment::environment;
use super::error::{TemplateError, message, position};
use crate::codegen::files::is_ours;
use crate::source::Source;

/// Templates of the user's, by the path of the template of ours that each replaces.
#[derive(Debug, Clone, Default)]
pub struct OwnTemplates(BTreeMap<String, Source>);

impl OwnTemplates {
    pub fn new(templates: BTreeMap<String, Source>) -> Self {
        Self(templates)
    }

    pub fn get(&self, path: &str) -> Option<&Source> {
        self.0.get(path)
    }

    /// In the order in which [`TemplateError::number`] counts them.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.0.values()
    }

    /// What in the templates can't be read, found before anything is rendered so that all of it is told.
    pub fn syntax_errors(&self, is_rendered: impl Fn(&str) -> bool) -> Vec<TemplateError> {
        let Ok(mut environment) = environment() else { return Vec::new() };
        environment.set_debug(true);
        let rendered = self.0.iter().enumerate().filter(|(_, (path, _))| is_rendered(path));
        let error = |(number, (path, source)): (usize, (&String, &Source))| {
            let error = environment.template_from_named_str(path, &source.text).err()?;
            let help = "templates are written in Jinja's language, as minijinja reads it";
            let position = position(&error, &source.text);
            Some(TemplateError { number, position, message: message(&error), help })
        };
        rendered.filter_map(error).collect()
    }

    /// What a template has made, or what is wrong with it. `path`: what the file of a template is called.
    pub(super) fn told(
        &self,
        rendered: Result<String, minijinja::Error>,
        path: impl Fn(&str) -> String,
    ) -> anyhow::Result<String> {
        rendered.map_err(|error| match self.blame(&error, path) {
            Some(blamed) => blamed.into(),
            None => anyhow::Error::new(error),
        })
    }

    /// Refuses a file that the template at a path has made without the banner.
    pub(super) fn check_banner(&self, text: &str, path: &str) -> anyhow::Result<()> {
        match self.number(path) {
            Some(number) if !is_ours(text.as_bytes()) => Err(TemplateError {
                number,
                position: Some((1, 1)),
                message: "what this makes doesn't begin with the banner, by which a later run knows its files"
                    .to_owned(),
                help: "begin with `-- {{ banner }}` in SQL, with `// {{ banner }}` in TypeScript",
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// The innermost template of the user's that an error passed through, with the error's cause. `None` where there is
    /// none: then it is a mistake of ours.
    fn blame(&self, error: &minijinja::Error, path: impl Fn(&str) -> String) -> Option<TemplateError> {
        let chain = std::iter::successors(Some(error as &(dyn Error + 'static)), |error| (*error).source());
        let chain: Vec<&minijinja::Error> = chain.filter_map(|error| error.downcast_ref()).collect();
        let (at, number, source) = chain.iter().rev().find_map(|error| {
            let number = self.number(&path(error.name()?))?;
            Some((error, number, self.0.values().nth(number)?))
        })?;
        let help = "`sync-patterns inspect --view` prints what the templates are given";
        Some(TemplateError { number, position: position(at, &source.text), message: message(chain.last()?), help })
    }

    fn number(&self, path: &str) -> Option<usize> {
        self.0.keys().position(|other| other == path)
    }
}
