//! Reads what the config says of each model.

use indexmap::IndexMap;
use serde_json::Value;

use super::choices::{Collections, Conflict, Transport};
use super::keys::{Reader, pairs, string, strings, wrong_type};
use super::list;
use super::model::{Columns, ModelConfig, ModelEntry};
use super::server;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child};

pub const COLLECTIONS: &[(&str, Collections)] = &[("local", Collections::Local), ("electric", Collections::Electric)];

/// PostgreSQL's limit.
const MAX_INDEX_COLUMNS: usize = 32;

/// The entries below `models`.
pub fn models(reader: &mut Reader, problems: &mut Problems) -> IndexMap<String, ModelEntry> {
    let mut models = IndexMap::new();
    let Some((value, pointer)) = reader.take("models") else { return models };
    let Value::Object(entries) = value else {
        wrong_type(&pointer, "a mapping of model names", value, problems);
        return models;
    };
    for (name, value) in entries {
        let pointer = child(&pointer, name);
        if name.is_empty() || name.contains('\0') {
            problems.error(Code::BadName, (Input::Config, &pointer), "a model needs a name");
            continue;
        }
        let entry = match value {
            Value::Bool(false) => Some(ModelEntry::Exclude),
            Value::Bool(true) | Value::Null => Some(ModelEntry::Include(Box::default())),
            value => model(value, &pointer, problems).map(|model| ModelEntry::Include(Box::new(model))),
        };
        models.extend(entry.map(|entry| (name.clone(), entry)));
    }
    models
}

fn model(value: &Value, pointer: &str, problems: &mut Problems) -> Option<ModelConfig> {
    let mut reader = Reader::new(value, pointer, problems)?;
    let (rbac, owner_only) = rbac(&mut reader, problems);
    let model = ModelConfig {
        path: reader.string("path", problems),
        local_first: reader.bool("local_first", problems),
        exclude: reader.strings("exclude", problems).unwrap_or_default(),
        key: key(&mut reader, problems),
        table: reader.string("table", problems),
        columns: columns(&mut reader, problems),
        write_id: reader.bool("write_id", problems),
        references: reader.pairs("references", problems).unwrap_or_default(),
        indexes: indexes(&mut reader, problems),
        collections: reader.choice("collections", COLLECTIONS, problems),
        transport: transport(&mut reader, problems),
        list: list::read(&mut reader, problems),
        scope: server::scope(&mut reader, problems),
        conflict: reader.choice("conflict", &Conflict::ALL.map(|conflict| (conflict.word(), conflict)), problems),
        soft_delete: list::choice(&mut reader, "soft_delete", problems),
        priority: priority(&mut reader, problems),
        rbac,
        owner_only,
    };
    if let Some(path) = model.path.as_ref().filter(|path| !path.starts_with('/')) {
        let message = format!("`{path}` isn't a path: paths begin with /");
        problems.error(Code::BadPath, (Input::Config, &child(pointer, "path")), message);
    }
    for (place, name) in model.used_fields().iter().filter(|(_, name)| model.exclude.iter().any(|other| other == name))
    {
        let at = format!("{pointer}{place}");
        let key = place.rsplit_once('/').map_or("", |(key, _)| key.trim_start_matches('/')).replace('/', ".");
        let message = format!("`{key}` uses `{name}`, which `exclude` leaves out");
        let problem = Problem::new(Severity::Error, Code::ExcludedField, (Input::Config, &at), message);
        problems.push(problem.help(format!("remove `{name}` from one of the two")));
    }
    reader.finish(problems);
    Some(model)
}

pub fn transport(reader: &mut Reader, problems: &mut Problems) -> Option<Transport> {
    reader.choice("transport", &Transport::ALL.map(|transport| (transport.word(), transport)), problems)
}

fn priority(reader: &mut Reader, problems: &mut Problems) -> Option<i64> {
    let (value, pointer) = reader.take("priority")?;
    if value.as_i64().is_none() {
        wrong_type(&pointer, "a whole number", value, problems);
    }
    value.as_i64()
}

fn key(reader: &mut Reader, problems: &mut Problems) -> Option<Vec<String>> {
    let (value, pointer) = reader.take("key")?;
    let key = strings(value, &pointer, problems)?;
    if key.is_empty() {
        problems.error(Code::EmptyValue, (Input::Config, &pointer), "a key needs at least one field");
    }
    check_column_list(&key, &pointer, problems);
    (!key.is_empty()).then_some(key)
}

fn columns(reader: &mut Reader, problems: &mut Problems) -> Columns {
    match reader.take("columns") {
        None => Columns::AsProperties,
        Some((Value::String(word), _)) if word == "snake" => Columns::Snake,
        Some((value @ Value::Object(_), pointer)) => {
            Columns::Named(pairs(value, &pointer, problems).unwrap_or_default())
        }
        Some((value, pointer)) => {
            wrong_type(&pointer, "`snake`, or a mapping of property names to column names", value, problems);
            Columns::AsProperties
        }
    }
}

fn indexes(reader: &mut Reader, problems: &mut Problems) -> Vec<Vec<String>> {
    let Some((value, pointer)) = reader.take("indexes") else { return Vec::new() };
    let Value::Array(items) = value else {
        wrong_type(&pointer, "a list of lists of fields, such as [[created_at]]", value, problems);
        return Vec::new();
    };
    let mut indexes = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        let fields = match item {
            // One field needs no list of its own.
            Value::String(_) => string(item, &pointer, problems).map(|field| vec![field]),
            item => strings(item, &pointer, problems),
        };
        if let Some(fields) = fields.filter(|fields| !fields.is_empty()) {
            check_column_list(&fields, &pointer, problems);
            indexes.push(fields);
        }
    }
    indexes
}

/// Checks a list of columns against what databases allow.
fn check_column_list(fields: &[String], pointer: &str, problems: &mut Problems) {
    let twice =
        fields.iter().enumerate().find(|(index, field)| fields.iter().take(*index).any(|other| other == *field));
    if let Some((_, field)) = twice {
        problems.error(Code::Repeated, (Input::Config, pointer), format!("`{field}` is listed twice"));
    }
    if fields.len() > MAX_INDEX_COLUMNS {
        let message = format!("{} fields: an index can have at most {MAX_INDEX_COLUMNS}", fields.len());
        problems.error(Code::TooManyFields, (Input::Config, pointer), message);
    }
}

/// The metadata as it is, and the fields under its `owner_only`.
fn rbac(reader: &mut Reader, problems: &mut Problems) -> (Option<Value>, Vec<String>) {
    let Some((value, pointer)) = reader.take("rbac") else { return (None, Vec::new()) };
    let Some(mut rbac) = Reader::new(value, &pointer, problems) else { return (None, Vec::new()) };
    let mut kept = serde_json::Map::new();
    for key in ["field_groups", "role_permissions"] {
        if let Some((value, pointer)) = rbac.take(key) {
            if !value.is_object() {
                wrong_type(&pointer, "a mapping", value, problems);
            }
            kept.insert(key.to_owned(), value.clone());
        }
    }
    let owner_only = rbac.strings("owner_only", problems).unwrap_or_default();
    rbac.finish(problems);
    ((!kept.is_empty()).then_some(Value::Object(kept)), owner_only)
}
