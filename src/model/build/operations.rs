//! Decides which operations of the API a client can use, and what they send.

use super::answers;
use super::shapes::Types;
use crate::discovery::paths;
use crate::discovery::{self, PathItem, Resource};
use crate::model::list::Answer;
use crate::model::project::{FieldType, Method, Operation};
use crate::model::types::Shape;
use crate::openapi::{Body, Document, Node, Properties, RawProperty, Resolved, find_body, properties};

/// The part of a field that writing needs.
pub struct RowField {
    pub name: String,
    pub ty: FieldType,
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
    pub fields: &'w [RowField],
    pub key: &'w [String],
    /// The key without the columns from the path.
    pub own_key: &'w [String],
}

/// A usable operation and the properties of its body.
pub struct Writer<'a> {
    pub operation: Operation,
    /// The properties of the body; empty without a schema.
    pub properties: Properties<'a>,
    pub takes_write_id: bool,
    /// Optional properties of the body that the rows don't have.
    pub unsent: Vec<String>,
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
            Body::Json(body) => Some(properties(document, &body.schema())),
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
    /// `Ok(None)` where the API has no such operation.
    pub fn create(&self) -> Outcome<Writer<'a>> {
        let Some((item, node)) = self.resource.collection_operation("post") else { return Ok(None) };
        self.writer(Method::Post, item, &node).map(Some)
    }

    /// The first usable one of PATCH and PUT.
    pub fn update(&self) -> Outcome<Writer<'a>> {
        let mut refusal = None;
        for (name, method) in [("patch", Method::Patch), ("put", Method::Put)] {
            let Some((item, node)) = self.resource.item_operation(name) else { continue };
            match self.writer(method, item, &node).and_then(|writer| self.changes_something(writer, &node)) {
                Ok(writer) => return Ok(Some(writer)),
                Err(unusable) => refusal = refusal.or(Some(unusable)),
            }
        }
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        // Some APIs update with the key in the body: `PUT /pets`.
        let Some((item, node)) = self.resource.collection_operation("put") else { return Ok(None) };
        let writer = self.writer(Method::Put, item, &node)?;
        let in_path = |name: &String| writer.operation.parameters.iter().any(|(_, field)| field == name);
        if !self.key.iter().all(|name| writer.operation.body.contains(name) || in_path(name)) {
            return Ok(None);
        }
        self.changes_something(writer, &node).map(Some)
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

    /// An operation that reads. Path parameters without a field are left to the caller.
    pub fn read(&self, is_item: bool) -> Option<Operation> {
        let found =
            if is_item { self.resource.item_operation("get") } else { self.resource.collection_operation("get") };
        let (item, node) = found?;
        let parameters = paths::parameters(&item.segments);
        let filled = parameters.iter().enumerate().filter_map(|(index, (name, _))| {
            let field = self.field_of(item, index)?;
            Some(((*name).to_owned(), field))
        });
        let answer = if is_item { self.answer(&node) } else { Answer::default() };
        Some(Operation { answer, ..bodiless(Method::Get, item, filled.collect()) })
    }

    fn writer(&self, method: Method, item: &PathItem<'a>, node: &Node<'a>) -> Result<Writer<'a>, Unusable> {
        let parameters = self.parameters(item, node)?;
        let unusable = |reason: String| Unusable { pointer: node.pointer.clone(), reason };
        let body = match find_body(self.document, &item.node, node) {
            Body::Json(body) => body,
            Body::Untyped => return Ok(self.untyped(method, item, node, parameters)),
            Body::None => return Err(unusable("it takes no body".to_owned())),
            Body::Other(media_type) => return Err(unusable(format!("it takes {media_type}, not JSON"))),
        };
        let schema = body.schema();
        let Some(resolved) = Resolved::of(self.document, &schema) else {
            return Err(unusable("the schema of its body can't be found".to_owned()));
        };
        let mut taken = properties(self.document, &schema);
        let mut envelope = None;
        if let Some((name, inner)) = self.envelope(&taken) {
            envelope = Some(name.to_owned());
            taken = inner;
        }
        if taken.is_empty() {
            if resolved.schema.items().is_some() {
                return Err(unusable("it takes a list, not one row".to_owned()));
            }
            return Ok(self.untyped(method, item, node, parameters));
        }
        let takes_write_id = taken.shift_remove("write_id").is_some();
        taken.retain(|_, property| !property.resolve(self.document).is_some_and(|resolved| resolved.read_only));
        let mut operation = bodiless(method, item, parameters);
        operation.answer = self.answer(node);
        operation.envelope = envelope;
        for field in self.fields.iter().filter(|field| !field.read_only) {
            let Some(property) = taken.get(field.name.as_str()) else { continue };
            // What the path says need not be said again.
            if field.place.is_some() && !property.required {
                continue;
            }
            let Some(typed) = self.types.property(property) else { continue };
            if !compatible(field.ty, typed.ty, &typed.shape) {
                continue;
            }
            operation.body.push(field.name.clone());
            if property.required && typed.nullable && field.nullable {
                operation.nulls.push(field.name.clone());
            }
        }
        let is_filled = |name: &str| {
            operation.body.iter().any(|field| field == name)
                || operation.parameters.iter().any(|(_, field)| field == name)
        };
        let missing: Vec<&str> = taken
            .iter()
            .filter(|(name, property)| property.required && !is_filled(name) && !self.has_default(property))
            .map(|(name, _)| *name)
            .collect();
        if !missing.is_empty() {
            let carried =
                missing.iter().all(|name| self.fields.iter().any(|field| field.name == *name && !field.read_only));
            let why = if carried { "which its rows have with another type" } else { "which its rows don't have" };
            return Err(unusable(format!("it needs {}, {why}", list(&missing))));
        }
        if operation.body.is_empty() {
            return Err(unusable("it takes none of the row's fields".to_owned()));
        }
        let unsent = taken.keys().filter(|name| !is_filled(name)).map(|name| (*name).to_owned()).collect();
        Ok(Writer { operation, properties: taken, takes_write_id, unsent })
    }

    /// What the operation answers. It counts as a row if it has every field that isn't in the path: a missing one would be
    /// read as null.
    fn answer(&self, node: &Node<'a>) -> Answer {
        let fields = self.fields.iter().filter(|field| field.place.is_none());
        let needed: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
        answers::answer(self.document, self.resource, node, &needed)
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
        Writer { operation, properties: Properties::new(), takes_write_id: false, unsent: Vec::new() }
    }

    /// The content of an envelope such as `{ "contact": { … } }`.
    fn envelope(&self, taken: &Properties<'a>) -> Option<(&'a str, Properties<'a>)> {
        let is_field = |name: &str| self.fields.iter().any(|field| field.name == name);
        if taken.len() != 1 || taken.keys().any(|name| is_field(name)) {
            return None;
        }
        let (name, property) = taken.first()?;
        let inner = properties(self.document, property.schemas.first()?);
        inner.keys().any(|name| is_field(name)).then_some((*name, inner))
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
        let fields = self.fields.iter().filter(|field| field.place.is_none()).map(|field| field.name.as_str());
        discovery::field_in_path(self.resource, self.own_key, item, index, fields)
    }
}

fn bodiless(method: Method, item: &PathItem, parameters: Vec<(String, String)>) -> Operation {
    let path = item.path.to_owned();
    let (body, nulls, envelope) = (Vec::new(), Vec::new(), None);
    Operation { method, path, parameters, body, nulls, envelope, answer: Answer::default() }
}

/// Whether a value of the row's type can be sent as the body's type.
fn compatible(row: FieldType, body: FieldType, body_shape: &Shape) -> bool {
    use FieldType::*;
    let text = |ty| matches!(ty, Text | Uuid | DateTime | Date | Time);
    let number = |ty| matches!(ty, Int32 | Int64 | Float | Decimal { .. });
    row == body
        || (text(row) && text(body))
        || (number(row) && number(body))
        || (body == Json && matches!(body_shape, Shape::Union(_) | Shape::Unknown))
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 4 { ", …" } else { "" };
    format!("{}{more}", quoted.join(", "))
}
