//! Templates, compiled into the binary, to text.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

/// A template's name and text.
pub type Template = (&'static str, &'static str);

/// The templates of one target. Every value they use is final: they choose and repeat, and compute nothing.
pub struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    pub fn new(templates: &[Template]) -> anyhow::Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // By file name, minijinja would escape `.json`; the views hold encoded text already.
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_syntax(
            SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?,
        );
        for (name, text) in templates {
            environment.add_template(name, text)?;
        }
        Ok(Self { environment })
    }

    pub fn render(&self, template: &str, view: impl Serialize) -> anyhow::Result<String> {
        Ok(self.environment.get_template(template)?.render(Value::from(Serde(view)))?)
    }
}
