use std::collections::BTreeMap;

use crate::discovery::keys::{self, Detected};
use crate::discovery::layout::{Form, Ty, Way};
use crate::discovery::resources::Resource;
use crate::openapi::{Properties, SchemaAt};

/// The row of a resource.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    pub schema: SchemaAt<'a>,
    /// The component's name, if the schema is one.
    pub component: Option<String>,
    pub form: Form<'a>,
    pub properties: Properties<'a>,
    /// Where those are that don't lie at the row's top.
    pub places: BTreeMap<&'a str, Way<'a>>,
    /// Of relationships to one row, the `type` of that row.
    pub related: BTreeMap<&'a str, &'a str>,
    pub answer: Answer<'a>,
    /// A guessed key, if neither an `id` nor the path gives one.
    pub guessed_key: Option<Detected>,
    /// Whether it is a guess: then it changes no other model's name.
    pub is_guess: bool,
}

impl<'a> Row<'a> {
    /// The `type` that all rows have in JSON:API, where the document says one. A `type` of any text is the collection's name.
    pub fn ty(&self, resource: &Resource<'a>) -> Option<&'a str> {
        match self.form {
            Form::JsonApi(Ty::Always(ty)) => Some(ty),
            Form::JsonApi(Ty::Any) => Some(resource.last_segment()),
            Form::JsonApi(Ty::Several) | Form::Plain => None,
        }
    }

    /// Whether the document says that `type`.
    pub fn says_ty(&self) -> bool {
        matches!(self.form, Form::JsonApi(Ty::Always(_)))
    }

    pub fn key(&self, resource: &Resource) -> Option<Detected> {
        keys::detect(&self.properties, resource).or_else(|| self.guessed_key.clone())
    }
}

/// The response that has the row.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    pub method: &'static str,
    pub path: &'a str,
    /// The keys of its envelopes.
    pub keys: Vec<&'a str>,
    /// Whether it is the request body, because no response has a schema.
    pub is_body: bool,
}
