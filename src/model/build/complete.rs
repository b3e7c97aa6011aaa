//! Completes the draft of a model by what depends on other models.

use std::collections::HashMap;

use serde_json::Value;

use super::fields::{RowProperty, Writers};
use super::metadata;
use super::operations::Writer;
use crate::config::{Choice, Columns, Config, ModelConfig, Transport};
use crate::discovery::Candidate;
use crate::model::list::List;
use crate::model::project::{Field, FieldType, Input, Model, Operation, Operations, Scope, Server, Sync, WriteId};
use crate::names;
use crate::openapi::{Document, excluded};

/// All of a model that doesn't depend on other models.
pub struct Draft<'c, 'a> {
    pub candidate: &'c Candidate<'a>,
    pub key: Vec<String>,
    /// The key without the columns from the path.
    pub own_key: Vec<String>,
    pub properties: Vec<RowProperty<'c, 'a>>,
    pub list: Option<Operation>,
    pub polled: Option<List>,
    pub get: Option<Operation>,
    pub create: Option<Writer<'a>>,
    pub update: Option<Writer<'a>>,
    pub delete: Option<Operation>,
}

/// All of a model that depends on other models.
pub struct Relations<'n> {
    pub type_name: String,
    /// Field name to the name of the model whose key it holds, in order of field name.
    pub references: Vec<(String, String)>,
    /// The same, of inputs.
    pub of_inputs: Vec<(String, String)>,
    /// The final names of components.
    pub components: &'n HashMap<String, String>,
}

impl Draft<'_, '_> {
    /// Completes the model.
    pub fn model(self, document: &Document, config: &Config, relations: Relations) -> Model {
        let candidate = self.candidate;
        let entry = candidate.config.as_ref().map(|config| config.entry);
        let owner_only = entry.map(|entry| entry.owner_only.as_slice()).unwrap_or_default();
        let writers = Writers {
            key: &self.key,
            own_key: &self.own_key,
            create: self.create.as_ref(),
            update: self.update.as_ref(),
            places: &candidate.row.places,
            owner_only,
        };
        let of_key = |property: &&RowProperty| self.own_key.first().is_some_and(|name| property.name == name);
        let key_type = self.properties.iter().find(of_key).map_or(FieldType::Text, |property| property.typed.ty);
        let key_origin = writers.key_origin(key_type);
        let collections = entry.and_then(|entry| entry.collections).unwrap_or(config.collections);
        let transport = config.transport_of(entry);
        let deleted = self.deleted(entry).filter(|_| transport == Transport::Electric);
        let list = self.polled.filter(|_| transport == Transport::Rest);
        let is_lacking = |name: &str| list.as_ref().is_some_and(|list| list.lacks.iter().any(|lacked| lacked == name));
        let field = |property: &RowProperty| {
            let field = writers.field(document, property, key_origin, relations.components);
            // A pull doesn't bring what only the item has.
            Field { nullable: field.nullable || is_lacking(property.name), ..field }
        };
        let takes_write_id = |writer: &Option<Writer>| writer.as_ref().is_some_and(|writer| writer.takes_write_id);
        let row_has_write_id = || candidate.row.properties.contains_key("write_id");
        let inputs = self.create.iter().flat_map(|writer| &writer.inputs);
        let inputs = inputs.map(|input| relations.input(input)).collect();
        Model {
            name: candidate.name.clone(),
            type_name: relations.type_name,
            doc: document.follow(&candidate.row.schema).and_then(|schema| schema.description.map(str::to_owned)),
            local_first: candidate.local_first,
            key_origin,
            fields: self.properties.iter().map(field).chain(metadata::fields(config, transport)).collect(),
            write_id: WriteId {
                row: entry.and_then(|entry| entry.write_id).unwrap_or_else(row_has_write_id),
                create: takes_write_id(&self.create),
                update: takes_write_id(&self.update),
            },
            inputs,
            server: server(entry, &self.properties),
            indexes: entry.map(|entry| entry.indexes.clone()).unwrap_or_default(),
            references: relations.references,
            rbac: rbac(document, candidate),
            collections,
            transport,
            priority: entry.and_then(|entry| entry.priority),
            sync: sync(entry),
            list,
            deleted,
            operations: Operations {
                list: self.list,
                get: self.get,
                create: self.create.map(|writer| writer.operation),
                update: self.update.map(|writer| writer.operation),
                delete: self.delete,
            },
            key: self.key,
        }
    }
}

impl Draft<'_, '_> {
    /// The field that says that a row is deleted: the config's, or where the API deletes rows, the one that was found.
    fn deleted(&self, entry: Option<&ModelConfig>) -> Option<String> {
        match entry.and_then(|entry| entry.soft_delete.as_ref()) {
            Some(choice) => choice.name().map(str::to_owned),
            None => self.polled.as_ref().filter(|_| self.delete.is_some())?.deleted.clone(),
        }
    }
}

impl Relations<'_> {
    /// With the final names of components, and the model that it refers to.
    fn input(&self, input: &Input) -> Input {
        let parent = self.of_inputs.iter().find(|(name, _)| *name == input.name).map(|(_, parent)| parent.clone());
        Input { shape: input.shape.clone().with_names(self.components), parent, ..input.clone() }
    }
}

/// The access metadata, without the fields that appear in no generated file.
fn rbac(document: &Document, candidate: &Candidate) -> Option<Value> {
    let config = candidate.config.as_ref().map(|config| config.entry);
    let mut rbac = config.and_then(|config| config.rbac.clone()).or_else(|| candidate.rbac(document))?;
    let mut hidden: Vec<&str> = excluded(document, &candidate.row.schema);
    hidden.extend(config.into_iter().flat_map(|config| &config.exclude).map(String::as_str));
    remove_names(&mut rbac, &hidden);
    Some(rbac)
}

/// What the sync server does with the rows.
fn sync(entry: Option<&ModelConfig>) -> Sync {
    let Some(entry) = entry else { return Sync::default() };
    let scope = entry.scope.as_ref().map(|scope| Scope {
        field: scope.column.clone(),
        kind: scope.kind.clone().unwrap_or_else(|| scope.column.clone()),
    });
    let soft_delete = entry.soft_delete.as_ref().and_then(Choice::name).map(str::to_owned);
    Sync { scope, conflict: entry.conflict.unwrap_or_default(), soft_delete }
}

fn server(entry: Option<&ModelConfig>, properties: &[RowProperty]) -> Server {
    let Some(entry) = entry else { return Server::default() };
    let columns = match &entry.columns {
        Columns::AsProperties => Vec::new(),
        Columns::Named(columns) => columns.clone(),
        Columns::Snake => {
            let columns =
                properties.iter().map(|property| (property.name.to_owned(), names::snake_case(property.name)));
            let mut columns: Vec<_> = columns.filter(|(name, column)| name != column).collect();
            columns.sort();
            columns
        }
    };
    Server { table: entry.table.clone(), columns }
}

/// Removes names from lists and from the keys of objects, at every depth.
fn remove_names(value: &mut Value, names: &[&str]) {
    match value {
        Value::Array(items) => {
            items.retain(|item| !item.as_str().is_some_and(|item| names.contains(&item)));
            items.iter_mut().for_each(|item| remove_names(item, names));
        }
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&name.as_str()));
            members.values_mut().for_each(|member| remove_names(member, names));
        }
        _ => {}
    }
}
