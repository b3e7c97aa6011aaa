//! Decides which operations of the API a client can use, and what they send.

use super::answers;
use super::shapes::{Typed, Types};
use crate::discovery::paths;
use crate::discovery::{self, Form, Layout, PathItem, Resource};
use crate::model::list::Answer;
use crate::model::project::{Cast, Constant, FieldType, Input, Method, Operation};
use crate::model::types::Shape;
use crate::names;
use crate::openapi::{
    Body, Document, JSON_PATCH, Node, Properties, RawProperty, Resolved, SchemaAt, declares, find_body, find_response,
    is_media, is_plain_json, json_type, properties,
};

/// The status that says that there is a new row.
const CREATED: u16 = 201;

/// The part of a field that writing needs.
pub struct RowField {
    pub name: String,
    pub ty: FieldType,
    /// Whether a value may be of several JSON types.
    pub is_loose: bool,
    /// Whether it holds more than a path's parameter takes: `memos/1`.
    pub is_resource_name: bool,
    pub nullable: bool,
    pub read_only: bool,
    /// Of a column from the path: the form of the path up to its parameter.
    pub place: Option<String>,
}

/// The context in which the operations of a resource are checked.
pub struct Writing<'w, 'a> {
    pub document: &'a Document,
    pub types: &'w Types<'a>,
    pub resource: &'w Resource<'a>,
    /// Of the rows.
    pub form: Form<'a>,
    pub fields: &'w [RowField],
    pub key: &'w [String],
    /// The key without the columns from the path.
    pub own_key: &'w [String],
    /// Whether a create may take what no row has.
    pub has_inputs: bool,
}

/// A usable operation and the properties of its body.
pub struct Writer<'a> {
    pub operation: Operation,
    /// The properties of the body; empty without a schema.
    pub properties: Properties<'a>,
    pub takes_write_id: bool,
    /// Properties that the body of a create needs and that no row has.
    pub inputs: Vec<Input>,
    /// Optional properties of the body that the rows don't have.
    pub unsent: Vec<String>,
}

impl<'a> Writer<'a> {
    /// The property of the body that a field is.
    pub fn property(&self, field: &str) -> Option<&RawProperty<'a>> {
        let named = self.operation.names.iter().find(|(own, _)| own == field).map(|(_, name)| name.as_str());
        self.properties.get(named.unwrap_or(field))
    }
}

/// The reason why an operation can't be used, with its pointer.
pub struct Unusable {
    pub pointer: String,
    pub reason: String,
}

/// The properties of all request bodies of a resource.
pub struct Bodies<'a>(Vec<Properties<'a>>);

impl<'a> Bodies<'a> {
    pub fn of(document: &'a Document, resource: &Resource<'a>) -> Self {
        let operations =
            [resource.collection_operation("post"), resource.item_operation("patch"), resource.item_operation("put")];
        let body = |(item, node): (&PathItem<'a>, Node<'a>)| match find_body(document, &item.node, &node) {
            Body::Json(body, _) => Some(properties(document, &body.schema())),
            _ => None,
        };
        Self(operations.into_iter().flatten().filter_map(body).collect())
    }

    /// Whether a body declares a field as a decimal. FastAPI says of an answer's decimal only that it is a string; of
    /// one that it takes, that it is a number or a string of digits.
    pub fn take_decimal(&self, types: &Types<'a>, name: &str) -> bool {
        let said = self.0.iter().filter_map(|body| types.property(body.get(name)?));
        said.map(|typed| typed.ty).any(|ty| ty == FieldType::Decimal { as_number: false })
    }
}

type Outcome<T> = Result<Option<T>, Unusable>;

impl<'w, 'a> Writing<'w, 'a> {
    /// `Ok(None)` where the API has no such operation. Without a POST on the list, a PUT there creates, and a POST on the
    /// item that answers 201.
    pub fn create(&self) -> Outcome<Writer<'a>> {
        if let Some((item, node)) = self.resource.collection_operation("post") {
            return self.writer(Method::Post, item, &node, true).map(Some);
        }
        let put = self.resource.collection_operation("put");
        if let Some((item, node)) = put.as_ref().filter(|(item, node)| !self.takes_list(item, node)) {
            return self.writer(Method::Put, item, node, true).map(Some);
        }
        match self.resource.item_operation("post").filter(|(_, node)| declares(self.document, node, CREATED)) {
            Some((item, node)) => self.writer(Method::Post, item, &node, true).map(Some),
            None => match put {
                Some((_, node)) => {
                    Err(Unusable { pointer: node.pointer, reason: "it takes a list, not one row".to_owned() })
                }
                None => Ok(None),
            },
        }
    }

    /// The first usable one of PATCH and PUT; without any of them, the item's POST.
    pub fn update(&self) -> Outcome<Writer<'a>> {
        let mut refusal = None;
        for (name, method) in [("patch", Method::Patch), ("put", Method::Put)] {
            let Some((item, node)) = self.resource.item_operation(name) else { continue };
            match self.writer(method, item, &node, false).and_then(|writer| self.changes_something(writer, &node)) {
                Ok(writer) => return Ok(Some(writer)),
                Err(unusable) => refusal = refusal.or(Some(unusable)),
            }
        }
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let posts = self.resource.item_operation("post");
        if let Some((item, node)) = posts.filter(|(_, node)| !declares(self.document, node, CREATED)) {
            let writer = self.writer(Method::Post, item, &node, false)?;
            return self.changes_something(writer, &node).map(Some);
        }
        // Some APIs update with the key in the body: `PUT /pets`. It creates where nothing else does.
        let creates = self.resource.collection_operation("post").is_some();
        let Some((item, node)) = self.resource.collection_operation("put").filter(|_| creates) else { return Ok(None) };
        let writer = self.writer(Method::Put, item, &node, false)?;
        let in_path = |name: &String| writer.operation.parameters.iter().any(|(_, field)| field == name);
        let is_said = |name: &&String| writer.operation.body.contains(name) || in_path(name);
        if let Some(name) = self.key.iter().find(|name| !is_said(name)) {
            let reason = format!("it doesn't take `{name}`, which identifies a row");
            return Err(Unusable { pointer: node.pointer.clone(), reason });
        }
        self.changes_something(writer, &node).map(Some)
    }

    /// Whether an operation takes or answers a list: then it writes several rows at once.
    fn takes_list(&self, item: &PathItem<'a>, node: &Node<'a>) -> bool {
        let is_list = |at: SchemaAt<'a>| {
            Resolved::of(self.document, &at).is_some_and(|resolved| resolved.schema.items().is_some())
        };
        let body = match find_body(self.document, &item.node, node) {
            Body::Json(body, _) => Some(body),
            _ => None,
        };
        body.is_some_and(|body| is_list(body.schema()))
            || find_response(self.document, node).is_some_and(|answer| is_list(answer.schema()))
    }

    fn changes_something(&self, writer: Writer<'a>, node: &Node<'a>) -> Result<Writer<'a>, Unusable> {
        if writer.operation.body.iter().all(|name| self.key.contains(name)) {
            let reason = "it takes none of the row's fields".to_owned();
            return Err(Unusable { pointer: node.pointer.clone(), reason });
        }
        Ok(writer)
    }

    pub fn delete(&self) -> Outcome<Operation> {
        let Some((item, node)) = self.resource.item_operation("delete") else { return Ok(None) };
        let parameters = self.parameters(item, &node)?;
        // Of a row that is gone, no row is expected.
        let answer = Answer { row: None, ..self.answer(&node) };
        Ok(Some(Operation { answer, ..bodiless(Method::Delete, item, parameters) }))
    }

    /// An operation that reads. Path parameters of a list without a field are left to the caller; an item can't be read
    /// without.
    pub fn read(&self, is_item: bool) -> Option<Operation> {
        let found =
            if is_item { self.resource.item_operation("get") } else { self.resource.collection_operation("get") };
        let (item, node) = found?;
        let parameters = paths::parameters(&item.segments);
        let filled = parameters.iter().enumerate().filter_map(|(index, (name, _))| {
            let field = self.field_of(item, index)?;
            Some(((*name).to_owned(), field))
        });
        let filled: Vec<(String, String)> = filled.collect();
        if is_item && filled.len() < parameters.len() {
            return None;
        }
        let answer = if is_item { self.answer(&node) } else { Answer::default() };
        Some(Operation { answer, ..bodiless(Method::Get, item, filled) })
    }

    fn writer(
        &self,
        method: Method,
        item: &PathItem<'a>,
        node: &Node<'a>,
        creates: bool,
    ) -> Result<Writer<'a>, Unusable> {
        let parameters = self.parameters(item, node)?;
        let unusable = |reason: String| Unusable { pointer: node.pointer.clone(), reason };
        let Some(Taken { layout, envelope, media, is_form }) = self.taken(item, node).map_err(unusable)? else {
            return Ok(self.untyped(method, item, node, parameters));
        };
        let Layout { mut properties, places, nullable, constants, related: _ } = layout;
        let takes_write_id = properties.shift_remove("write_id").is_some();
        let is_read_only =
            |property: &RawProperty<'a>| property.resolve(self.document).is_some_and(|resolved| resolved.read_only);
        // An update in JSON:API says which row it is of, even where nothing may change that.
        let says_key = !creates && self.form != Form::Plain;
        let is_key = |name: &str| self.own_key.iter().any(|key| key == name);
        properties.retain(|name, property| (says_key && is_key(name)) || !is_read_only(property));
        let mut operation =
            Operation { envelope, media, answer: self.answer(node), ..bodiless(method, item, parameters) };
        let mut sent: Vec<&str> = Vec::new();
        for field in self.fields {
            let Some((name, property)) = self.property_of(&properties, field) else { continue };
            let names_row = !creates && is_key(&field.name) && (says_key || property.required);
            if field.read_only && !names_row {
                continue;
            }
            // What the path says need not be said again.
            if field.place.is_some() && !property.required {
                continue;
            }
            let Some(typed) = self.types.property(property).filter(|typed| !is_form || fits_form(typed.ty)) else {
                continue;
            };
            let Some(fit) = fit(self.document, field, &typed, property, names_row) else { continue };
            sent.push(name);
            operation.body.push(field.name.clone());
            if let Some(place) = places.get(name) {
                operation.places.push((field.name.clone(), owned(place)));
            }
            if name != field.name {
                operation.names.push((field.name.clone(), name.to_owned()));
            }
            if let Fit::As(cast) = fit {
                operation.casts.push((field.name.clone(), cast));
            }
            let is_nullable = typed.nullable || nullable.contains(name);
            let is_required = property.required || names_row;
            if is_required && is_nullable && field.nullable {
                operation.nulls.push(field.name.clone());
            } else if is_required && !creates && method != Method::Put && !self.has_default(property) {
                operation.required.push(field.name.clone());
            }
        }
        let is_filled =
            |name: &str| sent.contains(&name) || operation.parameters.iter().any(|(_, field)| field == name);
        let mut missing: Vec<&str> = properties
            .iter()
            .filter(|(name, property)| property.required && !is_filled(name) && !self.has_default(property))
            .map(|(name, _)| *name)
            .collect();
        let mut inputs = Vec::new();
        if self.has_inputs && creates {
            let all: Vec<Option<Input>> = missing.iter().map(|name| self.input(name, &properties, is_form)).collect();
            if all.iter().all(Option::is_some) {
                inputs = all.into_iter().flatten().collect();
                missing.clear();
            }
        }
        if !missing.is_empty() {
            let files = |name: &&str| is_form && properties.get(name).is_some_and(|raw| self.is_file(raw));
            if missing.iter().any(files) {
                return Err(unusable(format!("it takes a file, {}", list(&missing))));
            }
            let carried =
                missing.iter().all(|name| self.fields.iter().any(|field| field.name == *name && !field.read_only));
            let why = if carried { "which its rows have with another type" } else { "which its rows don't have" };
            return Err(unusable(format!("it needs {}, {why}", list(&missing))));
        }
        if operation.body.is_empty() && inputs.is_empty() {
            return Err(unusable("it takes none of the row's fields".to_owned()));
        }
        let constant = |(place, value): &(Vec<&str>, Option<&str>)| Constant {
            place: owned(place),
            value: value.unwrap_or_else(|| self.resource.last_segment()).to_owned(),
        };
        operation.constants = constants.iter().map(constant).collect();
        let is_unsent = |name: &&&str| !is_filled(name) && !inputs.iter().any(|input| input.name == ***name);
        let unsent = properties.keys().filter(is_unsent).map(|name| (*name).to_owned()).collect();
        Ok(Writer { operation, properties, takes_write_id, inputs, unsent })
    }

    /// What an operation's body has; `None` where it has no schema.
    fn taken(&self, item: &PathItem<'a>, node: &Node<'a>) -> Result<Option<Taken<'a>>, String> {
        let (schema, media) = match find_body(self.document, &item.node, node) {
            Body::Json(_, media) if is_media(media, JSON_PATCH) => return Err(format!("it takes {JSON_PATCH}")),
            Body::Json(body, media) => (body.schema(), media),
            Body::Form(properties, media) if properties.is_empty() => {
                return Err(format!("it takes {media} without fields"));
            }
            Body::Form(properties, media) => {
                let media = Some(media.to_owned());
                let layout = Layout { properties, ..Layout::default() };
                return Ok(Some(Taken { layout, envelope: None, media, is_form: true }));
            }
            Body::Untyped => return Ok(None),
            Body::None => return Err("it takes no body".to_owned()),
            Body::Other(media) => return Err(format!("it takes {media}, not JSON")),
        };
        let Some(resolved) = Resolved::of(self.document, &schema) else {
            return Err("the schema of its body can't be found".to_owned());
        };
        let mut layout = discovery::laid_out(self.document, &schema, self.form);
        let mut envelope = None;
        if let Some((name, inner)) = self.envelope(&layout.properties) {
            envelope = Some(name.to_owned());
            layout = inner;
        }
        if layout.properties.is_empty() {
            return match resolved.schema.items() {
                Some(_) => Err("it takes a list, not one row".to_owned()),
                None => Ok(None),
            };
        }
        let media = (!is_plain_json(media)).then(|| media.to_owned());
        Ok(Some(Taken { layout, envelope, media, is_form: false }))
    }

    /// The property of a body that a field is: of its name, or of one that is only spelled otherwise, `customerId` for
    /// `customer_id`.
    fn property_of<'t>(&self, taken: &'t Properties<'a>, field: &RowField) -> Option<(&'a str, &'t RawProperty<'a>)> {
        let is_field = |name: &str| self.fields.iter().any(|field| field.name == name);
        let by_name = taken.get_key_value(field.name.as_str());
        let found = by_name
            .or_else(|| taken.iter().find(|(name, _)| !is_field(name) && discovery::same_name(name, &field.name)));
        found.map(|(name, property)| (*name, property))
    }

    /// What an insert has to give of a property that no row has; `None` where one has it, or nobody can give it.
    fn input(&self, name: &str, properties: &Properties<'a>, is_form: bool) -> Option<Input> {
        let property = properties.get(name)?;
        let is_carried = self.fields.iter().any(|field| discovery::same_name(&field.name, name));
        let typed = self.types.property(property).filter(|typed| !is_form || fits_form(typed.ty))?;
        let doc = property.resolve(self.document)?.description.map(str::to_owned);
        (!is_carried).then(|| Input { name: name.to_owned(), shape: typed.shape, doc })
    }

    fn is_file(&self, property: &RawProperty<'a>) -> bool {
        self.types.property(property).is_some_and(|typed| typed.ty == FieldType::Bytes)
    }

    /// What the operation answers. It counts as a row if it has every field that isn't in the path: a missing one would be
    /// read as null.
    fn answer(&self, node: &Node<'a>) -> Answer {
        let fields = self.fields.iter().filter(|field| field.place.is_none());
        let needed: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
        let answer = answers::answer(self.document, self.resource, node, self.form, &needed);
        // Of what answers nothing, an error's is that of the rows.
        let reads = [self.resource.item_operation("get"), self.resource.collection_operation("get")];
        let of_rows = || reads.into_iter().flatten().find_map(|(_, node)| json_type(self.document, &node));
        let is_silent = find_response(self.document, node).is_none();
        let media = answer.media.or_else(|| of_rows().filter(|_| is_silent).map(str::to_owned));
        Answer { media, ..answer }
    }

    /// For a body without a schema: sends everything that isn't read-only.
    fn untyped(
        &self,
        method: Method,
        item: &PathItem<'a>,
        node: &Node<'a>,
        parameters: Vec<(String, String)>,
    ) -> Writer<'a> {
        let mut operation = bodiless(method, item, parameters);
        let is_written =
            |field: &&RowField| !field.read_only && field.place.is_none() && !self.key.contains(&field.name);
        let writable = self.fields.iter().filter(is_written);
        operation.body = writable.map(|field| field.name.clone()).collect();
        operation.answer = self.answer(node);
        let (properties, unsent, inputs) = (Properties::new(), Vec::new(), Vec::new());
        Writer { operation, properties, takes_write_id: false, inputs, unsent }
    }

    /// The content of an envelope such as `{ "contact": { … } }`.
    fn envelope(&self, taken: &Properties<'a>) -> Option<(&'a str, Layout<'a>)> {
        let is_field = |name: &str| self.fields.iter().any(|field| discovery::same_name(&field.name, name));
        let (name, property) = taken.first().filter(|_| taken.len() == 1)?;
        let inner = discovery::laid_out(self.document, property.schemas.first()?, self.form);
        // A field may be called as the envelope is: then only what lies deeper in that says which of the two it is.
        let is_envelope = !inner.places.is_empty() || !is_field(name);
        (is_envelope && inner.properties.keys().any(|name| is_field(name))).then_some((*name, inner))
    }

    fn has_default(&self, property: &RawProperty<'a>) -> bool {
        property.resolve(self.document).is_some_and(|resolved| resolved.default.is_some())
    }

    /// The field for each parameter of the path.
    fn parameters(&self, item: &PathItem<'a>, node: &Node<'a>) -> Result<Vec<(String, String)>, Unusable> {
        let parameters = paths::parameters(&item.segments);
        let mut filled = Vec::new();
        for (index, (name, _)) in parameters.iter().enumerate() {
            let Some(field) = self.field_of(item, index) else {
                let reason = format!("path parameter `{{{name}}}` matches no column");
                return Err(Unusable { pointer: node.pointer.clone(), reason });
            };
            filled.push(((*name).to_owned(), field));
        }
        Ok(filled)
    }

    fn field_of(&self, item: &PathItem, index: usize) -> Option<String> {
        let place = discovery::place_of(&item.segments, index);
        let from_path = self.fields.iter().find(|field| field.place.as_ref() == Some(&place));
        if let Some(field) = from_path {
            return Some(field.name.clone());
        }
        let spans = item.spans(index);
        let own = self.fields.iter().filter(|field| field.place.is_none() && (spans || !field.is_resource_name));
        let fields = own.map(|field| field.name.as_str());
        discovery::field_in_path(self.resource, self.own_key, item, index, fields)
    }
}

/// What a body has.
struct Taken<'a> {
    layout: Layout<'a>,
    envelope: Option<String>,
    /// Where it isn't `application/json`.
    media: Option<String>,
    is_form: bool,
}

fn bodiless(method: Method, item: &PathItem, parameters: Vec<(String, String)>) -> Operation {
    Operation {
        method,
        path: item.sent(),
        parameters,
        body: Vec::new(),
        nulls: Vec::new(),
        names: Vec::new(),
        required: Vec::new(),
        places: Vec::new(),
        constants: Vec::new(),
        casts: Vec::new(),
        envelope: None,
        media: None,
        answer: Answer::default(),
    }
}

/// How a value of a row becomes one of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    AsItIs,
    As(Cast),
}

/// Says how a row's value is sent as a property of a body, if it can be. `names_row`: the property is the key of the row.
fn fit<'a>(
    document: &'a Document,
    row: &RowField,
    body: &Typed,
    property: &RawProperty<'a>,
    names_row: bool,
) -> Option<Fit> {
    use FieldType::*;
    let text = |ty| matches!(ty, Text | Uuid | DateTime | Date | Time);
    let number = |ty| matches!(ty, Int32 | Int64 | Float | Decimal { as_number: true });
    let is_said_by_digits = || {
        let pattern = property.resolve(document).and_then(|resolved| resolved.limit("pattern")?.as_str());
        names_row || pattern.is_some_and(is_pattern_of_numbers) || ends_as_id(&row.name)
    };
    match (row.ty, body.ty) {
        (row, body) if row == body || (text(row) && text(body)) || (number(row) && number(body)) => Some(Fit::AsItIs),
        (Decimal { as_number: false }, body) if number(body) => Some(Fit::As(Cast::Number)),
        (row, Decimal { as_number: false }) if number(row) => Some(Fit::As(Cast::String)),
        (Decimal { as_number: false }, Text) => Some(Fit::AsItIs),
        (ty, Text) if number(ty) && is_said_by_digits() => Some(Fit::As(Cast::String)),
        (Text, body) if number(body) => Some(Fit::As(Cast::Number)),
        (_, Json) if matches!(body.shape, Shape::Union(_) | Shape::Unknown) => Some(Fit::AsItIs),
        (Json, _) if row.is_loose => Some(Fit::AsItIs),
        _ => None,
    }
}

/// Whether a form has a text for it.
fn fits_form(ty: FieldType) -> bool {
    !matches!(ty, FieldType::Json | FieldType::Bytes)
}

/// Whether a pattern has nothing but digits, signs and points: `^[0-9]+.?[0-9]*$`.
fn is_pattern_of_numbers(pattern: &str) -> bool {
    let rest = pattern.replace("\\d", "").replace("0-9", "").replace("1-9", "");
    let has_digits = rest.len() < pattern.len();
    has_digits && rest.chars().all(|c| c.is_ascii_digit() || "^$[](){}?:*+-.,|\\".contains(c))
}

fn ends_as_id(name: &str) -> bool {
    names::snake_case(name).ends_with("_id")
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 4 { ", …" } else { "" };
    format!("{}{more}", quoted.join(", "))
}
