//! What the operations of a resource are checked with, and what is said of those that can't be used.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::Value;

use super::bodies::Bodies;
use crate::discovery::{Form, PathItem, Resource};
use crate::model::build::shapes::Types;
use crate::model::list::Answer;
use crate::model::project::{FieldType, Method, Operation};
use crate::openapi::{Document, Node};

/// The part of a field that writing needs.
pub struct RowField {
    pub name: String,
    pub ty: FieldType,
    /// What a value is one of; empty where it can be anything of its type.
    pub choices: Vec<Value>,
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
    pub bodies: &'w Bodies<'a>,
    /// Of the rows.
    pub form: Form<'a>,
    pub fields: &'w [RowField],
    pub key: &'w [String],
    /// The key without the columns from the path.
    pub own_key: &'w [String],
    /// Whether writes go to the API itself, and not to a sync server, which takes rows and nothing beside them.
    pub is_for_api: bool,
    /// Whether every write has its id in the header `Idempotency-Key`.
    pub is_keyed: bool,
    /// Values of parameters, from the config.
    pub params: &'w [(String, String)],
    /// Where the row is in an answer, by what the answer refers to: as a rule all operations answer the same, and to find
    /// the row in each took a tenth of what a model takes.
    pub answered: RefCell<HashMap<&'a str, Option<Vec<String>>>>,
}

/// The reason why an operation can't be used, with its pointer.
pub struct Unusable {
    pub pointer: String,
    pub reason: String,
    /// The parameters that only the config can fill.
    pub parameters: Vec<String>,
    /// Where the operation is, if the pointer leads elsewhere.
    pub operation: Option<String>,
}

impl Unusable {
    pub fn because(node: &Node, reason: impl Into<String>) -> Self {
        Self::at(&node.pointer, reason)
    }

    pub fn at(pointer: &str, reason: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), reason: reason.into(), parameters: Vec::new(), operation: None }
    }
}

pub type Outcome<T> = Result<Option<T>, Unusable>;

pub fn bodiless(method: Method, item: &PathItem, parameters: Vec<(String, String)>) -> Operation {
    Operation {
        method,
        path: item.sent(),
        parameters,
        query: Vec::new(),
        headers: Vec::new(),
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
