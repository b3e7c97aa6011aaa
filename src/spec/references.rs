//! References that lead nowhere, found before they are missed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::local_pointer;
use crate::diagnostics::{Input, Problem, Problems, Severity, child};

/// Reported one by one up to this many.
const MOST: usize = 8;

/// Warns of every target that isn't there, once each. What merely looks like a reference (data in an example) is passed over.
pub fn check(root: &Value, problems: &mut Problems) {
    let mut missing = BTreeMap::new();
    walk(root, root, String::new(), false, &mut missing);
    let count = missing.len();
    let mut in_order: Vec<_> = missing.into_iter().collect();
    in_order.sort_by(|one, two| one.1.cmp(&two.1));
    for (reference, pointer) in in_order.into_iter().take(MOST) {
        let (message, help) = if reference.starts_with('#') {
            (
                format!("`{reference}` refers to something that isn't in the document"),
                "correct the name, or add what is missing",
            )
        } else {
            (
                format!("`{reference}` refers to another document, which isn't read"),
                "bundle the documents into one file first, for example with `npx @redocly/cli bundle`",
            )
        };
        problems.push(Problem::new(Severity::Warning, "unresolved", (Input::Spec, &pointer), message).help(help));
    }
    if count > MOST {
        let message = format!("{} more references lead nowhere", count - MOST);
        problems.push(Problem::new(Severity::Warning, "unresolved", (Input::Spec, ""), message));
    }
}

/// `names`: the keys of this object are names that the document gives, not keywords.
fn walk(root: &Value, value: &Value, pointer: String, names: bool, missing: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref")
                && !names
            {
                let found = local_pointer(reference).is_some_and(|pointer| root.pointer(&pointer).is_some());
                if !found {
                    missing.entry(reference.clone()).or_insert_with(|| pointer.clone());
                }
            }
            for (key, value) in object {
                let is_data = !names
                    && (matches!(key.as_str(), "example" | "examples" | "default" | "enum" | "const")
                        || key.starts_with("x-"));
                if !is_data && (value.is_object() || value.is_array()) {
                    let names = !names
                        && matches!(key.as_str(), "properties" | "patternProperties" | "schemas" | "definitions");
                    walk(root, value, child(&pointer, key), names, missing);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(root, item, format!("{pointer}/{index}"), false, missing);
            }
        }
        _ => {}
    }
}
