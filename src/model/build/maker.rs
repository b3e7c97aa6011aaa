//! From a candidate to its model, or to why there is none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fields::{RowProperty, Writers};
use super::operations::{Unusable, Writer, Writing, decimals};
use super::shapes::Types;
use crate::config::{Adapter, Columns, Config, ModelConfig};
use crate::diagnostics::{Code, Input, Problem, Problems, Reason, Severity, closest, one_of};
use crate::discovery::{Candidate, LeftOut};
use crate::model::project::{Field, FieldType, Insert, KeyOrigin, Model, Operations, Server, WriteId};
use crate::names;
use crate::openapi::{Document, excluded};

/// Columns that both databases load and fill without reaching one of their limits.
const MAX_FIELDS: usize = 900;

/// What has come of a candidate.
pub struct Attempt {
    /// `None`, with a problem, where it can't be understood.
    pub model: Option<Model>,
    /// Why there is no model.
    pub refusal: Option<LeftOut>,
    pub problems: Problems,
    /// The components that its fields refer to.
    pub reached: BTreeSet<String>,
}

/// Tries to make a model of a candidate.
pub fn attempt(document: &Document, config: &Config, candidate: &Candidate) -> Attempt {
    let types = Types::new(document);
    let mut maker = Maker { document, types: &types, candidate, config, problems: Problems::default(), refusal: None };
    let model = maker.make();
    let Maker { problems, refusal, .. } = maker;
    Attempt { model, refusal, problems, reached: types.reached() }
}

struct Maker<'m, 'a> {
    document: &'a Document,
    types: &'m Types<'a>,
    candidate: &'m Candidate<'a>,
    config: &'m Config,
    problems: Problems,
    refusal: Option<LeftOut>,
}

impl<'a> Maker<'_, 'a> {
    fn make(&mut self) -> Option<Model> {
        let candidate = self.candidate;
        let (resource, row) = (&candidate.resource, &candidate.row);
        let config = candidate.config.as_ref().map(|config| config.entry);
        let excluded = config.map(|config| config.exclude.as_slice()).unwrap_or_default();
        self.check_names_in_config();

        let says_write_id = config.and_then(|config| config.write_id);
        let row_has_write_id = row.properties.contains_key("write_id");
        let keep = |name: &str| name != "write_id" && !excluded.iter().any(|excluded| excluded == name);
        let mut properties = match RowProperty::all(self.document, self.types, &row.properties, keep) {
            Ok(properties) => properties,
            Err(pointer) => {
                return self.refuse(&pointer, Reason::Unresolved, Reason::Unresolved.meaning());
            }
        };
        self.drop_twins(&mut properties);
        let key = self.key(&mut properties)?;
        self.check_columns(&properties)?;

        let fields: Vec<_> = properties.iter().map(RowProperty::row_field).collect();
        let decimals = decimals(self.document, self.types, resource, &fields);
        for property in properties.iter_mut().filter(|property| decimals.iter().any(|name| name == property.name)) {
            property.typed.ty = FieldType::Decimal { as_number: false };
        }
        let fields: Vec<_> = properties.iter().map(RowProperty::row_field).collect();
        let writing = Writing { document: self.document, types: self.types, resource, fields: &fields, key: &key };
        let mut create = self.usable("created", writing.create());
        if let (Some(writer), Some(name)) = (&create, candidate.row.guessed_key.as_ref().and(key.first()))
            && !writer.operation.body.contains(name)
        {
            let pointer = resource.pointer().to_owned();
            let reason = format!("it doesn't take `{name}`, which identifies a row");
            create = self.usable("created", Err(Unusable { pointer, reason }));
        }
        if key.len() > 1
            && let Some(writer) = &create
            && let Some(part) = key.iter().find(|name| {
                !writer.operation.body.contains(name)
                    && !writer.operation.parameters.iter().any(|(_, field)| field == *name)
            })
        {
            let pointer = resource.pointer().to_owned();
            let reason = format!("the server makes `{part}`, which is only a part of the key");
            create = self.usable("created", Err(Unusable { pointer, reason }));
        }
        let update = self.usable("updated", writing.update());
        let delete = self.usable("deleted", writing.delete());
        self.note_unsent(create.as_ref().into_iter().chain(update.as_ref()));

        let writers = Writers { key: &key, create: create.as_ref(), update: update.as_ref() };
        let mut fields: Vec<_> = properties.iter().map(|property| writers.field(self.document, property)).collect();
        let first = key.first()?;
        let key_type = fields.iter().find(|field| field.name == *first).map_or(FieldType::Text, |field| field.ty);
        let key_origin = writers.key_origin(key_type);
        if key_origin == KeyOrigin::Given && create.is_some() {
            for field in fields.iter_mut().filter(|field| key.contains(&field.name)) {
                field.insert = Insert::Required;
            }
        }
        let owner_only = config.map(|config| config.owner_only.as_slice()).unwrap_or_default();
        for field in &mut fields {
            field.owner_only |= owner_only.contains(&field.name);
        }
        let write_id = WriteId {
            row: says_write_id.unwrap_or(row_has_write_id),
            create: create.as_ref().is_some_and(|writer| writer.takes_write_id),
            update: update.as_ref().is_some_and(|writer| writer.takes_write_id),
        };
        let server = self.server(&fields);
        if self.refusal.is_some() {
            return None;
        }
        let (list, get) = (writing.read(false), writing.read(true));
        Some(Model {
            name: candidate.name.clone(),
            type_name: String::new(),
            doc: self.doc(),
            local_first: candidate.local_first,
            key,
            key_origin,
            fields,
            write_id,
            operations: Operations {
                list,
                get,
                create: create.map(|writer| writer.operation),
                update: update.map(|writer| writer.operation),
                delete,
            },
            server,
            indexes: config.map(|config| config.indexes.clone()).unwrap_or_default(),
            references: Vec::new(),
            rbac: self.rbac(),
            collections: config.and_then(|config| config.collections).unwrap_or(self.config.collections),
        })
    }

    /// The access metadata, without the fields that appear in no generated file.
    fn rbac(&self) -> Option<Value> {
        let candidate = self.candidate;
        let config = candidate.config.as_ref().map(|config| config.entry);
        let mut rbac = config.and_then(|config| config.rbac.clone()).or_else(|| candidate.rbac(self.document))?;
        let mut hidden: Vec<&str> = excluded(self.document, &candidate.row.schema);
        hidden.extend(config.into_iter().flat_map(|config| &config.exclude).map(String::as_str));
        remove_names(&mut rbac, &hidden);
        Some(rbac)
    }

    fn doc(&self) -> Option<String> {
        self.document.follow(&self.candidate.row.schema)?.description.map(str::to_owned)
    }

    /// The key's fields: of a type that has one text form.
    fn key(&mut self, properties: &mut [RowProperty]) -> Option<Vec<String>> {
        let candidate = self.candidate;
        let key = match candidate.config.as_ref().and_then(|config| config.entry.key.clone()) {
            Some(key) => key,
            None => candidate.row.key(&candidate.resource)?.names,
        };
        for name in &key {
            let Some(property) = properties.iter_mut().find(|property| property.name == name) else {
                // A key that the config excludes, or names wrongly, was reported where it stands.
                return self.refuse(
                    candidate.resource.pointer(),
                    Reason::NoKey,
                    &format!("its key `{name}` isn't among its fields"),
                );
            };
            // A number that identifies rows is a whole one, whatever the document calls it.
            if property.typed.ty == FieldType::Float {
                property.typed.ty = FieldType::Int64;
            }
            let ty = property.typed.ty;
            if !matches!(ty, FieldType::Text | FieldType::Uuid | FieldType::Int32 | FieldType::Int64) {
                let message = format!("its key `{name}` is neither text, uuid nor integer");
                return self.refuse(property.raw.pointer(), Reason::KeyType, &message);
            }
        }
        Some(key)
    }

    /// Of two properties that would be one column, the one that rows may lack is left out.
    fn drop_twins(&mut self, properties: &mut Vec<RowProperty>) {
        let is_always_there = |property: &RowProperty| property.raw.required && !property.typed.nullable;
        let kept: BTreeMap<String, String> = properties
            .iter()
            .filter(|property| is_always_there(property))
            .map(|property| (property.name.to_lowercase(), property.name.to_owned()))
            .collect();
        properties.retain(|property| {
            let twin = kept.get(&property.name.to_lowercase()).filter(|kept| *kept != property.name);
            let Some(twin) = twin.filter(|_| !is_always_there(property)) else { return true };
            let name = &self.candidate.name;
            let message = format!("`{name}` goes without `{}`: it would be one column with `{twin}`", property.name);
            let at = (Input::Spec, property.raw.pointer());
            self.problems.push(Problem::new(Severity::Note, Code::ColumnCollision, at, message));
            false
        });
    }

    /// Columns that a database can have side by side.
    fn check_columns(&mut self, properties: &[RowProperty]) -> Option<()> {
        if properties.len() > MAX_FIELDS {
            let message = format!("it has {} fields, and tables end at {MAX_FIELDS}", properties.len());
            return self.refuse(self.candidate.resource.pointer(), Reason::TooManyFields, &message);
        }
        let mut seen: BTreeMap<String, &RowProperty> = BTreeMap::new();
        for property in properties {
            let name = property.name;
            let pointer = property.raw.pointer();
            let plain: String = name.to_lowercase();
            if let Some(first) = seen.insert(plain, property) {
                let message = format!("its properties `{}` and `{name}` would be one column", first.name);
                let help = format!("the other stands at {}; exclude one of them, or rename it", first.raw.pointer());
                return self.refuse_with(pointer, Reason::ColumnCollision, &message, help);
            }
            let problem = if name.is_empty() {
                "it has a property without a name"
            } else if name.contains('\0') {
                "it has a property with a NUL in its name"
            } else if is_reserved_column(name, self.config.adapter) {
                "it has a property whose name the database keeps for itself"
            } else if name.len() > names::sql::MAX_IDENTIFIER_BYTES {
                "it has a property whose name is longer than the 63 bytes of a column's"
            } else if ["_has_local_changes", "_pending_write_id", "write_id"].contains(&name.to_lowercase().as_str()) {
                "it has a property that is called as a column of ours is"
            } else {
                continue;
            };
            let help = format!("exclude `{}`", name.chars().take(80).collect::<String>());
            return self.refuse_with(pointer, Reason::ColumnName, problem, help);
        }
        Some(())
    }

    /// Names in the config's entry that no field has.
    fn check_names_in_config(&mut self) {
        let Some(config) = &self.candidate.config else { return };
        let entry: &ModelConfig = config.entry;
        let known: Vec<&str> = self.candidate.row.properties.keys().copied().collect();
        let excluded = entry.exclude.iter().enumerate();
        let excluded = excluded.map(|(index, name)| (format!("/exclude/{index}"), name.as_str()));
        let used = entry.used_fields();
        // The config has been told already that it uses what it excludes.
        if used.iter().any(|(_, name)| entry.exclude.iter().any(|excluded| excluded == name)) {
            self.refusal = Some(self.left_out(Reason::UnknownField));
        }
        for (place, name) in excluded.chain(used).filter(|(_, name)| !known.contains(name)) {
            let pointer = format!("{}{place}", config.pointer);
            let help = match closest(name, known.iter().copied()) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("its fields are {}", one_of(&known, 12)),
            };
            let message = format!("`{}` has no field `{name}`", self.candidate.name);
            self.problems
                .push(Problem::new(Severity::Error, Code::UnknownField, (Input::Config, &pointer), message).help(help));
            self.refusal = Some(self.left_out(Reason::UnknownField));
        }
    }

    fn server(&self, fields: &[Field]) -> Server {
        let Some(entry) = self.candidate.config.as_ref().map(|config| config.entry) else { return Server::default() };
        let columns = match &entry.columns {
            Columns::AsProperties => Vec::new(),
            Columns::Named(columns) => columns.clone(),
            Columns::Snake => {
                let mut columns: Vec<_> = fields
                    .iter()
                    .map(|field| (field.name.clone(), names::snake_case(&field.name)))
                    .filter(|(name, column)| name != column)
                    .collect();
                columns.sort();
                columns
            }
        };
        Server { table: entry.table.clone(), columns }
    }

    /// An operation, or a note that says why the client does without it.
    fn usable<T>(&mut self, done: &str, outcome: Result<Option<T>, Unusable>) -> Option<T> {
        outcome.unwrap_or_else(|unusable| {
            let message = format!("`{}` can't be {done} locally: {}", self.candidate.name, unusable.reason);
            let at = (Input::Spec, unusable.pointer.as_str());
            self.problems.push(Problem::new(Severity::Note, Code::OperationUnused, at, message));
            None
        })
    }

    /// Says which properties the API would take that the rows have nothing for.
    fn note_unsent<'w>(&mut self, writers: impl Iterator<Item = &'w Writer<'a>>)
    where
        'a: 'w,
    {
        let mut names: Vec<&str> = writers.flat_map(|writer| &writer.unsent).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            let name = &self.candidate.name;
            let message = format!(
                "`{name}` is written without {}: the rows don't carry it",
                one_of(&names, 6).replace(" or ", " and ")
            );
            let at = (Input::Spec, self.candidate.resource.pointer());
            self.problems.push(Problem::new(Severity::Note, Code::NotSent, at, message));
        }
    }

    fn refuse<T>(&mut self, pointer: &str, reason: Reason, why: &str) -> Option<T> {
        let help =
            "exclude what is in the way, or leave the model out with `x-sync: false` or in the config".to_owned();
        self.refuse_with(pointer, reason, why, help)
    }

    fn left_out(&self, reason: Reason) -> LeftOut {
        LeftOut::new(&self.candidate.name, &self.candidate.resource, reason)
    }

    /// Leaves the model out: an error where it was asked for by name.
    fn refuse_with<T>(&mut self, pointer: &str, reason: Reason, why: &str, help: String) -> Option<T> {
        if self.refusal.is_some() {
            return None;
        }
        let left_out = self.left_out(reason).why(why).help(help);
        let severity = if self.candidate.is_named { Severity::Error } else { Severity::Warning };
        self.problems.push(left_out.problem(severity, pointer));
        self.refusal = Some(left_out);
        None
    }
}

/// Whether the database keeps the name for itself, whatever its case.
fn is_reserved_column(name: &str, adapter: Adapter) -> bool {
    let reserved = match adapter {
        Adapter::Pglite => names::sql::RESERVED_BY_POSTGRESQL,
        Adapter::Sqlite => names::sql::RESERVED_BY_SQLITE,
    };
    reserved.contains(&name.to_lowercase().as_str())
}

/// Takes names out of lists and out of the keys of objects, at every depth.
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
