//! Finds the references of a document, and reports those that can't be resolved.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::pointer::local_pointer;
use super::tree::OTHERS;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, push_token};

/// How many problems are reported one by one.
const MOST: usize = 8;

/// The kind of a value, given by its position in the document. Data that looks like a reference, in an example, isn't
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    Schema,
    /// A map from names to schemas.
    Schemas,
    /// Any other object with keywords.
    Node,
    /// A map from names to nodes.
    Nodes,
}

impl Position {
    /// The kind of a member's value; `None` for data.
    fn of(self, key: &str) -> Option<Self> {
        match self {
            Self::Schemas => return Some(Self::Schema),
            Self::Nodes => return Some(Self::Node),
            Self::Schema | Self::Node => {}
        }
        match key {
            "example" | "examples" | "default" | "enum" | "const" => None,
            key if key.starts_with("x-") => None,
            "properties" | "patternProperties" | "schemas" | "definitions" | "$defs" => Some(Self::Schemas),
            "schema" => Some(Self::Schema),
            "responses" | "parameters" | "headers" | "requestBodies" | "callbacks" | "links" | "securitySchemes"
                if self == Self::Node =>
            {
                Some(Self::Nodes)
            }
            _ => Some(self),
        }
    }
}

/// A `$ref`, and the position of the object that has it.
#[derive(Debug)]
pub struct Reference<'a, 'p> {
    pub text: &'a str,
    pub position: Position,
    /// The pointer where the walk began, and the tokens from there.
    start: &'p str,
    way: &'p [Token<'a>],
}

#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    Key(&'a str),
    Index(usize),
}

impl Reference<'_, '_> {
    /// Built on demand: most references need no message.
    pub fn pointer(&self) -> String {
        let mut pointer = self.start.to_owned();
        for token in self.way {
            match token {
                Token::Key(key) => push_token(&mut pointer, key),
                Token::Index(index) => push_token(&mut pointer, &index.to_string()),
            }
        }
        pointer
    }
}

/// Calls `report` for each reference in a value.
pub fn each<'a>(value: &'a Value, start: &str, position: Position, report: &mut impl FnMut(Reference<'a, '_>)) {
    walk(value, start, &mut Vec::new(), position, report);
}

/// Leaves `way` as it was.
fn walk<'a>(
    value: &'a Value,
    start: &str,
    way: &mut Vec<Token<'a>>,
    position: Position,
    report: &mut impl FnMut(Reference<'a, '_>),
) {
    match value {
        Value::Object(object) => {
            // A property may be called `$ref`: its value is a schema, not text.
            if let Some((_, Value::String(text))) = object.iter().find(|(key, _)| *key == "$ref") {
                report(Reference { text, position, start, way });
            }
            for (key, value) in object.iter().filter(|(_, value)| value.is_object() || value.is_array()) {
                if let Some(position) = position.of(key) {
                    way.push(Token::Key(key));
                    walk(value, start, way, position, report);
                    way.pop();
                }
            }
        }
        Value::Array(items) => {
            // Parameters may be a list instead of a map.
            let position = if position == Position::Nodes { Position::Node } else { position };
            for (index, item) in items.iter().enumerate().filter(|(_, item)| item.is_object() || item.is_array()) {
                way.push(Token::Index(index));
                walk(item, start, way, position, report);
                way.pop();
            }
        }
        _ => {}
    }
}

/// Warns once of each target that doesn't exist in the document. Targets in other files are checked when those are read.
pub fn check(root: &Value, problems: &mut Problems) {
    let others = format!("#/{OTHERS}/");
    let mut met = HashSet::new();
    let mut missing = BTreeMap::new();
    each(root, "", Position::Node, &mut |reference| {
        if !met.insert(reference.text) {
            return;
        }
        let elsewhere = !reference.text.starts_with('#') || reference.text.starts_with(&others);
        let found = || local_pointer(reference.text).is_some_and(|pointer| root.pointer(&pointer).is_some());
        if !elsewhere && !found() {
            missing.insert(reference.text, reference.pointer());
        }
    });
    let missing = missing.into_iter().map(|(reference, pointer)| {
        let message = format!("`{reference}` doesn't exist in the document");
        Problem::new(Severity::Warning, Code::Unresolved, (Input::Spec, &pointer), message)
            .help("correct the name, or add what is missing")
    });
    let mut missing: Vec<Problem> = missing.collect();
    missing.sort_by(|one, two| one.pointer.cmp(&two.pointer));
    report(missing, problems);
}

/// Reports the first unresolved references, and the number of the others.
pub fn report(missing: Vec<Problem>, problems: &mut Problems) {
    let count = missing.len();
    missing.into_iter().take(MOST).for_each(|problem| problems.push(problem));
    if count > MOST {
        let message = format!("{} more references can't be resolved", count - MOST);
        problems.push(Problem::new(Severity::Warning, Code::Unresolved, (Input::Spec, ""), message));
    }
}
