//! A document and the files that it refers to, as one tree that refers only to itself.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostics::{Input, Problems};

/// Where in the first document's tree the others are: a list.
pub const OTHERS: &str = "x-sync-patterns-documents";

#[derive(Debug, Clone, Default)]
pub struct Tree {
    pub root: Value,
    /// What the schemas of the other files are called, by their pointers in the tree.
    pub names: BTreeMap<String, String>,
    /// Where the schema of such a name is.
    pub named: BTreeMap<String, String>,
}

impl From<Value> for Tree {
    /// A document that is complete.
    fn from(root: Value) -> Self {
        Self { root, ..Self::default() }
    }
}

/// The pointer in the tree to something in one of the others.
pub fn pointer_of(other: usize, pointer: &str) -> String {
    format!("/{OTHERS}/{other}{pointer}")
}

/// Which of the others a pointer of the tree leads into, and where in it.
fn place(pointer: &str) -> Option<(usize, &str)> {
    let rest = pointer.strip_prefix('/')?.strip_prefix(OTHERS)?.strip_prefix('/')?;
    let (number, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((number.parse().ok()?, rest))
}

/// Says of the problems where the tree as it was written has what they are about, or the nearest parent of it. A list of
/// types is understood as an `anyOf` that isn't there: what it leads to stands beside the list.
pub fn tell_places(root: &Value, problems: &mut Problems) {
    for problem in problems.iter_mut().filter(|problem| problem.input == Input::Spec) {
        if root.pointer(&problem.pointer).is_none() {
            problem.pointer = written(root, &problem.pointer);
        }
    }
}

fn written(root: &Value, pointer: &str) -> String {
    let mut found = String::new();
    let mut tokens = pointer.split('/').skip(1);
    while let Some(token) = tokens.next() {
        let next = format!("{found}/{token}");
        if root.pointer(&next).is_some() {
            found = next;
        } else if token == "anyOf" {
            tokens.next();
        } else {
            break;
        }
    }
    found
}

/// Says of the problems in the tree which file they are in.
pub fn tell_files(problems: &mut Problems) {
    for problem in problems.iter_mut().filter(|problem| problem.input == Input::Spec) {
        if let Some((other, pointer)) = place(&problem.pointer) {
            let inside = pointer_of(other, "");
            problem.help = problem.help.take().map(|help| help.replace(&inside, ""));
            problem.input = Input::Document(other);
            problem.pointer = pointer.to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_in_a_list_have_no_place_of_their_own() {
        let root = json!({ "a": { "type": ["array", "null"], "items": { "anyOf": [{}] } } });
        assert_eq!(written(&root, "/a/anyOf/0/items/anyOf/0"), "/a/items/anyOf/0");
        assert_eq!(written(&root, "/a/anyOf/1"), "/a");
        assert_eq!(written(&root, "/a/items/properties/b"), "/a/items");
    }

    #[test]
    fn pointers_into_other_files() {
        assert_eq!(place(&pointer_of(3, "/a/b")), Some((3, "/a/b")));
        assert_eq!(place(&pointer_of(12, "")), Some((12, "")));
        assert_eq!(place("/paths/~1a"), None);
        assert_eq!(place(&format!("/{OTHERS}/x/a")), None);
    }
}
