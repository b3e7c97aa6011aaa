//! What all request bodies of a resource have, by the document.

use std::collections::BTreeSet;

use crate::discovery::{PathItem, Resource};
use crate::model::build::shapes::Types;
use crate::model::project::FieldType;
use crate::openapi::{Body, Document, Node, Properties, find_body, properties};

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

    /// Whether a body declares a property as a file.
    pub fn take_file(&self, document: &'a Document, name: &str) -> bool {
        let mut said = self.0.iter().filter_map(|body| body.get(name)?.resolve(document));
        said.any(|resolved| resolved.schema.format == Some("binary"))
    }
}

/// The most levels between a body and the values of its row: an envelope, and its `attributes`.
const DEEPEST: usize = 3;

/// The names of all that the bodies of a resource's creates have. `None` where one isn't described.
pub fn names_of_create<'a>(document: &'a Document, resource: &Resource<'a>) -> Option<BTreeSet<&'a str>> {
    fn collect<'a>(document: &'a Document, all: Properties<'a>, depth: usize, names: &mut BTreeSet<&'a str>) {
        for (name, property) in all {
            names.insert(name);
            if let Some(inner) = property.schemas.first().filter(|_| depth < DEEPEST) {
                collect(document, properties(document, inner), depth + 1, names);
            }
        }
    }
    let offered =
        [resource.collection_operation("post"), resource.collection_operation("put"), resource.item_operation("post")];
    let mut names = BTreeSet::new();
    for (item, node) in offered.into_iter().flatten() {
        let all = match find_body(document, &item.node, &node) {
            Body::Json(body, _) => properties(document, &body.schema()),
            Body::Form(properties, _) => properties,
            Body::Untyped | Body::None | Body::Other(_) => return None,
        };
        collect(document, all, 1, &mut names);
    }
    Some(names)
}
