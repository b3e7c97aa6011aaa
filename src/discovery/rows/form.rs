//! Tells whether the rows of a collection are objects of JSON:API.

use crate::discovery::layout::{Form, Ty, form_of, ty_of};
use crate::discovery::resources::{PathItem, Resource};
use crate::openapi::{Body, Document, JSON_API, Node, Properties, SchemaAt, find_body, properties, speaks};

/// The form of a row with this schema. A `type` that only bodies say is that of the rows.
pub fn form<'a>(document: &'a Document, resource: &Resource<'a>, at: &SchemaAt<'a>) -> Form<'a> {
    let operations = resource.collection.iter().chain(&resource.item).flat_map(|item| &item.operations);
    let is_said = operations.into_iter().any(|(_, operation)| speaks(document, operation, JSON_API));
    match form_of(document, at, is_said) {
        Form::JsonApi(Ty::Any) => Form::JsonApi(ty_of_bodies(document, resource)),
        form => form,
    }
}

fn ty_of_bodies<'a>(document: &'a Document, resource: &Resource<'a>) -> Ty<'a> {
    let writes =
        [resource.collection_operation("post"), resource.item_operation("patch"), resource.item_operation("put")];
    let ty = |(_, taken): (SchemaAt<'a>, Properties<'a>)| {
        let data = taken.get("data").and_then(|data| data.schemas.first());
        let object = data.map_or(taken.clone(), |data| properties(document, data));
        object.get("type").map(|property| ty_of(document, property)).filter(|ty| matches!(ty, Ty::Always(_)))
    };
    let bodies = writes.into_iter().flatten().filter_map(|(item, node)| body(document, item, &node));
    bodies.filter_map(ty).next().unwrap_or(Ty::Any)
}

/// The schema of an operation's body, with its properties; where it is JSON and has any.
pub(super) fn body<'a>(
    document: &'a Document,
    item: &PathItem<'a>,
    operation: &Node<'a>,
) -> Option<(SchemaAt<'a>, Properties<'a>)> {
    let Body::Json(node, _) = find_body(document, &item.node, operation) else { return None };
    let schema = node.schema();
    let properties = properties(document, &schema);
    (!properties.is_empty()).then_some((schema, properties))
}
