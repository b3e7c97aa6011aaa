//! Drafts the model of a candidate, or says why there is none.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::complete::Draft;
use super::fields::RowProperty;
use super::lists::Reading;
use super::metadata;
use super::operations::{Bodies, Unusable, Writer, Writing, names_of_create};
use super::shapes::Types;
use crate::config::{Adapter, Choice, Config, IdempotencyKey, ModelConfig, Transport, line};
use crate::diagnostics::{Code, Input, Problem, Problems, Reason, Severity, all_of, closest};
use crate::discovery::lists::listing;
use crate::discovery::{Candidate, LeftOut, key_of};
use crate::model::project::FieldType;
use crate::model::types::Shape;
use crate::names;
use crate::openapi::Document;

/// The maximum of columns that both databases load and fill within their limits.
const MAX_FIELDS: usize = 900;

/// The outcome of drafting a candidate.
pub struct Attempt<'c, 'a> {
    /// `None`, with a problem, where it can't be understood.
    pub draft: Option<Draft<'c, 'a>>,
    /// Why there is no model.
    pub refusal: Option<LeftOut>,
    pub problems: Problems,
    /// The components that its fields refer to.
    pub reached: BTreeSet<String>,
}

/// Drafts a candidate.
pub fn attempt<'c, 'a>(document: &'a Document, config: &'c Config, candidate: &'c Candidate<'a>) -> Attempt<'c, 'a> {
    let types = Types::new(document);
    let mut drafter = Drafter {
        document,
        types: &types,
        candidate,
        config,
        problems: Problems::default(),
        refusal: None,
        knows_references: false,
    };
    let draft = drafter.draft();
    if !drafter.knows_references {
        drafter.check_references_in_config(None);
    }
    let Drafter { problems, refusal, .. } = drafter;
    Attempt { draft: draft.filter(|_| refusal.is_none()), refusal, problems, reached: types.reached() }
}

pub(super) struct Drafter<'m, 'c, 'a> {
    document: &'a Document,
    types: &'m Types<'a>,
    pub(super) candidate: &'c Candidate<'a>,
    config: &'c Config,
    pub(super) problems: Problems,
    refusal: Option<LeftOut>,
    /// Whether the config's references have been checked.
    knows_references: bool,
}

impl<'c, 'a> Drafter<'_, 'c, 'a> {
    fn draft(&mut self) -> Option<Draft<'c, 'a>> {
        let candidate = self.candidate;
        let (resource, row) = (&candidate.resource, &candidate.row);
        let config = candidate.config.as_ref().map(|config| config.entry);
        let excluded = config.map(|config| config.exclude.as_slice()).unwrap_or_default();
        self.check_names_in_config();

        let columns = || candidate.path_columns.iter().filter(|column| column.is_taken);
        let is_from_path = |name: &String| columns().any(|column| column.name == *name);
        let is_given = config.is_some_and(|config| config.key.is_some());
        let parents = columns().filter(|column| column.is_key && !is_given).map(|column| column.name.clone());
        let key: Vec<String> = parents.chain(candidate.key.iter().cloned()).collect();
        let own_key: Vec<String> = key.iter().filter(|name| !is_from_path(name)).cloned().collect();
        let keep = |name: &str| name != "write_id" && !excluded.iter().any(|excluded| excluded == name);
        let bodies = Bodies::of(self.document, resource);
        let mut properties = match RowProperty::all(self.types, &bodies, &row.properties, &key, keep) {
            Ok(properties) => properties,
            Err((name, pointer)) => {
                let help = self.without_field(name, &[]);
                return self.refuse_with(&pointer, Reason::Unresolved, Reason::Unresolved.meaning(), help);
            }
        };
        let from_path: Option<Vec<_>> = columns().map(|column| RowProperty::from_path(self.types, column)).collect();
        let Some(from_path) = from_path else {
            let help = format!("correct the reference, or leave the model out with {}", line::without(&candidate.name));
            return self.refuse_with(resource.pointer(), Reason::Unresolved, Reason::Unresolved.meaning(), help);
        };
        properties.splice(0..0, from_path);
        self.drop_twins(&mut properties);
        self.check_key(&key, &properties)?;
        self.check_columns(&properties)?;
        self.check_sync(&properties);

        let fields: Vec<_> = properties.iter().map(RowProperty::row_field).collect();
        let (document, types) = (self.document, self.types);
        let (key_of, own_key_of) = (&key, &own_key);
        let is_for_api = self.config.transport_of(config) != Transport::PushPull;
        let writing = Writing {
            document,
            types,
            resource,
            bodies: &bodies,
            form: row.form,
            fields: &fields,
            key: key_of,
            own_key: own_key_of,
            is_for_api,
            is_keyed: self.config.idempotency_key == IdempotencyKey::Header,
            params: &self.config.params,
            answered: RefCell::default(),
        };
        let create = writing.create().and_then(|writer| self.makes_key(writer, &key, &own_key));
        let create = self.usable("created", create);
        self.check_references_in_config(create.as_ref());
        let update = self.usable("updated", writing.update());
        let delete = self.usable("deleted", writing.delete());
        let writers = || create.iter().chain(&update).chain(&delete);
        if is_for_api {
            self.note_unsent(create.as_ref(), update.as_ref());
        }
        let listing = listing(self.document, resource, row, &key, config.and_then(|config| config.list.as_ref()));
        listing.iter().filter(|_| is_for_api).for_each(|listing| self.note_beside(listing));
        let list = writing.list(listing.as_ref().map(|listing| &listing.page));
        // Only a list that is polled is asked for.
        let polls = self.config.transport_of(config) == Transport::Rest;
        let get = self.readable(writing.item(), polls || update.is_some());
        let readers = list.iter().filter(|_| polls).chain(&get);
        self.note_outside(writers().map(|writer| &writer.outside), readers.map(|reader| &reader.outside));
        let delete = delete.map(|writer| writer.operation);
        let get = get.map(|reader| reader.operation);
        let (list, required) = list.map(|reader| (reader.operation, reader.required)).unzip();
        let is_written = create.is_some() || update.is_some() || delete.is_some();
        if list.is_none() && !is_written && !candidate.is_named {
            return self.leave_idle();
        }
        let pointer = candidate.config.as_ref().map_or("", |config| config.pointer.as_str());
        let reading =
            Reading { name: &candidate.name, key: &key, overlap: self.config.overlap, entry: config, pointer };
        let required = required.unwrap_or_default();
        let polled = listing.map(|listing| reading.list(listing, required, &properties, &mut self.problems));
        Some(Draft { candidate, key, own_key, properties, list, polled, get, create, update, delete })
    }

    /// Accepts a create operation only if it settles the whole key of a row.
    fn makes_key(
        &self,
        writer: Option<Writer<'a>>,
        key: &[String],
        own: &[String],
    ) -> Result<Option<Writer<'a>>, Unusable> {
        let Some(writer) = writer else { return Ok(None) };
        let unusable = |reason: String| Err(Unusable::at(self.candidate.resource.pointer(), reason));
        let operation = &writer.operation;
        let takes = |name: &String| operation.body.contains(name);
        // A server makes ids, but no names.
        let is_name = |name: &&String| !names::snake_case(name).ends_with("_id");
        let is_guess = self.candidate.row.guessed_key.is_some();
        let guessed = own.first().filter(|name| is_guess && !takes(name)).filter(is_name);
        if let Some(name) = guessed {
            return unusable(format!("it doesn't take `{name}`, which identifies a row"));
        }
        // The server may make the only part of a key that isn't from the path.
        let is_made = |name: &String| own == [name.as_str()];
        if let Some(part) = key.iter().find(|name| !is_made(name) && !takes(name) && !operation.has_outside_body(name))
        {
            return unusable(format!("the server makes `{part}`, which is only a part of the key"));
        }
        Ok(Some(writer))
    }

    /// The key's fields have a type with one text form.
    fn check_key(&mut self, key: &[String], properties: &[RowProperty]) -> Option<()> {
        for name in key {
            let Some(property) = properties.iter().find(|property| property.name == name) else {
                let why = format!("its key `{name}` isn't among its fields");
                let help = format!("take it out of `exclude`, or {}", self.another_key(properties, ""));
                return self.refuse_with(self.candidate.resource.pointer(), Reason::NoKey, &why, help);
            };
            let ty = property.typed.ty;
            if matches!(ty, FieldType::Text | FieldType::Uuid | FieldType::Int32 | FieldType::Int64) {
                continue;
            }
            let other = self.another_key(properties, "");
            let is_untyped = property.typed.shape == Shape::Unknown;
            let (why, help) = if is_untyped {
                // As text, a 5 would be sent as "5".
                (
                    format!("the document says no type of its key `{name}`"),
                    format!("give it a type in the document, such as `integer` or `string`, or {other}"),
                )
            } else {
                (format!("its key `{name}` is neither text, uuid nor integer"), other)
            };
            return self.refuse_with(property.raw.pointer(), Reason::KeyType, &why, help);
        }
        Some(())
    }

    /// How the config names a key, of the fields that can be one. `also`: what else it has to say.
    fn another_key(&self, properties: &[RowProperty], also: &str) -> String {
        let fits = |property: &&RowProperty| {
            let ty = property.typed.ty;
            let is_own = property.from_path.is_none() && !self.is_key(property.name);
            is_own && matches!(ty, FieldType::Text | FieldType::Uuid | FieldType::Int32 | FieldType::Int64)
        };
        let names: Vec<&str> = properties.iter().filter(fits).map(|property| property.name).collect();
        key_of(&self.candidate.name, self.candidate.resource.path(), &names, also)
    }

    /// How the config leaves out a field. Without its key, a row needs another.
    fn without_field(&self, name: &str, properties: &[RowProperty]) -> String {
        let exclude = format!("exclude: {}", line::list(&[name]));
        if self.is_key(name) {
            return self.another_key(properties, &format!("{exclude}, "));
        }
        format!("leave it out with {}", line::of_model(&self.candidate.name, None, &exclude))
    }

    fn is_key(&self, name: &str) -> bool {
        self.candidate.key.iter().any(|key| key == name)
    }

    /// Leaves out an optional property whose column would have the name of a required one.
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
            let message = format!("`{name}` leaves out `{}`: it would have the same column as `{twin}`", property.name);
            let at = (Input::Spec, property.raw.pointer());
            self.problems.push(Problem::new(Severity::Note, Code::ColumnCollision, at, message));
            false
        });
    }

    /// Checks that the columns can be in one table.
    fn check_columns(&mut self, properties: &[RowProperty]) -> Option<()> {
        let transport = self.config.transport_of(self.candidate.config.as_ref().map(|config| config.entry));
        if properties.len() > MAX_FIELDS {
            let message = format!("it has {} columns; the maximum is {MAX_FIELDS}", properties.len());
            let excluded = line::of_model(&self.candidate.name, None, "exclude: […]");
            let help = format!("leave out {} of them with {excluded}", properties.len() - MAX_FIELDS);
            return self.refuse_with(self.candidate.resource.pointer(), Reason::TooManyFields, &message, help);
        }
        let mut seen: BTreeMap<String, &RowProperty> = BTreeMap::new();
        for property in properties {
            let name = property.name;
            let pointer = property.raw.pointer();
            let plain: String = name.to_lowercase();
            if let Some(first) = seen.insert(plain, property) {
                let message = format!("its properties `{}` and `{name}` would have the same column", first.name);
                let less = if self.is_key(name) { first.name } else { name };
                let help = format!("the other is at {}; {}", first.raw.pointer(), self.without_field(less, properties));
                return self.refuse_with(pointer, Reason::ColumnCollision, &message, help);
            }
            let problem = if name.is_empty() {
                "a property has no name"
            } else if name.contains('\0') {
                "a property has a NUL in its name"
            } else if is_reserved_column(name, self.config.adapter) {
                "a property has a name that the database reserves"
            } else if name.len() > names::sql::MAX_IDENTIFIER_BYTES {
                "a property has a name longer than 63 bytes"
            } else if ["_has_local_changes", "_pending_write_id", "write_id"].contains(&name.to_lowercase().as_str()) {
                "a property has the name of a bookkeeping column"
            } else if metadata::is_taken(self.config, transport, name) {
                "a property has the name of a column that `metadata` gives to rows"
            } else {
                continue;
            };
            // The config can't name what has no name.
            let help = match name {
                "" => format!("leave the model out with {}", line::without(&self.candidate.name)),
                name => self.without_field(name, properties),
            };
            return self.refuse_with(pointer, Reason::ColumnName, problem, help);
        }
        Some(())
    }

    /// The columns that the sync server goes by have a type that it can.
    fn check_sync(&mut self, properties: &[RowProperty]) {
        let Some(config) = self.candidate.config.as_ref().filter(|_| self.config.server.is_some()) else { return };
        let type_of =
            |name: &str| properties.iter().find(|property| property.name == name).map(|property| property.typed.ty);
        let scope = config.entry.scope.as_ref().map(|scope| ("/scope", scope.column.as_str()));
        let deleted = config.entry.soft_delete.as_ref().and_then(Choice::name).map(|name| ("/soft_delete", name));
        for (place, name) in scope.into_iter().chain(deleted) {
            let (fits, wanted) = match (place, type_of(name)) {
                (_, None) => continue,
                ("/scope", Some(ty)) => (
                    matches!(ty, FieldType::Text | FieldType::Uuid | FieldType::Int32 | FieldType::Int64),
                    "text, a UUID or an integer",
                ),
                (_, Some(ty)) => (matches!(ty, FieldType::DateTime | FieldType::Boolean), "a time, or true and false"),
            };
            if !fits {
                let pointer = format!("{}{place}", config.pointer);
                let message = format!("`{name}` doesn't fit: the sync server needs {wanted}");
                self.problems.error(Code::WrongType, (Input::Config, &pointer), message);
            }
        }
    }

    /// Reports names in the config's entry that no field has. What it says of references waits for the inputs.
    fn check_names_in_config(&mut self) {
        let Some(config) = &self.candidate.config else { return };
        let entry: &ModelConfig = config.entry;
        let columns = &self.candidate.path_columns;
        let is_left_out = |name: &&str| columns.iter().any(|column| column.name == *name);
        let excluded = entry.exclude.iter().enumerate();
        let excluded = excluded.map(|(index, name)| (format!("/exclude/{index}"), name.as_str()));
        let excluded = excluded.filter(|(_, name)| !is_left_out(name));
        let used = entry.used_fields();
        // Reading the config has reported these.
        if used.iter().any(|(_, name)| entry.exclude.iter().any(|excluded| excluded == name)) {
            self.refusal = Some(self.left_out(Reason::UnknownField));
        }
        let used = used.into_iter().filter(|(place, _)| !place.starts_with("/references/"));
        self.check_known(excluded.chain(used), &[], &[]);
    }

    /// Reports references in the config's entry that name neither a field nor an input. Without a `create` that can be used,
    /// the model has no inputs: a name that its body has is left alone, as it may be an input again.
    fn check_references_in_config(&mut self, create: Option<&Writer<'a>>) {
        self.knows_references = true;
        let Some(config) = &self.candidate.config else { return };
        let given = config.entry.used_fields().into_iter().filter(|(place, _)| place.starts_with("/references/"));
        if let Some(create) = create {
            let inputs: Vec<&str> = create.inputs.iter().map(|input| input.name.as_str()).collect();
            let optional: Vec<&str> = create.unsent.iter().map(|unsent| unsent.name.as_str()).collect();
            return self.check_known(given, &inputs, &optional);
        }
        let Some(names) = names_of_create(self.document, &self.candidate.resource) else { return };
        self.check_known(given.filter(|(_, name)| !names.contains(name)), &[], &[]);
    }

    /// `used`: names, each with its place in the entry. `inputs`: what they may name beside the fields. `optional`: what
    /// the body of a create has beside both.
    fn check_known<'n>(&mut self, used: impl Iterator<Item = (String, &'n str)>, inputs: &[&str], optional: &[&str]) {
        let Some(config) = &self.candidate.config else { return };
        let taken = self.candidate.path_columns.iter().filter(|column| column.is_taken);
        let fields = self.candidate.row.properties.keys().copied().chain(taken.map(|column| column.name.as_str()));
        let fields: Vec<&str> = fields.collect();
        let is_known = |name: &str| fields.contains(&name) || inputs.contains(&name);
        for (place, name) in used.filter(|(_, name)| !is_known(name)) {
            let pointer = format!("{}{place}", config.pointer);
            let help = match closest(name, fields.iter().chain(inputs).copied()) {
                _ if optional.contains(&name) => format!(
                    "a create's body has it, and doesn't require it: only what it requires is an input{}",
                    and_inputs(": ", inputs)
                ),
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("its fields are {}{}", all_of(&fields, 12), and_inputs(", its inputs ", inputs)),
            };
            let message = format!("`{}` has no field `{name}`", self.candidate.name);
            self.problems
                .push(Problem::new(Severity::Error, Code::UnknownField, (Input::Config, &pointer), message).help(help));
            self.refusal = Some(self.left_out(Reason::UnknownField));
        }
    }

    /// Leaves out a model that nobody could do anything with. What was noted of its writes says why.
    fn leave_idle(&mut self) -> Option<Draft<'c, 'a>> {
        let first = self.problems.iter().find(|problem| problem.code.is_of_unused_write());
        let why = first.map(|problem| format!("the API doesn't list its rows, and {}", problem.message));
        let left_out = self.left_out(Reason::NothingToDo);
        let left_out = why.into_iter().fold(left_out, LeftOut::why);
        self.problems = Problems::default();
        self.problems.push(left_out.problem(Severity::Note, &left_out.pointer));
        self.refusal = Some(left_out);
        None
    }

    fn left_out(&self, reason: Reason) -> LeftOut {
        LeftOut::new(&self.candidate.name, &self.candidate.resource, reason)
    }

    /// Leaves the model out: with an error if the user named it.
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

/// Names the inputs, behind what leads to them.
fn and_inputs(lead: &str, inputs: &[&str]) -> String {
    if inputs.is_empty() { String::new() } else { format!("{lead}{}", all_of(inputs, 12)) }
}

/// Whether the database reserves the name, in any case.
fn is_reserved_column(name: &str, adapter: Adapter) -> bool {
    let reserved = match adapter {
        Adapter::Pglite => names::sql::RESERVED_BY_POSTGRESQL,
        Adapter::Sqlite => names::sql::RESERVED_BY_SQLITE,
        Adapter::IndexedDb => &[],
    };
    reserved.contains(&name.to_lowercase().as_str())
}
