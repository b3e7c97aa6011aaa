//! Kinds of documents that real APIs have: a small one for each in `kinds`, with what is right under `x-expected`, and under
//! `x-config` what the config says of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Map, Value, json};

use crate::case;
use sync_patterns::config::{self, Overrides, References};
use sync_patterns::diagnostics::{Code, Problems, Severity};
use sync_patterns::model::{Constant, Field, Filling, Model, Operation, Surveyed};
use sync_patterns::openapi::fetch::{self, Access};
use sync_patterns::survey;

pub fn cases() -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/kinds");
    let entries = fs::read_dir(folder).expect("the kinds").map(|entry| entry.expect("one").path());
    let mut documents: Vec<PathBuf> = entries.collect();
    documents.sort();
    let name = |document: &Path| document.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    documents
        .into_iter()
        .map(|document| case(format!("kinds::{}", name(&document)), move || check(&document)))
        .collect()
}

fn check(document: &Path) {
    let access = Access { headers: Vec::new(), timeout: Duration::from_secs(1), references: References::Folder };
    let location = config::SpecLocation::File(document.to_owned());
    let spec = fetch::read(&location, access, &mut Problems::default()).expect("a document that can be read");
    let tree = spec.tree.expect("a document");
    let expected = tree.root["x-expected"].clone();
    let mut said = json!({ "version": 1, "spec": document.to_string_lossy(), "output": "generated", "sync": "all" });
    let own = tree.root.get("x-config").and_then(Value::as_object).cloned().unwrap_or_default();
    said.as_object_mut().expect("a mapping").extend(own);
    let mut problems = Problems::default();
    let folder = document.parent().expect("a folder");
    let config = config::read(&said, folder, &Overrides::default(), &mut problems).expect("a config");
    let found = survey(tree, &config, &mut problems).expect("a document that can be used");

    let mut shown = Map::new();
    for Surveyed { model, notes, guesses, .. } in &found.models {
        let mut one = shown_model(model);
        if model.fields.iter().any(|field| !field.place.is_empty()) {
            let always = model.fields.iter().filter(|field| !field.nullable).map(|field| field.name.as_str());
            one.insert("not null".to_owned(), always.collect::<Vec<_>>().join(", ").into());
            let guesses: Vec<&str> = guesses.iter().map(|guess| guess.what.as_str()).collect();
            one.insert("guesses".to_owned(), json!(guesses));
        }
        if !notes.is_empty() {
            one.insert("notes".to_owned(), json!(notes));
        }
        shown.insert(model.name.clone(), Value::Object(one));
    }
    let left_out: Map<String, Value> =
        found.left_out.iter().map(|one| (one.path.clone(), one.why.clone().into())).collect();
    if !left_out.is_empty() {
        shown.insert("left out".to_owned(), Value::Object(left_out));
    }
    let unused = problems.iter().filter(|problem| problem.code == Code::UnusedParameter);
    let unused: Vec<&str> = unused.map(|problem| problem.message.as_str()).collect();
    if !unused.is_empty() {
        shown.insert("unused".to_owned(), json!(unused));
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let errors: Vec<&str> = errors.map(|problem| problem.message.as_str()).collect();
    if !errors.is_empty() {
        shown.insert("errors".to_owned(), json!(errors));
    }
    let pretty = |value: &Value| serde_json::to_string_pretty(value).expect("JSON");
    assert_eq!(pretty(&sorted(&Value::Object(shown))), pretty(&sorted(&expected)), "{}", document.display());
}

/// In order of name, so that the order of a document's keys doesn't count.
fn sorted(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
    members.sort_by(|one, other| one.0.cmp(&other.0));
    Value::Object(members.into_iter().collect())
}

fn shown_model(model: &Model) -> Map<String, Value> {
    let place = |field: &Field| match field.place.as_slice() {
        [] => String::new(),
        place => format!(" at {}", place.join(".")),
    };
    let columns: Vec<String> =
        model.fields.iter().map(|field| format!("{} {:?}{}", field.name, field.ty, place(field))).collect();
    let mut shown = Map::new();
    shown.insert("type".to_owned(), model.type_name.clone().into());
    shown.insert("key".to_owned(), model.key.join(" + ").into());
    shown.insert("columns".to_owned(), columns.join(", ").into());
    let operations = &model.operations;
    let all = [
        ("list", &operations.list),
        ("get", &operations.get),
        ("create", &operations.create),
        ("update", &operations.update),
        ("delete", &operations.delete),
    ];
    for (name, operation) in all {
        let Some(operation) = operation else { continue };
        shown.insert(name.to_owned(), shown_operation(operation).into());
    }
    if !model.references.is_empty() {
        let references: Vec<String> =
            model.references.iter().map(|(field, parent)| format!("{field}: {parent}")).collect();
        shown.insert("references".to_owned(), references.join(", ").into());
    }
    if !model.inputs.is_empty() {
        let inputs = model.inputs.iter().map(|input| match &input.parent {
            Some(parent) => format!("{} (of {parent})", input.name),
            None => input.name.clone(),
        });
        let inputs: Vec<String> = inputs.collect();
        shown.insert("inputs".to_owned(), inputs.join(", ").into());
    }
    shown
}

/// `PUT /things/{id}, id: key, takes name (as title), rate (as string) under thing, application/merge-patch+json`
fn shown_operation(operation: &Operation) -> String {
    let mut text = format!("{} {}", format!("{:?}", operation.method).to_uppercase(), operation.path);
    for (parameter, field) in operation.parameters.iter().filter(|(parameter, field)| parameter != field) {
        text += &format!(", {parameter}: {field}");
    }
    let query = operation.query.iter().map(|one| (format!("?{}", one.name), &one.filling));
    for (name, filling) in query.chain(operation.headers.iter().map(|one| (one.name.clone(), &one.filling))) {
        text += &match filling {
            Filling::Field(field) => format!(", {name}: {field}"),
            Filling::Value(value) => format!(", {name} = {value}"),
            Filling::WriteId => format!(", {name}: the write's id"),
        };
    }
    let taken = operation.body.iter().map(|field| {
        let name = operation.names.iter().find(|(own, _)| own == field).map(|(_, name)| format!(" (as {name})"));
        let cast = operation.casts.iter().find(|(own, _)| own == field);
        let cast = cast.map(|(_, cast)| format!(" (as {})", format!("{cast:?}").to_lowercase()));
        let place = operation.places.iter().find(|(own, _)| own == field);
        let place = place.map(|(_, place)| format!(" (at {})", place.join(".")));
        let is_required = if operation.required.contains(field) { " (always)" } else { "" };
        let is_required = if operation.nulls.contains(field) { " (or null)" } else { is_required };
        format!(
            "{field}{}{}{}{is_required}",
            name.unwrap_or_default(),
            cast.unwrap_or_default(),
            place.unwrap_or_default()
        )
    });
    let taken: Vec<String> = taken.collect();
    if !taken.is_empty() {
        text += &format!(", takes {}", taken.join(", "));
    }
    for Constant { place, value } in &operation.constants {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text += &format!(", {} = {value}", place.join("."));
    }
    text += &operation.envelope.as_ref().map(|name| format!(" under {name}")).unwrap_or_default();
    text += &operation.media.as_ref().map(|media| format!(", {media}")).unwrap_or_default();
    text
}
