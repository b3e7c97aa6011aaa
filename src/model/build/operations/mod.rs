//! Decides which operations of the API a client can use, and what they send.

mod bodies;
mod body;
mod fit;
mod needs;
mod parameters;
mod writer;
mod writing;

pub use bodies::{Bodies, names_of_create};
pub use parameters::Outside;
pub use writer::{Unsent, Writer};
pub use writing::{RowField, Unusable, Writing};

use parameters::{Filled, Of, OutsideKind, is_tag};
use writing::{Outcome, bodiless};

use super::answers;
use crate::discovery::paths;
use crate::model::list::{Answer, Page, Required};
use crate::model::project::{Method, Operation};
use crate::openapi::{In, Node, RequiredParameter, declares, find_response, json_type};

/// An operation that reads rows.
pub struct Reader {
    pub operation: Operation,
    /// Of a list: what the application has to give. An item that requires anything more can't be read.
    pub required: Required,
    /// Headers and cookies that neither a row nor the config fills; of an item, keys in its query, too.
    pub outside: Vec<Outside>,
}

/// The status that says that there is a new row.
const CREATED: u16 = 201;

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
                Some((_, node)) => Err(Unusable::because(&node, "it takes a list, not one row")),
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
        let is_said = |name: &&String| writer.operation.body.contains(name) || writer.operation.has_outside_body(name);
        if let Some(name) = self.key.iter().find(|name| !is_said(name)) {
            return Err(Unusable::because(&node, format!("it doesn't take `{name}`, which identifies a row")));
        }
        self.changes_something(writer, &node).map(Some)
    }

    fn changes_something(&self, writer: Writer<'a>, node: &Node<'a>) -> Result<Writer<'a>, Unusable> {
        if writer.operation.body.iter().all(|name| self.key.contains(name)) {
            return Err(Unusable::because(node, "it takes none of the row's fields"));
        }
        Ok(writer)
    }

    /// The operation that lists rows. Path parameters without a field are left to the caller.
    pub fn list(&self, page: Option<&Page>) -> Option<Reader> {
        let (item, node) = self.resource.collection_operation("get")?;
        let parameters = paths::parameters(&item.segments);
        let in_path = parameters.iter().enumerate().filter_map(|(index, (name, _))| {
            let field = self.field_of(item, index)?;
            Some(((*name).to_owned(), field))
        });
        let Filled { mut query, headers, mut outside, missing } = self.beside_path(Method::Get, item, &node, Of::List);
        // A size stays: where the API refuses that of the client, the request has what the document says.
        let position = page.and_then(Page::position);
        query.retain(|one| position != Some(&one.name));
        let operation = Operation { query, headers, ..bodiless(Method::Get, item, in_path.collect()) };
        let mut required = Required::default();
        let paged = page.map(Page::parameters).unwrap_or_default();
        let is_paged = |one: &RequiredParameter| one.place == In::Query && paged.contains(&one.name.as_ref());
        for RequiredParameter { name, place, pointer, .. } in missing.into_iter().filter(|one| !is_paged(one)) {
            if is_tag(place, &name) {
                outside.push(Outside { kind: OutsideKind::Tag, name: name.into_owned(), pointer });
                continue;
            }
            required.pointer.get_or_insert(pointer);
            let names = match place {
                In::Header => &mut required.headers,
                _ if page.and_then(Page::cursor) == Some(&name) => &mut required.cursors,
                _ => &mut required.query,
            };
            names.push(name.into_owned());
        }
        outside.retain(|one| match one.kind {
            OutsideKind::Key => {
                required.pointer.get_or_insert(one.pointer.clone());
                required.keys.push(one.name.clone());
                false
            }
            OutsideKind::Header | OutsideKind::Cookie | OutsideKind::Tag | OutsideKind::NoName => true,
        });
        Some(Reader { operation, required, outside })
    }

    /// The operation that reads one row. It can't be made without what fills its path, nor without what else it requires.
    pub fn item(&self) -> Outcome<Reader> {
        let Some((item, node)) = self.resource.item_operation("get") else { return Ok(None) };
        let (operation, outside) = self.addressed(Method::Get, item, &node, Of::Row)?;
        let operation = Operation { answer: self.answer(&node), ..operation };
        Ok(Some(Reader { operation, required: Required::default(), outside }))
    }

    /// What the operation answers.
    fn answer(&self, node: &Node<'a>) -> Answer {
        let answer = answers::answer(self.document, node, self.row_of_answer(node));
        // Of what answers nothing, an error's is that of the rows.
        let reads = [self.resource.item_operation("get"), self.resource.collection_operation("get")];
        let of_rows = || reads.into_iter().flatten().find_map(|(_, node)| json_type(self.document, &node));
        let is_silent = find_response(self.document, node).is_none();
        let media = answer.media.or_else(|| of_rows().filter(|_| is_silent).map(str::to_owned));
        Answer { media, ..answer }
    }

    /// Where the row is in the operation's answer. It counts as one if it has every field that isn't in the path: a missing
    /// one would be read as null.
    fn row_of_answer(&self, node: &Node<'a>) -> Option<Vec<String>> {
        let fields = self.fields.iter().filter(|field| field.place.is_none());
        let needed: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
        let find = |schema| answers::row(self.document, self.resource, schema, self.form, &needed);
        let schema = find_response(self.document, node)?.schema();
        match schema.pointer_of_reference() {
            Some(reference) => self.answered.borrow_mut().entry(reference).or_insert_with(|| find(schema)).clone(),
            None => find(schema),
        }
    }
}
