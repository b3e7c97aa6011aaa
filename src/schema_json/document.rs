//! What `schema/schema.json` holds: written by `generate`, read by `diff`. The words in it are what programs read, so they stay.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::model::{
    self, Cast, Constant, FieldType, Filling, Insert, KeyOrigin, Metadata, Method, Parameter, Property, Shape,
};

/// Rises when a reader of the file has to know.
pub const VERSION: u32 = 1;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Document {
    /// Absent in the first files of this version, as is `database`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    pub models: Vec<Model>,
    /// JSON schemas of the types that models share, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub types: IndexMap<String, Value>,
    /// What the document asks of the sync server's tables, by model.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tables: IndexMap<String, Table>,
    /// What all of those tables have. Absent without a server, and in files of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<SyncServer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncServer {
    pub row_level_security: bool,
    pub history: bool,
    /// Whether the models' tables are another application's.
    #[serde(default, skip_serializing_if = "is_false")]
    pub existing: bool,
}

/// A table of the sync server, as its `schema.sql` makes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// The name in SQL, quoted.
    pub name: String,
    pub key: Vec<String>,
    pub columns: IndexMap<String, TableColumn>,
    /// Foreign keys by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub references: IndexMap<String, TableReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<TableScope>,
    /// The column that a delete sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soft_delete: Option<String>,
    /// What becomes of an edit that meets another one, as the config has it. Absent in files of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableColumn {
    #[serde(rename = "type")]
    pub ty: String,
    pub required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Conditions by the name of the constraint.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub checks: IndexMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableReference {
    pub column: String,
    /// The parent's table and its key, quoted.
    pub to: String,
}

/// Whose the rows are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableScope {
    pub column: String,
    pub kind: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: String,
    pub local_first: bool,
    pub key: Vec<String>,
    pub key_origin: KeyOrigin,
    /// Where the API carries the id of a write: `row`, `create`, `update`.
    pub write_id: Vec<String>,
    pub fields: Vec<Field>,
    /// What an insert must give that no row has: JSON schemas by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub inputs: IndexMap<String, Value>,
    /// By `list`, `get`, `create`, `update`, `delete`.
    pub operations: IndexMap<String, Operation>,
    /// `electric` where the local database doesn't have the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collections: Option<String>,
    #[serde(default, skip_serializing_if = "Server::is_empty")]
    pub server: Server,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Vec<String>>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub references: IndexMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rbac: Option<Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: String,
    /// A decimal that is a number on the wire.
    #[serde(default, skip_serializing_if = "is_false")]
    pub as_number: bool,
    pub nullable: bool,
    pub insert: Insert,
    pub update: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The JSON schema of a value, where it says more than the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub owner_only: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub deprecated: bool,
    /// The members that lead to it in the API's rows, where it doesn't lie at their top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub place: Vec<String>,
    /// The API's rows lack it: only the paths have it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub from_path: bool,
    /// Neither the API nor the server's table has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub method: String,
    pub path: String,
    /// Placeholder to field.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, String>,
    /// Parameters of the query that every request has.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub query: IndexMap<String, Filling>,
    /// Headers that every request has.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, Filling>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nulls: Vec<String>,
    /// Field to the name that the body has for it.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub names: IndexMap<String, String>,
    /// Fields that an update has to send even where they stay as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Field to the members that lead to it in the body, where it doesn't lie at the top.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub places: IndexMap<String, Vec<String>>,
    /// Members that the body always has, with the same value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constants: Vec<Constant>,
    /// Field to the JSON type that the body has it as, where the rows have another.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub casts: IndexMap<String, Cast>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// The body's media type, where it isn't `application/json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
}

/// What the server's database calls things, where it isn't what the API calls them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Server {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub columns: IndexMap<String, String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Server {
    fn is_empty(&self) -> bool {
        self.table.is_none() && self.columns.is_empty()
    }
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

    /// A column of the server's table.
    pub fn column<'a>(&'a self, field: &'a str) -> &'a str {
        self.server.columns.get(field).map_or(field, String::as_str)
    }
}

impl Field {
    /// The values of an enum; empty where it isn't one.
    pub fn values(&self) -> Vec<Value> {
        let values = self.schema.as_ref().and_then(|schema| schema.get("enum")?.as_array());
        values.cloned().unwrap_or_default()
    }
}

impl From<&model::Model> for Model {
    fn from(model: &model::Model) -> Self {
        let write_id = model.write_id;
        let places = [(write_id.row, "row"), (write_id.create, "create"), (write_id.update, "update")];
        Self {
            name: model.name.clone(),
            ty: model.type_name.clone(),
            local_first: model.local_first,
            key: model.key.clone(),
            key_origin: model.key_origin,
            write_id: places.into_iter().filter(|(has, _)| *has).map(|(_, place)| place.to_owned()).collect(),
            fields: model.fields.iter().map(Field::from).collect(),
            inputs: model.inputs.iter().map(|input| (input.name.clone(), schema(&input.shape))).collect(),
            operations: operations(&model.operations),
            collections: (!model.is_local()).then(|| "electric".to_owned()),
            server: Server { table: model.server.table.clone(), columns: map(&model.server.columns) },
            indexes: model.indexes.clone(),
            references: map(&model.references),
            rbac: model.rbac.clone(),
        }
    }
}

impl From<&model::Field> for Field {
    fn from(field: &model::Field) -> Self {
        let is_plain = matches!(field.shape, Shape::Boolean | Shape::Number | Shape::String);
        Self {
            name: field.name.clone(),
            ty: type_word(field.ty).to_owned(),
            as_number: field.ty == FieldType::Decimal { as_number: true },
            nullable: field.nullable,
            insert: field.insert,
            update: field.update,
            default: field.default.clone(),
            schema: (field.ty == FieldType::Json || !is_plain).then(|| schema(&field.shape)),
            owner_only: field.owner_only,
            deprecated: field.deprecated,
            place: field.place.clone(),
            from_path: field.from_path.is_some(),
            metadata: field.metadata,
        }
    }
}

impl From<&model::Operation> for Operation {
    fn from(operation: &model::Operation) -> Self {
        let method = match operation.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        Self {
            method: method.to_owned(),
            path: operation.path.clone(),
            parameters: map(&operation.parameters),
            query: fillings(&operation.query),
            headers: fillings(&operation.headers),
            body: operation.body.clone(),
            nulls: operation.nulls.clone(),
            names: map(&operation.names),
            required: operation.required.clone(),
            places: operation.places.iter().cloned().collect(),
            constants: operation.constants.clone(),
            casts: operation.casts.iter().cloned().collect(),
            envelope: operation.envelope.clone(),
            media: operation.media.clone(),
        }
    }
}

/// In the order of reading, then of a row's life.
pub fn operations(operations: &model::Operations) -> IndexMap<String, Operation> {
    let all = [
        ("list", &operations.list),
        ("get", &operations.get),
        ("create", &operations.create),
        ("update", &operations.update),
        ("delete", &operations.delete),
    ];
    all.into_iter().filter_map(|(name, one)| Some((name.to_owned(), one.as_ref()?.into()))).collect()
}

fn map(pairs: &[(String, String)]) -> IndexMap<String, String> {
    pairs.iter().cloned().collect()
}

fn fillings(parameters: &[Parameter]) -> IndexMap<String, Filling> {
    parameters.iter().map(|Parameter { name, filling }| (name.clone(), filling.clone())).collect()
}

/// What a type is called.
pub fn type_word(ty: FieldType) -> &'static str {
    match ty {
        FieldType::Text => "text",
        FieldType::Uuid => "uuid",
        FieldType::DateTime => "date_time",
        FieldType::Date => "date",
        FieldType::Time => "time",
        FieldType::Int32 => "int32",
        FieldType::Int64 => "int64",
        FieldType::Float => "float",
        FieldType::Decimal { .. } => "decimal",
        FieldType::Boolean => "boolean",
        FieldType::Bytes => "bytes",
        FieldType::Json => "json",
    }
}

/// The JSON schema of a type.
pub fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::Unknown => json!({}),
        Shape::Null => json!({ "type": "null" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "number" }),
        Shape::String => json!({ "type": "string" }),
        Shape::Enum(values) => json!({ "enum": values }),
        Shape::Array(item) => json!({ "type": "array", "items": schema(item) }),
        Shape::Map(value) => json!({ "type": "object", "additionalProperties": schema(value) }),
        Shape::OpenObject(properties, others) => {
            let mut object = object_schema(properties);
            object.insert("additionalProperties".to_owned(), schema(others));
            Value::Object(object)
        }
        Shape::Object(properties) => Value::Object(object_schema(properties)),
        Shape::Union(shapes) => json!({ "anyOf": shapes.iter().map(schema).collect::<Vec<_>>() }),
        Shape::Named(name) => json!({ "$ref": format!("#/types/{name}") }),
    }
}

fn object_schema(properties: &[Property]) -> Map<String, Value> {
    let required: Vec<&str> =
        properties.iter().filter(|property| property.required).map(|property| property.name.as_str()).collect();
    let members: Map<String, Value> =
        properties.iter().map(|property| (property.name.clone(), schema(&property.shape))).collect();
    Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), Value::Object(members)),
        ("required".to_owned(), json!(required)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first files of this version had neither `adapter` nor most of what can be left out.
    #[test]
    fn older_files_read() {
        let text = r#"{
          "_generated": "by an older version", "version": 1,
          "models": [{
            "name": "notes", "type": "Note", "local_first": true, "key": ["id"], "key_origin": "client", "write_id": [],
            "fields": [{ "name": "id", "type": "uuid", "nullable": false, "insert": "optional", "update": false }],
            "operations": { "create": { "method": "POST", "path": "/notes" } }
          }]
        }"#;
        let document: Document = serde_json::from_str(text).unwrap();
        assert_eq!((document.adapter, document.types.len()), (None, 0));
        let model = &document.models[0];
        assert!(model.is_local() && model.can("create") && !model.can("update"));
        assert_eq!((model.table(), model.fields[0].insert), ("notes", Insert::Optional));
    }

    #[test]
    fn what_is_written_is_read() {
        let text = r#"{"name":"notes","type":"Note","local_first":false,"key":["id"],"key_origin":"server","write_id":["row"],"fields":[{"name":"id","type":"decimal","as_number":true,"nullable":false,"insert":"never","update":false}],"operations":{"get":{"method":"GET","path":"/notes/{id}","parameters":{"id":"id"}}},"collections":"electric","server":{"table":"crm.notes"},"indexes":[["id"]],"references":{"id":"notes"}}"#;
        let model: Model = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&model).unwrap(), text);
    }
}
