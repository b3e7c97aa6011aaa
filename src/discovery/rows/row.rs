use crate::discovery::keys::{self, Detected};
use crate::discovery::resources::Resource;
use crate::openapi::{Properties, SchemaAt};

/// What the API says a row of a resource is.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    pub schema: SchemaAt<'a>,
    /// The component that the schema is, where it has a name.
    pub component: Option<String>,
    pub properties: Properties<'a>,
    pub answer: Answer<'a>,
    /// What may identify a row, where neither its `id` nor its path says so.
    pub guessed_key: Option<Detected>,
    /// Whether it is less sure than others, and changes none of their names.
    pub is_guess: bool,
}

impl Row<'_> {
    pub fn key(&self, resource: &Resource) -> Option<Detected> {
        keys::detect(&self.properties, resource).or_else(|| self.guessed_key.clone())
    }
}

/// The answer that a row was found in.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    pub method: &'static str,
    pub path: &'a str,
    /// The keys that the row stands under in it.
    pub keys: Vec<&'a str>,
    /// Whether it is what the operation takes, since no answer says anything.
    pub is_body: bool,
}
