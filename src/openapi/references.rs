//! The references of a document, and those that lead nowhere, found before they are missed.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::pointer::local_pointer;
use super::tree::OTHERS;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, push_token};

/// Reported one by one up to this many.
const MOST: usize = 8;

/// What a value is, by where it stands. What merely looks like a reference (data in an example) isn't one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    Schema,
    /// Names that the document gives, and a schema of each.
    Schemas,
    /// Anything else that has keywords.
    Node,
    /// Names that the document gives, and a node of each.
    Nodes,
}

impl Position {
    /// What the value of a key is. `None` where it is data.
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

/// A `$ref`, and where the object is that has it.
#[derive(Debug)]
pub struct Reference<'a, 'p> {
    pub text: &'a str,
    pub position: Position,
    /// Where the walk began, and the way from there.
    start: &'p str,
    way: &'p [Token<'a>],
}

#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    Key(&'a str),
    Index(usize),
}

impl Reference<'_, '_> {
    /// Written down only where it is asked for: most references are where they should be.
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

/// Reports the references in a value.
pub fn each<'a>(value: &'a Value, start: &str, position: Position, report: &mut impl FnMut(Reference<'a, '_>)) {
    walk(value, start, &mut Vec::new(), position, report);
}

/// `way` is the same again afterwards.
fn walk<'a>(
    value: &'a Value,
    start: &str,
    way: &mut Vec<Token<'a>>,
    position: Position,
    report: &mut impl FnMut(Reference<'a, '_>),
) {
    match value {
        Value::Object(object) => {
            // What merely has that name, such as a property, is no text.
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
            // A list of parameters has no names.
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

/// Warns of every target in the document that isn't there, once each. Of other documents whoever read them has told.
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
        let message = format!("`{reference}` refers to something that isn't in the document");
        Problem::new(Severity::Warning, Code::Unresolved, (Input::Spec, &pointer), message)
            .help("correct the name, or add what is missing")
    });
    let mut missing: Vec<Problem> = missing.collect();
    missing.sort_by(|one, two| one.pointer.cmp(&two.pointer));
    report(missing, problems);
}

/// Reports the first few of references that lead nowhere, and how many more there are.
pub fn report(missing: Vec<Problem>, problems: &mut Problems) {
    let count = missing.len();
    missing.into_iter().take(MOST).for_each(|problem| problems.push(problem));
    if count > MOST {
        let message = format!("{} more references lead nowhere", count - MOST);
        problems.push(Problem::new(Severity::Warning, Code::Unresolved, (Input::Spec, ""), message));
    }
}
