//! `schema/schema.json`: the models as data. What two versions of it differ in is what changed for the
//! devices that hold the data.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::literal::Language;
use crate::codegen::{BANNER, Settings};
use crate::model::{Field, FieldType, Insert, KeyOrigin, Method, Model, Operation, Operations, Server, Shape, WriteId};
use crate::plan::Plan;

/// Raised when a reader of the file has to know.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct ModelData<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: &'a str,
    local_first: bool,
    key: &'a [String],
    key_origin: &'static str,
    write_id: Vec<&'static str>,
    fields: Vec<FieldData<'a>>,
    operations: Map<String, Value>,
    /// Where the local database doesn't have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    collections: Option<&'static str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    server: Map<String, Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    indexes: &'a [Vec<String>],
    #[serde(skip_serializing_if = "Map::is_empty")]
    references: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rbac: Option<&'a Value>,
}

#[derive(Serialize)]
struct FieldData<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: &'static str,
    /// Where a decimal is a number on the wire.
    #[serde(skip_serializing_if = "is_false")]
    as_number: bool,
    nullable: bool,
    insert: &'static str,
    update: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a Value>,
    /// The JSON schema of a value, where it says more than the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Value>,
    #[serde(skip_serializing_if = "is_false")]
    owner_only: bool,
    #[serde(skip_serializing_if = "is_false")]
    deprecated: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

pub fn text(plan: &Plan, settings: Settings) -> anyhow::Result<String> {
    let head: [(&str, Value); 4] = [
        ("_generated", BANNER.into()),
        ("version", VERSION.into()),
        ("adapter", settings.adapter.word().into()),
        ("database", settings.database.into()),
    ];
    let mut out = "{\n".to_owned();
    for (name, value) in head {
        out.extend(["  ", &member(name, &value, 1), ",\n"]);
    }
    // One by one: as values they take many times the room of their text.
    out.push_str("  \"models\": [\n");
    for (index, one) in plan.models.iter().map(|plan| plan.model).enumerate() {
        let is_last = index + 1 == plan.models.len();
        let text = Language::Json.text(&serde_json::to_value(model(one))?, 4, 4, usize::from(!is_last));
        out.extend(["    ", &text, if is_last { "\n" } else { ",\n" }]);
    }
    out.push_str("  ]");
    if !plan.types.is_empty() {
        let types = plan.types.iter().map(|named| (named.name.clone(), schema(&named.shape))).collect();
        out.extend([",\n  ", &member("types", &Value::Object(types), 0)]);
    }
    out.push_str("\n}\n");
    Ok(out)
}

/// A member of the whole, with `after` columns of text behind it.
fn member(name: &str, value: &Value, after: usize) -> String {
    let key = format!("\"{name}\": ");
    let value = Language::Json.text(value, 2, 2 + key.len(), after);
    key + &value
}

fn model(model: &Model) -> ModelData<'_> {
    ModelData {
        name: &model.name,
        ty: &model.type_name,
        local_first: model.local_first,
        key: &model.key,
        key_origin: key_origin(model.key_origin),
        write_id: write_id(model.write_id),
        fields: model.fields.iter().map(field).collect(),
        operations: operations(&model.operations),
        collections: (!model.is_local()).then_some("electric"),
        server: server(&model.server),
        indexes: &model.indexes,
        references: pairs(&model.references),
        rbac: model.rbac.as_ref(),
    }
}

fn field(field: &Field) -> FieldData<'_> {
    FieldData {
        name: &field.name,
        ty: field_type(field.ty),
        as_number: field.ty == FieldType::Decimal { as_number: true },
        nullable: field.nullable,
        insert: insert(field.insert),
        update: field.update,
        default: field.default.as_ref(),
        schema: (field.ty == FieldType::Json || !is_plain(&field.shape)).then(|| schema(&field.shape)),
        owner_only: field.owner_only,
        deprecated: field.deprecated,
    }
}

pub fn field_type(ty: FieldType) -> &'static str {
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

pub fn insert(insert: Insert) -> &'static str {
    match insert {
        Insert::Required => "required",
        Insert::Optional => "optional",
        Insert::Never => "never",
    }
}

pub fn key_origin(origin: KeyOrigin) -> &'static str {
    match origin {
        KeyOrigin::Given => "given",
        KeyOrigin::Client => "client",
        KeyOrigin::Server => "server",
    }
}

fn is_plain(shape: &Shape) -> bool {
    matches!(shape, Shape::Boolean | Shape::Number | Shape::String)
}

/// Where the API carries the id of a write.
pub fn write_id(write_id: WriteId) -> Vec<&'static str> {
    let places = [(write_id.row, "row"), (write_id.create, "create"), (write_id.update, "update")];
    places.into_iter().filter(|(present, _)| *present).map(|(_, name)| name).collect()
}

pub fn operations(operations: &Operations) -> Map<String, Value> {
    let all = [
        ("list", &operations.list),
        ("get", &operations.get),
        ("create", &operations.create),
        ("update", &operations.update),
        ("delete", &operations.delete),
    ];
    all.into_iter().filter_map(|(name, one)| Some((name.to_owned(), operation(one.as_ref()?)))).collect()
}

pub fn operation(operation: &Operation) -> Value {
    let method = match operation.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let mut data = Map::new();
    data.insert("method".to_owned(), method.into());
    data.insert("path".to_owned(), operation.path.as_str().into());
    if !operation.parameters.is_empty() {
        data.insert("parameters".to_owned(), pairs(&operation.parameters).into());
    }
    if !operation.body.is_empty() {
        data.insert("body".to_owned(), operation.body.as_slice().into());
    }
    if !operation.nulls.is_empty() {
        data.insert("nulls".to_owned(), operation.nulls.as_slice().into());
    }
    if let Some(envelope) = &operation.envelope {
        data.insert("envelope".to_owned(), envelope.as_str().into());
    }
    Value::Object(data)
}

fn server(server: &Server) -> Map<String, Value> {
    let table = server.table.as_ref().map(|table| ("table".to_owned(), table.as_str().into()));
    let columns = (!server.columns.is_empty()).then(|| ("columns".to_owned(), pairs(&server.columns).into()));
    table.into_iter().chain(columns).collect()
}

pub fn pairs(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
}

fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::Unknown => json!({}),
        Shape::Null => json!({ "type": "null" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "number" }),
        Shape::String => json!({ "type": "string" }),
        Shape::Enum(values) => json!({ "enum": values }),
        Shape::Array(item) => json!({ "type": "array", "items": schema(item) }),
        Shape::Map(value) => json!({ "type": "object", "additionalProperties": schema(value) }),
        Shape::Object(properties) => {
            let required: Vec<&str> =
                properties.iter().filter(|property| property.required).map(|property| property.name.as_str()).collect();
            let members: Map<String, Value> =
                properties.iter().map(|property| (property.name.clone(), schema(&property.shape))).collect();
            json!({ "type": "object", "properties": members, "required": required })
        }
        Shape::Union(shapes) => json!({ "anyOf": shapes.iter().map(schema).collect::<Vec<_>>() }),
        Shape::Named(name) => json!({ "$ref": format!("#/types/{name}") }),
    }
}
