//! Models written by hand: what the reader of specs would hand to the targets.

use serde_json::{Value, json};
use sync_patterns::config::{Collections, Transport};
use sync_patterns::model::{
    Answer, Field, FieldType, FromPath, Insert, KeyOrigin, Method, Model, Operation, Operations, Project, Server,
    Shape, WriteId,
};

/// A project of these models, in order of name, as the targets expect it.
pub fn project(models: impl IntoIterator<Item = Model>) -> Project {
    let mut models: Vec<Model> = models.into_iter().collect();
    models.sort_by(|one, two| one.name.cmp(&two.name));
    Project { models, types: Vec::new() }
}

/// Every model of this file.
pub fn everything() -> Project {
    project([
        contacts(),
        tickets(),
        documents(),
        countries(),
        memberships(),
        measurements(),
        events(),
        reports(),
        settings(),
        order(),
        wildcard("user_notes"),
        wildcard("userxnotes"),
        longest_names(),
    ])
}

/// UUID keys made by the client, PATCH: the ordinary case.
pub fn contacts() -> Model {
    let mut model = model("contacts", "Contact", &["id"], KeyOrigin::Client);
    model.fields = vec![
        field("id", FieldType::Uuid).optional(),
        field("first_name", FieldType::Text),
        field("last_name", FieldType::Text),
        field("email", FieldType::Text).nullable(),
        field("created_at", FieldType::DateTime).server_only(),
        field("updated_at", FieldType::DateTime).server_only(),
    ];
    model.indexes = vec![vec!["last_name".into(), "first_name".into()]];
    crud(model, Method::Patch)
}

/// Integer keys made by the server; a default, a column the server fills by default, and one it may leave null.
pub fn tickets() -> Model {
    let mut model = model("tickets", "Ticket", &["id"], KeyOrigin::Server);
    model.fields = vec![
        field("id", FieldType::Int64).server_only(),
        field("title", FieldType::Text),
        field("body", FieldType::Text).nullable(),
        field("priority", FieldType::Int32).default(json!(3)),
        field("status", FieldType::Text).server_only().default(json!("open")),
        field("closed_at", FieldType::DateTime).server_only().nullable(),
        field("opened_on", FieldType::Date).server_only(),
    ];
    crud(model, Method::Patch)
}

/// Text keys made by the server.
pub fn documents() -> Model {
    let mut model = model("documents", "Document", &["slug"], KeyOrigin::Server);
    model.fields = vec![
        field("slug", FieldType::Text).server_only(),
        field("title", FieldType::Text),
        field("ticket_id", FieldType::Int64).nullable(),
    ];
    model.references = vec![("ticket_id".into(), "tickets".into())];
    crud(model, Method::Patch)
}

/// Text keys that mean something. The key isn't the first column.
pub fn countries() -> Model {
    let mut model = model("countries", "Country", &["code"], KeyOrigin::Given);
    model.fields = vec![
        field("name", FieldType::Text),
        field("code", FieldType::Text),
        field("population", FieldType::Int64).nullable(),
    ];
    crud(model, Method::Patch)
}

/// A composite key, in another order than the columns have.
pub fn memberships() -> Model {
    let mut model = model("memberships", "Membership", &["org_id", "user_no"], KeyOrigin::Given);
    model.fields = vec![
        field("user_no", FieldType::Int64),
        field("org_id", FieldType::Text),
        field("role", FieldType::Text).default(json!("member")),
        field("invited_by", FieldType::Text).nullable().insert_only(),
    ];
    crud(model, Method::Patch)
}

/// A column of every type, each once required and once nullable, and defaults.
pub fn measurements() -> Model {
    let mut model = model("measurements", "Measurement", &["id"], KeyOrigin::Client);
    model.fields = vec![
        field("id", FieldType::Uuid).optional(),
        field("label", FieldType::Text).default(json!("it's \"new\"")),
        field("amount", FieldType::Decimal { as_number: false }).default(json!("0.10")),
        field("amount_or_none", FieldType::Decimal { as_number: true }).nullable(),
        field("payload", FieldType::Bytes).nullable(),
        field("payload_always", FieldType::Bytes).default(json!("AAEC")),
        field("active", FieldType::Boolean).default(json!(true)),
        field("active_or_none", FieldType::Boolean).nullable(),
        field("tags", FieldType::Json).default(json!([])),
        field("details", FieldType::Json).nullable(),
        field("ratio", FieldType::Float).default(json!(0.1)),
        field("ratio_or_none", FieldType::Float).nullable(),
        field("big", FieldType::Int64).default(json!(9_007_199_254_740_993_i64)),
        field("big_or_none", FieldType::Int64).nullable(),
        field("small", FieldType::Int32).nullable(),
        field("taken_at", FieldType::DateTime).nullable(),
        field("taken_on", FieldType::Date).nullable(),
        field("taken_time", FieldType::Time).nullable(),
    ];
    crud(model, Method::Patch)
}

/// No DELETE.
pub fn events() -> Model {
    let mut model = model("events", "Event", &["id"], KeyOrigin::Client);
    model.fields = vec![
        field("id", FieldType::Uuid).optional(),
        field("title", FieldType::Text),
        field("done", FieldType::Boolean),
    ];
    let mut model = crud(model, Method::Patch);
    model.operations.delete = None;
    model
}

/// The API only lists it.
pub fn reports() -> Model {
    let mut model = model("reports", "Report", &["id"], KeyOrigin::Server);
    model.fields = vec![
        field("id", FieldType::Int32).server_only(),
        field("title", FieldType::Text).server_only(),
        field("total", FieldType::Decimal { as_number: false }).server_only().nullable(),
    ];
    let mut model = crud(model, Method::Patch);
    model.operations.create = None;
    model.operations.update = None;
    model.operations.delete = None;
    model
}

/// Updated by PUT; rows can't be created by the client.
pub fn settings() -> Model {
    let mut model = model("settings", "Setting", &["name"], KeyOrigin::Given);
    model.fields = vec![field("name", FieldType::Text), field("value", FieldType::Json).nullable()];
    let mut model = crud(model, Method::Put);
    model.operations.create = None;
    model
}

/// Names that only work where every one is quoted and none is taken for one of ours.
pub fn order() -> Model {
    let mut model = model("order", "Order", &["id"], KeyOrigin::Client);
    let names = [
        "user",
        "a\"b",
        "it's",
        "select",
        "a.b",
        "two words",
        "größe",
        "камень",
        "is_deleted",
        "changed_columns",
        "_has_local_changes",
        "_pending_write_id",
        "row_keys",
        "row_key",
        "new",
        "old",
        "value",
        "operation",
        "status",
        "created_at",
        "table_name",
        "start",
        "changes",
        "s",
        "l",
        "key",
        "entry",
        "log",
        "local",
        "synced",
        "$fold$",
        "$$",
        "a_c",
        "axc",
        "a%c",
        "{{ x }}",
        "-- note",
        "back\\slash",
        "colon:name",
        "?",
        "$1",
        "%I",
        "camelCase",
    ];
    model.fields = vec![field("id", FieldType::Uuid).optional()];
    model.fields.extend(names.iter().map(|name| field(name, FieldType::Text).nullable()));
    model.fields.push(field("group", FieldType::Text));
    model.fields.push(field(&"n".repeat(63), FieldType::Int64).nullable());
    model.indexes = vec![vec!["a\"b".into(), "it's".into()], vec!["n".repeat(63), "two words".into()]];
    crud(model, Method::Patch)
}

/// `user_notes` as a LIKE pattern matches `userxnotes`.
pub fn wildcard(name: &str) -> Model {
    let mut model = model(name, &sync_patterns::names::pascal_case(name), &["id"], KeyOrigin::Client);
    model.fields = vec![field("id", FieldType::Uuid).optional(), field("text", FieldType::Text)];
    crud(model, Method::Patch)
}

/// The longest names that the reader lets through: 39 bytes for the model, 63 for a column.
pub fn longest_names() -> Model {
    let mut model = model(&"m".repeat(39), "Longest", &["id"], KeyOrigin::Server);
    let (one, two) = (format!("{}_one", "c".repeat(59)), format!("{}_two", "c".repeat(59)));
    model.fields = vec![
        field("id", FieldType::Int64).server_only(),
        field(&one, FieldType::Text),
        field(&two, FieldType::Text).nullable(),
    ];
    model.indexes = vec![vec![one.clone()], vec![two.clone()], vec![one, two]];
    crud(model, Method::Patch)
}

/// A model without fields, indexes and endpoints; `crud` adds these once the fields stand.
pub fn model(name: &str, type_name: &str, key: &[&str], key_origin: KeyOrigin) -> Model {
    Model {
        name: name.into(),
        type_name: type_name.into(),
        doc: None,
        local_first: true,
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        key_origin,
        fields: Vec::new(),
        write_id: WriteId { row: true, create: true, update: true },
        inputs: Vec::new(),
        operations: Operations::default(),
        server: Server::default(),
        indexes: Vec::new(),
        references: Vec::new(),
        rbac: None,
        collections: Collections::Local,
        transport: Transport::Electric,
        list: None,
        deleted: None,
        priority: None,
        sync: Default::default(),
    }
}

/// All endpoints, with the bodies that the fields allow. Key fields can't be updated.
pub fn crud(mut model: Model, update: Method) -> Model {
    for field in &mut model.fields {
        field.update = field.update && !model.key.contains(&field.name);
    }
    let collection = format!("/{}", model.name);
    let placeholders: String = model.key.iter().map(|name| format!("/{{{name}}}")).collect();
    let item = format!("{collection}{placeholders}");
    let parameters: Vec<(String, String)> = model.key.iter().map(|name| (name.clone(), name.clone())).collect();
    let body = |takes: &dyn Fn(&Field) -> bool| -> Vec<String> {
        model.fields.iter().filter(|field| takes(field)).map(|field| field.name.clone()).collect()
    };
    let operation = |method, path: &str, parameters: &[(String, String)], body| Operation {
        method,
        path: path.to_owned(),
        parameters: parameters.to_vec(),
        query: Vec::new(),
        headers: Vec::new(),
        body,
        nulls: Vec::new(),
        names: Vec::new(),
        required: Vec::new(),
        places: Vec::new(),
        constants: Vec::new(),
        casts: Vec::new(),
        envelope: None,
        media: None,
        answer: Answer::default(),
    };
    model.operations = Operations {
        list: Some(operation(Method::Get, &collection, &[], Vec::new())),
        get: Some(operation(Method::Get, &item, &parameters, Vec::new())),
        create: Some(operation(Method::Post, &collection, &[], body(&|field| field.insert != Insert::Never))),
        update: Some(operation(update, &item, &parameters, body(&|field| field.update))),
        delete: Some(operation(Method::Delete, &item, &parameters, Vec::new())),
    };
    model
}

/// Required, not nullable, writable by insert and update.
pub fn field(name: &str, ty: FieldType) -> Field {
    let shape = match ty {
        FieldType::Int32 | FieldType::Int64 | FieldType::Float | FieldType::Decimal { as_number: true } => {
            Shape::Number
        }
        FieldType::Boolean => Shape::Boolean,
        FieldType::Json => Shape::Unknown,
        _ => Shape::String,
    };
    Field {
        name: name.into(),
        ty,
        shape,
        nullable: false,
        insert: Insert::Required,
        update: true,
        default: None,
        doc: None,
        deprecated: false,
        owner_only: false,
        rules: Default::default(),
        place: Vec::new(),
        from_path: None,
        metadata: None,
    }
}

/// Whether the server replaces the key of a new row by its own.
pub fn has_temporary_keys(model: &Model) -> bool {
    model.key_origin == KeyOrigin::Server && model.own_key().count() == 1 && model.operations.create.is_some()
}

/// Whether only the server sets the column, and always to a time.
pub fn is_stamped(field: &Field) -> bool {
    let is_time = matches!(field.ty, FieldType::DateTime | FieldType::Date);
    is_time && field.insert == Insert::Never && !field.nullable
}

/// What a field can be besides required.
pub trait FieldBuilder {
    fn optional(self) -> Field;
    /// Only the paths have it.
    fn in_path(self) -> Field;
    fn nullable(self) -> Field;
    /// The rows may lack it, and the API's create needs it.
    fn nullable_but_needed(self) -> Field;
    fn default(self, value: Value) -> Field;
    fn insert_only(self) -> Field;
    fn server_only(self) -> Field;
}

impl FieldBuilder for Field {
    fn optional(self) -> Field {
        Field { insert: Insert::Optional, ..self }
    }

    fn in_path(self) -> Field {
        Field { from_path: Some(FromPath { parent: None }), ..self }
    }

    fn nullable(self) -> Field {
        let insert = if self.insert == Insert::Never { Insert::Never } else { Insert::Optional };
        Field { nullable: true, insert, ..self }
    }

    fn nullable_but_needed(self) -> Field {
        Field { nullable: true, insert: Insert::Required, ..self }
    }

    fn default(self, value: Value) -> Field {
        let insert = if self.insert == Insert::Never { Insert::Never } else { Insert::Optional };
        Field { default: Some(value), insert, ..self }
    }

    fn insert_only(self) -> Field {
        Field { update: false, ..self }
    }

    fn server_only(self) -> Field {
        Field { insert: Insert::Never, update: false, ..self }
    }
}
