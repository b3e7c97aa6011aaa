//! Who may see and edit what, as the spec or the config says it.

use serde_json::{Map, Value};

use super::literal::Language;
use crate::model::Model;

pub fn has_metadata(model: &Model) -> bool {
    !metadata(model).is_empty()
}

/// The metadata as an object literal, which takes several lines: then it doesn't matter what stands around it.
pub fn value(model: &Model) -> String {
    Language::TypeScript.lines(&Value::Object(metadata(model)))
}

fn metadata(model: &Model) -> Map<String, Value> {
    let mut metadata = model.rbac.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let owner_only: Vec<Value> =
        model.fields.iter().filter(|field| field.owner_only).map(|field| field.name.as_str().into()).collect();
    if !owner_only.is_empty() {
        metadata.insert("owner_only".to_owned(), Value::Array(owner_only));
    }
    metadata
}
