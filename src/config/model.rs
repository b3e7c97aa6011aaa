//! What the config says of one model.

use serde_json::Value;

use super::choices::Collections;

#[derive(Debug, Clone, PartialEq)]
pub enum ModelEntry {
    /// `contacts: false`
    Exclude,
    Include(Box<ModelConfig>),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelConfig {
    /// The collection path, where the name alone doesn't find it.
    pub path: Option<String>,
    pub local_first: Option<bool>,
    pub exclude: Vec<String>,
    pub key: Option<Vec<String>>,
    /// The server's table.
    pub table: Option<String>,
    pub columns: Columns,
    pub write_id: Option<bool>,
    pub references: Vec<(String, String)>,
    pub indexes: Vec<Vec<String>>,
    pub collections: Option<Collections>,
    pub rbac: Option<Value>,
    /// Fields that only a row's owner may see, from `rbac.owner_only`.
    pub owner_only: Vec<String>,
}

/// The server's columns, where they aren't called as the properties are.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Columns {
    #[default]
    AsProperties,
    /// `firstName` is `first_name` on the server.
    Snake,
    /// Property name to column name.
    Named(Vec<(String, String)>),
}
