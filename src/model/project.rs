//! What a backend offers: models, fields, keys, operations.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::list::{Answer, List};
use super::types::{NamedType, Shape};
use crate::config::{Collections, Conflict, Transport};
use crate::discovery::PathParent;

/// All models, and the types that they share.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// In order of name.
    pub models: Vec<Model>,
    /// The component schemas that JSON columns refer to, in order of name. Their names are final TypeScript
    /// names, and differ from those of the models.
    pub types: Vec<NamedType>,
}

/// A collection of the API that gets a table, a view and a type.
#[derive(Debug, Clone)]
pub struct Model {
    /// Name of the view, in snake case: `contacts`. At most 63 bytes, together with any suffix of ours.
    pub name: String,
    /// TypeScript name of a row: `Contact`. Final, as are `{type_name}Create` and `{type_name}Update`.
    pub type_name: String,
    pub doc: Option<String>,
    /// Optimistic (true): saved once it is in the local database. Confirmed (false): saved once the server says so.
    pub local_first: bool,
    /// Names of the key fields; never empty. Those from the path come first.
    pub key: Vec<String>,
    pub key_origin: KeyOrigin,
    /// In the order of the row schema, the bookkeeping column `write_id` left out.
    pub fields: Vec<Field>,
    pub write_id: WriteId,
    /// What an insert must give beside the fields: the body of a create needs them, and no row has them.
    pub inputs: Vec<Input>,
    pub operations: Operations,
    /// Where the server's table or columns have other names.
    pub server: Server,
    /// Column lists, as the config gives them.
    pub indexes: Vec<Vec<String>>,
    /// Field name to the name of the model whose key it holds, in order of field name: as the config says, or found.
    pub references: Vec<(String, String)>,
    /// Field groups and role permissions, as the spec or the config has them.
    pub rbac: Option<Value>,
    pub collections: Collections,
    /// How its rows come in.
    pub transport: Transport,
    /// `None` where the API doesn't list its rows, or where they come in another way.
    pub list: Option<List>,
    /// With Electric, the field that says that a row is deleted: a time, or true. Such rows aren't asked for.
    pub deleted: Option<String>,
    /// Models with a higher priority are loaded first.
    pub priority: Option<i64>,
    /// What the sync server does with its rows.
    pub sync: Sync,
}

/// What the sync server does with a model's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sync {
    /// Whose rows they are. `None`: everybody's.
    pub scope: Option<Scope>,
    pub conflict: Conflict,
    /// The field that a delete sets instead.
    pub soft_delete: Option<String>,
}

/// The field that says whose row it is, and what its values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub field: String,
    pub kind: String,
}

impl Project {
    pub fn model(&self, name: &str) -> Option<&Model> {
        let place = self.models.binary_search_by(|model| model.name.as_str().cmp(name)).ok()?;
        self.models.get(place)
    }
}

impl Model {
    /// Whether the client asks the API for anything of it, and not a sync server for everything.
    pub fn asks_api(&self) -> bool {
        self.transport != Transport::PushPull
    }

    pub fn key_fields(&self) -> impl Iterator<Item = &Field> {
        self.key.iter().filter_map(|name| self.fields.iter().find(|field| &field.name == name))
    }

    /// The fields of the key that the API's rows have.
    pub fn own_key(&self) -> impl Iterator<Item = &Field> {
        self.key_fields().filter(|field| field.from_path.is_none())
    }

    /// Whether the local database has it: otherwise its collection stands on Electric and the API alone.
    pub fn is_local(&self) -> bool {
        self.collections == Collections::Local
    }

    pub fn is_key(&self, field: &Field) -> bool {
        self.key.contains(&field.name)
    }
}

/// Who makes the key of a new row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOrigin {
    /// Must be given on insert: text or integers that mean something, composite keys.
    Given,
    /// The client makes a UUID where none is given, and the server takes it.
    Client,
    /// The server makes it; until then the row has a temporary one (a negative integer, or a UUID).
    Server,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The API's property name, as it is. Not empty, without NUL, at most 63 bytes.
    pub name: String,
    pub ty: FieldType,
    /// The JSON type on the wire, null left out.
    pub shape: Shape,
    /// Whether the server's rows can have null here, or leave it out. Never true for a key field.
    pub nullable: bool,
    pub insert: Insert,
    /// Whether the API's update takes it. Never true for a key field.
    pub update: bool,
    /// What an omitted column takes on insert: a JSON value of the field's own type, never null.
    pub default: Option<Value>,
    pub doc: Option<String>,
    pub deprecated: bool,
    pub owner_only: bool,
    pub rules: Box<FieldRules>,
    /// Names of the members that lead to it in the API's rows; empty where it lies at their top.
    pub place: Vec<String>,
    /// Where only the paths have it, not the API's rows.
    pub from_path: Option<FromPath>,
    /// Where neither the API nor the server's table has it.
    pub metadata: Option<Metadata>,
}

/// What a row says of itself, beside what the API has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metadata {
    EditedAt,
    DeviceId,
    SyncedAt,
}

impl Metadata {
    /// Whether the sync server tells it; the rest is known to the device alone.
    pub fn is_of_server(self) -> bool {
        matches!(self, Self::EditedAt | Self::DeviceId)
    }
}

/// A value that only the request has which creates a row, such as a password.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    pub name: String,
    pub ty: FieldType,
    pub shape: Shape,
    pub doc: Option<String>,
    /// The model whose key it holds.
    pub parent: Option<String>,
}

/// What the document's schemas ask of a field's values: of what is written, and of rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldRules {
    pub row: Rules,
    pub create: Rules,
    pub update: Rules,
}

/// What a schema asks of a value, beside its type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Characters.
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    /// A regular expression of JavaScript.
    pub pattern: Option<String>,
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
    pub exclusive_minimum: Option<Number>,
    pub exclusive_maximum: Option<Number>,
}

/// A field that a path's parameter gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromPath {
    /// The model, chosen or not, whose key it is.
    pub parent: Option<PathParent>,
}

/// What an insert through the view may say of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Insert {
    /// The API needs it (in the body or in the path), and there is no default.
    Required,
    Optional,
    /// Only the server sets it.
    Never,
}

/// How a field is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    Text,
    Uuid,
    DateTime,
    Date,
    Time,
    Int32,
    Int64,
    Float,
    /// A number with exact digits. On the wire a string, or a number where `as_number`.
    Decimal {
        as_number: bool,
    },
    Boolean,
    /// Base64 on the wire.
    Bytes,
    /// Arrays, objects, maps, unions, untyped.
    Json,
}

/// Where the API carries the id of a write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteId {
    /// The server's rows have it, so that an arriving row tells which write it shows.
    pub row: bool,
    pub create: bool,
    pub update: bool,
}

/// The API's endpoints for a model. `None`: the API has none that the client can use.
#[derive(Debug, Clone, Default)]
pub struct Operations {
    pub list: Option<Operation>,
    pub get: Option<Operation>,
    pub create: Option<Operation>,
    pub update: Option<Operation>,
    pub delete: Option<Operation>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub method: Method,
    /// As in the document, placeholders included: `/contacts/{contact_id}`.
    pub path: String,
    /// Placeholder to field, in the order of the path.
    pub parameters: Vec<(String, String)>,
    /// What the query of every request has.
    pub query: Vec<Parameter>,
    /// Headers of every request.
    pub headers: Vec<Parameter>,
    /// The fields that the request's body has, in the order of the row.
    pub body: Vec<String>,
    /// Those of them that the API wants even as null.
    pub nulls: Vec<String>,
    /// Fields that the body calls otherwise, and how, in the order of the row.
    pub names: Vec<(String, String)>,
    /// Those of them that an update has to send even where they stay as they are.
    pub required: Vec<String>,
    /// Fields and inputs that lie deeper in the body, and the names of the members that lead to each, in the order of the row.
    pub places: Vec<(String, Vec<String>)>,
    /// Members that the body always has, and their text.
    pub constants: Vec<Constant>,
    /// Fields that the body has as another JSON type than the rows, in the order of the row.
    pub casts: Vec<(String, Cast)>,
    /// The body's only key, where the API wraps what it takes: `{ "contact": { … } }`.
    pub envelope: Option<String>,
    /// The body's media type, where it isn't `application/json`.
    pub media: Option<String>,
    pub answer: Answer,
}

impl Operation {
    /// Whether a request says a field's value in its path, its query or a header.
    pub fn has_outside_body(&self, field: &str) -> bool {
        let beside_path = self.query.iter().chain(&self.headers);
        self.parameters.iter().any(|(_, own)| own == field)
            || beside_path
                .into_iter()
                .any(|parameter| matches!(&parameter.filling, Filling::Field(own) if own == field))
    }
}

/// A parameter of the query, or a header, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub filling: Filling,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filling {
    /// The row's value.
    Field(String),
    /// The same for every row.
    Value(String),
    /// The id of the write.
    WriteId,
}

/// A member of a body that is the same for every row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    pub place: Vec<String>,
    /// A text; or an object without members, where nothing else is sent in it.
    pub value: Value,
}

/// The JSON type that a body has a value as, where the rows have another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cast {
    Number,
    String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What the server's database calls things.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// With or without a schema: `crm.contacts`.
    pub table: Option<String>,
    /// Property name to column name, in order of property name.
    pub columns: Vec<(String, String)>,
}
