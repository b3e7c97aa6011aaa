//! `schema/schema.json`, as some run has written it.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use crate::codegen::typescript::SCHEMA_VERSION;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity};
use crate::source::{Source, Whole};

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Schema {
    /// Absent in the first files of this version, as is `database`.
    pub adapter: Option<String>,
    pub database: Option<String>,
    pub models: Vec<Model>,
    /// JSON schemas by name.
    #[serde(default)]
    pub types: IndexMap<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Model {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: String,
    pub local_first: bool,
    pub key: Vec<String>,
    pub key_origin: KeyOrigin,
    pub write_id: Vec<String>,
    pub fields: Vec<Field>,
    pub operations: IndexMap<String, Operation>,
    /// Where the local database doesn't have it.
    pub collections: Option<String>,
    #[serde(default)]
    pub server: Server,
    #[serde(default)]
    pub indexes: Vec<Vec<String>>,
    #[serde(default)]
    pub references: IndexMap<String, String>,
    pub rbac: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Field {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: String,
    #[serde(default)]
    pub as_number: bool,
    pub nullable: bool,
    pub insert: Insert,
    pub update: bool,
    pub default: Option<Value>,
    pub schema: Option<Value>,
    #[serde(default)]
    pub owner_only: bool,
    #[serde(default)]
    pub deprecated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Operation {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub parameters: IndexMap<String, String>,
    #[serde(default)]
    pub body: Vec<String>,
    #[serde(default)]
    pub nulls: Vec<String>,
    pub envelope: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Server {
    pub table: Option<String>,
    #[serde(default)]
    pub columns: IndexMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Insert {
    Required,
    Optional,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOrigin {
    Given,
    Client,
    Server,
}

impl Model {
    pub fn is_local(&self) -> bool {
        self.collections.is_none()
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub fn is_key(&self, name: &str) -> bool {
        self.key.iter().any(|key| key == name)
    }

    pub fn can(&self, operation: &str) -> bool {
        self.operations.contains_key(operation)
    }

    /// The server's table.
    pub fn table(&self) -> &str {
        self.server.table.as_deref().unwrap_or(&self.name)
    }
}

/// Reads the file. `None`, with located problems, where it isn't one that this version knows.
pub fn read(source: &Source, problems: &mut Problems) -> Option<Schema> {
    let root = source.parse(Input::Base, Whole, problems)?;
    let version = root.get("version");
    if version.and_then(Value::as_u64) != Some(SCHEMA_VERSION.into()) {
        let found = version.map_or("no version".to_owned(), |version| format!("version {version}"));
        let message = format!("the schema has {found}, and this sync-patterns knows version {SCHEMA_VERSION}");
        let problem = Problem::new(Severity::Error, Code::UnknownVersion, (Input::Base, "/version"), message);
        problems.push(problem.help("name a schema/schema.json that this version of sync-patterns has generated"));
        return None;
    }
    // From the text, since that has the positions.
    match serde_json::from_str(&source.text) {
        Ok(schema) => Some(schema),
        Err(error) => {
            let text = error.to_string();
            let cause = text.split(" at line ").next().unwrap_or(&text);
            let message = format!("not a schema.json as sync-patterns writes it: {cause}");
            let problem = Problem::new(Severity::Error, Code::NotASchema, (Input::Base, ""), message);
            let help = "name a schema/schema.json as it was generated, or a git revision that has one";
            problems.push(problem.at(error.line(), error.column().max(1)).help(help));
            None
        }
    }
}
