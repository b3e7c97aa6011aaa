//! A document and the files that it refers to, as one tree that refers only to itself.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostics::{Input, Problems};

/// The key in the first document's tree that holds the other documents, a list.
pub const OTHERS: &str = "x-sync-patterns-documents";

#[derive(Debug, Clone, Default)]
pub struct Tree {
    pub root: Value,
    /// Names of the schemas in other files, by their pointers in the tree.
    pub names: BTreeMap<String, String>,
    /// Pointers of those schemas, by name.
    pub named: BTreeMap<String, String>,
}

impl From<Value> for Tree {
    /// A document without references to other files.
    fn from(root: Value) -> Self {
        Self { root, ..Self::default() }
    }
}

/// The pointer in the tree to a place in one of the other documents.
pub fn pointer_of(other: usize, pointer: &str) -> String {
    format!("/{OTHERS}/{other}{pointer}")
}

/// The number of the other document that a pointer of the tree leads into, and the pointer there.
fn place(pointer: &str) -> Option<(usize, &str)> {
    let rest = pointer.strip_prefix('/')?.strip_prefix(OTHERS)?.strip_prefix('/')?;
    let (number, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((number.parse().ok()?, rest))
}

/// Moves problems from the tree to the files that they are in.
pub fn assign_files(problems: &mut Problems) {
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
    use super::*;

    #[test]
    fn pointers_into_other_files() {
        assert_eq!(place(&pointer_of(3, "/a/b")), Some((3, "/a/b")));
        assert_eq!(place(&pointer_of(12, "")), Some((12, "")));
        assert_eq!(place("/paths/~1a"), None);
        assert_eq!(place(&format!("/{OTHERS}/x/a")), None);
    }
}
