//! What the body of a request has, by the document.

use super::writing::{RowField, Writing};
use crate::discovery::{self, Layout, PathItem};
use crate::model::project::FieldType;
use crate::openapi::{
    Body, JSON_PATCH, Node, Properties, RawProperty, Resolved, SchemaAt, find_body, find_response, is_media,
    is_plain_json, takes_multipart,
};

/// What a body has.
pub struct Taken<'a> {
    pub layout: Layout<'a>,
    pub envelope: Option<String>,
    /// Where it isn't `application/json`.
    pub media: Option<String>,
    pub is_form: bool,
}

impl<'a> Writing<'_, 'a> {
    /// What an operation's body has; `None` where it has no schema.
    pub(super) fn taken(&self, item: &PathItem<'a>, node: &Node<'a>) -> Result<Option<Taken<'a>>, String> {
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

    /// Whether a property is a file, which a form sends: where a row has its address as text, Django's documents call it so
    /// in the body of a create, too, and a file only in that of an update.
    pub(super) fn is_file(&self, node: &Node<'a>, is_form: bool, name: &str, property: &RawProperty<'a>) -> bool {
        if is_form {
            return self.types.property(property).is_some_and(|typed| typed.ty == FieldType::Bytes);
        }
        let is_address = |field: &RowField| field.name == name && field.ty == FieldType::Text;
        // A sync server takes what the rows have.
        self.is_for_api
            && takes_multipart(self.document, node)
            && self.fields.iter().any(is_address)
            && self.bodies.take_file(self.document, name)
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

    /// The property of a body that a field is: of its name, or of one that is only spelled otherwise, `customerId` for
    /// `customer_id`.
    pub(super) fn property_of<'t>(
        &self,
        taken: &'t Properties<'a>,
        field: &RowField,
    ) -> Option<(&'a str, &'t RawProperty<'a>)> {
        let is_field = |name: &str| self.fields.iter().any(|field| field.name == name);
        let by_name = taken.get_key_value(field.name.as_str());
        let found = by_name
            .or_else(|| taken.iter().find(|(name, _)| !is_field(name) && discovery::same_name(name, &field.name)));
        found.map(|(name, property)| (*name, property))
    }

    /// Whether an operation takes or answers a list: then it writes several rows at once.
    pub(super) fn takes_list(&self, item: &PathItem<'a>, node: &Node<'a>) -> bool {
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
}
