//! A model's entry in the config.

use serde_json::Value;

use super::choices::{Collections, Conflict, Transport};
use super::list::{Choice, ListConfig};
use super::server::ScopeConfig;
use crate::diagnostics::child;

#[derive(Debug, Clone, PartialEq)]
pub enum ModelEntry {
    /// `contacts: false`
    Exclude,
    Include(Box<ModelConfig>),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelConfig {
    /// The collection path, if the name isn't enough to find it.
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
    pub transport: Option<Transport>,
    /// How the API lists the rows, where it isn't as was found.
    pub list: Option<ListConfig>,
    /// Whose rows they are, on the sync server.
    pub scope: Option<ScopeConfig>,
    /// What becomes of an edit that meets one of somebody else, on the sync server.
    pub conflict: Option<Conflict>,
    /// The field that says that a row is deleted.
    pub soft_delete: Option<Choice>,
    /// Models with a higher priority are loaded first.
    pub priority: Option<i64>,
    pub rbac: Option<Value>,
    /// Fields that only a row's owner may see, from `rbac.owner_only`.
    pub owner_only: Vec<String>,
}

impl ModelConfig {
    /// The fields that the entry uses, each with its pointer below the entry. Excluded fields don't count as used.
    pub fn used_fields(&self) -> Vec<(String, &str)> {
        let key = self.key.iter().flatten().enumerate().map(|(index, name)| (format!("/key/{index}"), name.as_str()));
        let indexes = self.indexes.iter().enumerate();
        let indexes = indexes
            .flat_map(|(index, names)| names.iter().map(move |name| (format!("/indexes/{index}"), name.as_str())));
        let references = self.references.iter().map(|(name, _)| (child("/references", name), name.as_str()));
        let columns = match &self.columns {
            Columns::Named(columns) => columns.as_slice(),
            Columns::AsProperties | Columns::Snake => &[],
        };
        let columns = columns.iter().map(|(name, _)| (child("/columns", name), name.as_str()));
        let owner_only = self.owner_only.iter().enumerate();
        let owner_only = owner_only.map(|(index, name)| (format!("/rbac/owner_only/{index}"), name.as_str()));
        let changed = self.list.as_ref().and_then(|list| list.changed.as_ref()?.name());
        let changed = changed.map(|name| ("/list/changed".to_owned(), name));
        let deleted = self.soft_delete.as_ref().and_then(Choice::name).map(|name| ("/soft_delete".to_owned(), name));
        let scope = self.scope.as_ref().map(|scope| ("/scope".to_owned(), scope.column.as_str()));
        let of_list = changed.into_iter().chain(deleted).chain(scope);
        key.chain(of_list).chain(indexes).chain(references).chain(columns).chain(owner_only).collect()
    }
}

/// The names of the server's columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Columns {
    #[default]
    AsProperties,
    /// `firstName` is `first_name` on the server.
    Snake,
    /// Property name to column name.
    Named(Vec<(String, String)>),
}
