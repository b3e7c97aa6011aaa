//! Projects by hand: what the reader of specs would hand over.

use serde_json::{Value, json};
use sync_patterns::config::{Collections, Transport};
use sync_patterns::model::{
    Answer, Field, FieldType, Insert, KeyOrigin, List, Method, Model, NamedType, Operation, Operations, Page, Project,
    Property, Required, Server, Shape, Size, WriteId,
};

/// The ordinary case.
pub fn contacts() -> Project {
    let mut model = model(
        "contacts",
        "Contact",
        vec![
            field("first_name", FieldType::Text).doc("Given name."),
            field("last_name", FieldType::Text),
            field("email", FieldType::Text).nullable(),
            field("created_at", FieldType::DateTime).server_only(),
            field("updated_at", FieldType::DateTime).server_only(),
        ],
    );
    model.doc = Some("A person or a company.".to_owned());
    model.write_id = WriteId { row: true, create: true, update: true };
    model.indexes = vec![vec!["last_name".to_owned(), "first_name".to_owned()]];
    model.server =
        Server { table: Some("crm.contacts".to_owned()), columns: pairs(&[("first_name", "given"), ("id", "uid")]) };
    Project { models: vec![model], types: vec![] }
}

/// Every field type, every shape, every kind of key and operation.
pub fn samples() -> Project {
    let mut samples = model("samples", "Sample", sample_fields());
    samples.key = strings(&["id"]);
    samples.key_origin = KeyOrigin::Server;
    samples.fields[0] = field("id", FieldType::Int64).server_only();
    samples.references = pairs(&[("serial", "readings")]);
    samples.rbac = Some(json!({
        "field_groups": { "basic": ["label", "amount"], "all": ["label", "amount", "payload", "size"] },
        "role_permissions": {
            "admin": { "read": ["all"], "write": ["all"] },
            "guest": { "read": ["basic"], "write": [] },
        },
    }));

    let mut memberships = model(
        "memberships",
        "Membership",
        vec![
            field("org_id", FieldType::Text),
            field("user_no", FieldType::Int32),
            field("role", FieldType::Text)
                .shape(Shape::Enum(vec![json!("owner"), json!("member")]))
                .default(json!("member")),
            // Needed to create a row, and absent from some rows.
            field("team_no", FieldType::Int32).with(|field| (field.nullable, field.insert) = (true, Insert::Required)),
        ],
    );
    memberships.fields.remove(0);
    memberships.key = strings(&["org_id", "user_no"]);
    memberships.key_origin = KeyOrigin::Given;

    let mut readings = model(
        "readings",
        "Reading",
        vec![
            field("taken_at", FieldType::DateTime)
                .server_only()
                .doc(&"When it was taken, as the device saw it. ".repeat(4)),
            field("value", FieldType::Decimal { as_number: true }).server_only(),
        ],
    );
    readings.operations = Operations { list: readings.operations.list, ..Operations::default() };

    let mut sessions = model("sessions", "Session", vec![field("started_at", FieldType::DateTime).server_only()]);
    sessions.key_origin = KeyOrigin::Server;
    sessions.fields[0] = field("id", FieldType::Uuid).server_only();

    let mut settings = model("settings", "Setting", vec![field("theme", FieldType::Text).deprecated()]);
    settings.operations.create = None;

    Project { models: vec![memberships, readings, samples, sessions, settings], types: shared_types() }
}

fn sample_fields() -> Vec<Field> {
    let method = Shape::Union(vec![Shape::Named("Card".into()), Shape::Named("Transfer".into())]);
    let point = Shape::Object(vec![property("x", Shape::Number, true), property("y", Shape::Number, true)]);
    let documented = Property { doc: Some("In metres.".into()), ..property("height", Shape::Number, false) };
    let colours = ["red", "orange", "yellow", "green", "turquoise", "blue", "indigo", "violet", "black", "white"];
    vec![
        field("label", FieldType::Text).doc("Shown in lists.\r\n\r\nAt most **40** characters."),
        field("serial", FieldType::Int64),
        field("size", FieldType::Int32).nullable(),
        field("ratio", FieldType::Float).default(json!(0.5)),
        field("amount", FieldType::Decimal { as_number: false }).owner_only(),
        field("price", FieldType::Decimal { as_number: true }).shape(Shape::Named("Money".into())).nullable(),
        field("active", FieldType::Boolean).default(json!(true)),
        field("payload", FieldType::Bytes).nullable().owner_only(),
        field("day", FieldType::Date).server_only(),
        field("time", FieldType::Time).nullable(),
        field("status", FieldType::Text).shape(Shape::Named("Status".into())),
        field("colour", FieldType::Text)
            .shape(Shape::Enum(colours.iter().map(|colour| json!(format!("{colour} or so"))).collect()))
            .nullable(),
        field("level", FieldType::Int32).shape(Shape::Enum(vec![json!(-1), json!(0), json!(1)])).server_only(),
        json("anything", Shape::Unknown).nullable(),
        json("tags", Shape::Array(Box::new(Shape::String))),
        json("mixed", Shape::Array(Box::new(Shape::Union(vec![Shape::Null, Shape::Number, Shape::String])))),
        json("method", method),
        json("point", point).nullable(),
        json("box", Shape::Object(vec![documented, property("wide", Shape::Boolean, true)])).nullable(),
        json("counts", Shape::Map(Box::new(Shape::Number))),
        json("free", Shape::Object(vec![])),
        json("tree", Shape::Named("Tree".into())).nullable(),
    ]
}

fn shared_types() -> Vec<NamedType> {
    let named = |name: &str| Shape::Named(name.into());
    let list = |shape: Shape| Shape::Array(Box::new(shape));
    let map = |shape: Shape| Shape::Map(Box::new(shape));
    let kind = |kind: &str| property("kind", Shape::Enum(vec![json!(kind)]), true);
    let mut types = vec![
        ("Card", Shape::Object(vec![kind("card"), property("digits", Shape::String, true)])),
        ("Transfer", Shape::Object(vec![kind("transfer"), property("iban", Shape::String, false)])),
        ("Money", Shape::Number),
        ("Status", Shape::Enum(vec![json!("open"), json!("it's"), json!("a\"b"), json!("`${x}`"), json!("*/")])),
        ("Tree", Shape::Object(vec![property("children", list(named("Tree")), false)])),
        ("Json", Shape::Union(vec![Shape::Null, Shape::String, list(named("Json")), map(named("Json"))])),
        ("Index", map(named("Index"))),
        ("Ping", Shape::Union(vec![map(named("Pong")), Shape::Number])),
        ("Pong", Shape::Union(vec![named("Ping"), Shape::String])),
        ("Own", Shape::Union(vec![named("Own"), Shape::String])),
        ("One", named("Two")),
        ("Two", named("One")),
        ("UsesOwn", list(named("Own"))),
    ];
    types.sort_by_key(|(name, _)| *name);
    let doc = |name: &str| (name == "Status").then(|| "How far it is.\n\n- `open`: not yet".to_owned());
    types.into_iter().map(|(name, shape)| NamedType { name: name.into(), doc: doc(name), shape }).collect()
}

/// Names and descriptions that mean something where they land.
pub fn hostile() -> Project {
    let names = [
        "class",
        "a\"b",
        "__proto__",
        "it's",
        "first name",
        "größe",
        "constructor",
        "a`b",
        "${x}",
        "*/",
        "//",
        "\\",
        "a\nb",
        "1",
        "01",
        "1e3",
        "-",
        "toString",
        "prototype",
        "名前",
        "m²",
        "\u{2028}",
        "\u{202E}x",
        "readonly",
        "get",
        "[key: string]",
        "new",
        "?",
        "a.b",
        "😀",
    ];
    let docs = [
        "*/ export const hacked = 1; /*",
        "`${process.exit(1)}`",
        "one\r\ntwo\r\n",
        "\u{2028}*\u{2028}/ import 'fs'",
        "",
        " \n\t\n ",
        "@ts-ignore",
        "@ts-expect-error\n@ts-expect-error",
        "/",
        "*",
        "**/",
        "* /",
        "/**\n *\n */",
        "// @ts-nocheck\n/// <reference path=\"nowhere\" />",
        "    indented\n      more",
        "prettier-ignore",
    ];
    let mut fields: Vec<Field> = names.iter().map(|name| field(name, FieldType::Text).nullable()).collect();
    fields.extend(docs.iter().enumerate().map(|(index, doc)| field(&format!("doc_{index}"), FieldType::Text).doc(doc)));
    fields.push(
        json("nested", Shape::Object(names.iter().map(|name| property(name, Shape::String, false)).collect()))
            .owner_only(),
    );
    let texts: Vec<Value> = names.iter().chain(&docs).map(|text| json!(text)).collect();
    fields.push(field("choice", FieldType::Text).shape(Shape::Enum(texts.clone())));
    fields.push(json(
        "mixed",
        Shape::Enum(vec![json!("x"), Value::Null, json!(1.5), json!(-2), json!(1e300), json!(true)]),
    ));
    let mut one = model("class", "Class_", fields);
    one.doc = Some(docs.join("\n"));
    let rules: serde_json::Map<String, Value> =
        names.iter().zip(texts).map(|(name, text)| ((*name).to_owned(), text)).collect();
    one.rbac = Some(json!({ "rules": rules, "list": names }));

    let types = docs.iter().enumerate().map(|(index, doc)| NamedType {
        name: format!("Type{index:02}"),
        doc: Some((*doc).to_owned()),
        shape: Shape::Object(vec![Property { doc: Some((*doc).to_owned()), ..property("x", Shape::String, true) }]),
    });
    Project { models: vec![one], types: types.collect() }
}

/// Models that are called as files and constants of ours are.
pub fn clashing_names() -> Project {
    let names = ["Index", "_shared", "changes", "default", "größen", "index", "schema", "schema_json", "3d"];
    let long = "a_name_of_sixty_three_bytes_which_is_as_long_as_postgres_allows".to_owned();
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).chain([long]).collect();
    // Two that differ in case alone are the reader's to tell apart.
    names.retain(|name| name != "Index");
    let models = names.iter().enumerate().map(|(index, name)| {
        let fields = vec![field("status", FieldType::Text).shape(Shape::Named("Status".into())).owner_only()];
        model(
            name,
            &format!("{}{index}", if name.len() > 60 { "ALongNameForAType".repeat(3) } else { "Row".into() }),
            fields,
        )
    });
    let status = NamedType { name: "Status".into(), doc: None, shape: Shape::Enum(vec![json!("open")]) };
    Project { models: models.collect(), types: vec![status] }
}

/// Contacts of a sync server.
pub fn pushed() -> Project {
    let mut project = contacts();
    project.models.iter_mut().for_each(|model| model.transport = Transport::PushPull);
    project
}

/// No model whose rows come through Electric.
pub fn polled() -> Project {
    let mut project = contacts();
    for model in &mut project.models {
        let total = Some(strings(&["total"]));
        let size = Some(Size { parameter: "limit".to_owned(), rows: 100 });
        model.transport = Transport::Rest;
        model.list = Some(List {
            path: format!("/{}", model.name),
            parents: vec![],
            rows: strings(&["items"]),
            row: vec![],
            media: None,
            page: Page::Offset { offset: "offset".to_owned(), size, total },
            since: None,
            deleted: None,
            changed: None,
            required: Required::default(),
            unpaged: None,
            lacks: vec![],
        });
    }
    project
}

/// A model with a UUID key that the client makes, in front of `fields`, and all operations.
pub fn model(name: &str, type_name: &str, mut fields: Vec<Field>) -> Model {
    fields.insert(0, Field { insert: Insert::Optional, update: false, ..field("id", FieldType::Uuid) });
    let names =
        |keep: fn(&Field) -> bool| fields.iter().filter(move |field| keep(field)).map(|field| field.name.clone());
    let operation = |method, item: bool, body: Vec<String>| {
        let path = if item { format!("/{name}/{{id}}") } else { format!("/{name}") };
        let parameters = if item { pairs(&[("id", "id")]) } else { vec![] };
        let (nulls, names, casts, envelope, media) = (vec![], vec![], vec![], None, None);
        let answer = Answer::default();
        let (required, places, constants) = (vec![], vec![], vec![]);
        Some(Operation {
            method,
            path,
            parameters,
            query: Vec::new(),
            headers: Vec::new(),
            body,
            nulls,
            names,
            required,
            places,
            constants,
            casts,
            envelope,
            media,
            answer,
        })
    };
    let operations = Operations {
        list: operation(Method::Get, false, vec![]),
        get: operation(Method::Get, true, vec![]),
        create: operation(Method::Post, false, names(|field| field.insert != Insert::Never).collect()),
        update: operation(Method::Patch, true, names(|field| field.update).collect()),
        delete: operation(Method::Delete, true, vec![]),
    };
    Model {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        doc: None,
        local_first: true,
        key: strings(&["id"]),
        key_origin: KeyOrigin::Client,
        fields,
        write_id: WriteId::default(),
        inputs: Vec::new(),
        operations,
        server: Server::default(),
        indexes: vec![],
        references: vec![],
        rbac: None,
        collections: Collections::Local,
        transport: Transport::Electric,
        list: None,
        deleted: None,
        priority: None,
        sync: Default::default(),
    }
}

/// Required, and writable.
pub fn field(name: &str, ty: FieldType) -> Field {
    let shape = match ty {
        FieldType::Boolean => Shape::Boolean,
        FieldType::Int32 | FieldType::Int64 | FieldType::Float | FieldType::Decimal { as_number: true } => {
            Shape::Number
        }
        _ => Shape::String,
    };
    Field {
        name: name.to_owned(),
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

pub fn json(name: &str, shape: Shape) -> Field {
    field(name, FieldType::Json).shape(shape)
}

pub trait FieldExt: Sized {
    fn with(self, change: impl FnOnce(&mut Field)) -> Field;

    fn nullable(self) -> Field {
        self.with(|field| (field.nullable, field.insert) = (true, Insert::Optional))
    }

    fn server_only(self) -> Field {
        self.with(|field| (field.insert, field.update) = (Insert::Never, false))
    }

    fn default(self, value: Value) -> Field {
        self.with(|field| (field.insert, field.default) = (Insert::Optional, Some(value)))
    }

    fn shape(self, shape: Shape) -> Field {
        self.with(|field| field.shape = shape)
    }

    fn doc(self, text: &str) -> Field {
        self.with(|field| field.doc = Some(text.to_owned()))
    }

    fn deprecated(self) -> Field {
        self.with(|field| field.deprecated = true)
    }

    fn owner_only(self) -> Field {
        self.with(|field| field.owner_only = true)
    }
}

impl FieldExt for Field {
    fn with(mut self, change: impl FnOnce(&mut Field)) -> Field {
        change(&mut self);
        self
    }
}

fn property(name: &str, shape: Shape, required: bool) -> Property {
    Property { name: name.to_owned(), shape, required, doc: None }
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn pairs(items: &[(&str, &str)]) -> Vec<(String, String)> {
    items.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
}
