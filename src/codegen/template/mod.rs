//! Templates to text: ours, which are compiled into the binary, or those of the user that replace them.

mod environment;
mod error;
mod fit;
mod folder;
mod user_templates;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;

use environment::environment;
pub use error::TemplateError;
pub use folder::read;
pub use user_templates::OwnTemplates;

/// The templates of a folder, by the names of the files that they make or are a part of.
macro_rules! templates {
    [$folder:literal: $($name:literal),* $(,)?] => {
        $crate::codegen::template::TemplateSet {
            folder: $folder,
            templates: &[$((
                $name,
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $folder, "/", $name, ".j2")),
            )),*],
        }
    };
}
pub(crate) use templates;

/// A template's name and text.
pub type Template = (&'static str, &'static str);

/// The templates of one target.
#[derive(Debug, Clone, Copy)]
pub struct TemplateSet {
    /// Where they are in `templates`.
    pub folder: &'static str,
    pub templates: &'static [Template],
}

impl TemplateSet {
    /// The paths of the files below `templates`.
    pub fn paths(self) -> impl Iterator<Item = String> {
        self.templates.iter().map(move |(name, _)| self.path(name))
    }

    fn path(self, name: &str) -> String {
        format!("{}/{name}.j2", self.folder)
    }
}

/// What a file is rendered from.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    template: &'static str,
    /// Below the output folder.
    file: String,
    /// The model that it is about, where it is about one.
    model: Option<&'a str>,
}

/// A file's path below the output folder, and its text.
pub type File = (String, String);

impl<'a> Page<'a> {
    pub fn new(template: &'static str, file: impl Into<String>) -> Self {
        Self { template, file: file.into(), model: None }
    }

    pub fn about(self, model: &'a str) -> Self {
        Self { model: Some(model), ..self }
    }
}

/// What a template was given for one file.
#[derive(Debug, Serialize)]
pub struct View {
    /// Below `templates`.
    pub template: String,
    pub file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    pub view: serde_json::Value,
}

/// The templates of a run.
#[derive(Debug, Default)]
pub struct Templates<'a> {
    own: Option<&'a OwnTemplates>,
    /// By the file.
    views: Option<Mutex<BTreeMap<String, View>>>,
}

impl<'a> Templates<'a> {
    pub fn new(own: Option<&'a OwnTemplates>) -> Self {
        Self { own, views: None }
    }

    /// Keeps what each template is given.
    pub fn recording(self) -> Self {
        Self { views: Some(Mutex::default()), ..self }
    }

    /// In the order of the files.
    pub fn views(self) -> Vec<View> {
        let views = self.views.map(|views| views.into_inner().unwrap_or_else(PoisonError::into_inner));
        views.unwrap_or_default().into_values().collect()
    }

    /// The text of a file that is taken as it stands.
    pub fn verbatim(&self, path: &str, ours: &'static str) -> &'a str {
        self.own.and_then(|own| own.get(path)).map_or(ours, |source| &source.text)
    }
}

/// Renders the templates of one target. Every value they use is final: they choose and repeat, and compute nothing.
pub struct Renderer<'a> {
    set: TemplateSet,
    templates: &'a Templates<'a>,
    environment: Environment<'a>,
}

impl<'a> Renderer<'a> {
    pub fn new(set: TemplateSet, templates: &'a Templates<'a>) -> anyhow::Result<Self> {
        let mut environment = environment()?;
        // Its price is paid only where somebody may have to look for a mistake.
        environment.set_debug(templates.own.is_some());
        for (name, text) in set.templates {
            let text = templates.verbatim(&set.path(name), text);
            environment.add_template(name, text)?;
        }
        Ok(Self { set, templates, environment })
    }

    /// Makes a file, which begins with the banner that `view` has.
    pub fn render(&self, page: Page, view: impl Serialize) -> anyhow::Result<File> {
        if let Some(views) = &self.templates.views {
            let view = View {
                template: self.set.path(page.template),
                file: page.file.clone(),
                model: page.model.map(str::to_owned),
                view: serde_json::to_value(&view)?,
            };
            views.lock().unwrap_or_else(PoisonError::into_inner).insert(page.file.clone(), view);
        }
        let text = self.part(page.template, view)?;
        if let Some(own) = self.templates.own {
            own.check_banner(&text, &self.set.path(page.template))?;
        }
        // All files are held until the first is written, and a text that grew has room for up to twice as much.
        Ok((page.file, text.as_str().to_owned()))
    }

    /// Renders a template that is included by others, or the text of a file.
    pub fn part(&self, template: &str, view: impl Serialize) -> anyhow::Result<String> {
        let rendered = self.environment.get_template(template)?.render(Value::from(Serde(view)));
        match self.templates.own {
            Some(own) => own.told(rendered, |name| self.set.path(name)),
            None => Ok(rendered?),
        }
    }
}
