//! What is different in a model that both schemas have.

use super::change::{Change, Kind, Severity};
use super::effect::{Effect, Rows};
use super::quote::{name, names};
use super::{column, endpoint};
use crate::model::KeyOrigin;
use crate::schema_json::document::Model;

/// Without the model's name.
pub fn changes(old: &Model, new: &Model) -> Vec<Change> {
    let own = [mode(old, new), key_origin(old, new), write_id(old, new), server(old, new)];
    let rest = [references(old, new), indexes(old, new), type_name(old, new), access(old, new)];
    let mut changes: Vec<Change> = own.into_iter().flatten().collect();
    changes.extend(endpoint::changes(old, new));
    changes.extend(column::changes(old, new));
    changes.extend(rest.into_iter().flatten());
    if !(old.is_local() && new.is_local()) {
        changes = changes.into_iter().map(|change| change.with_effect(Effect::not_local())).collect();
    } else if old.key != new.key {
        // No pending write is left that they could do something to.
        changes = changes.into_iter().map(Change::of_rows_alone).collect();
    }
    changes.splice(0..0, key(old, new));
    changes.splice(0..0, collections(old, new));
    changes
}

fn collections(old: &Model, new: &Model) -> Option<Change> {
    let (what, effect) = match (old.is_local(), new.is_local()) {
        (true, false) => ("is on Electric alone, no longer in the local database", Effect::leaving(old, Rows::Removed)),
        (false, true) => ("is in the local database, no longer on Electric alone", Effect::rows(Rows::Fetched)),
        _ => return None,
    };
    Some(Change::new(Kind::CollectionsChanged, format!("the model's collection {what}"), effect))
}

fn mode(old: &Model, new: &Model) -> Option<Change> {
    let (sentence, remark) = match (old.local_first, new.local_first) {
        (true, false) => (
            "writes are confirmed, no longer optimistic",
            "A write counts as saved once the server has taken it. Pending ones stay.",
        ),
        (false, true) => (
            "writes are optimistic, no longer confirmed",
            "A write counts as saved once it is on the device. Pending ones stay.",
        ),
        _ => return None,
    };
    let change = Change::new(Kind::ModeChanged, sentence.to_owned(), Effect::remark(remark));
    Some(change.at_least(Severity::Notice))
}

fn key(old: &Model, new: &Model) -> Option<Change> {
    if old.key == new.key {
        return None;
    }
    let sentence = format!("the key is {}, no longer {}", names(&new.key), names(&old.key));
    let is_local = old.is_local() && new.is_local();
    let effect = if is_local { Effect::leaving(old, Rows::FetchedAgain) } else { Effect::not_local() };
    Some(Change::new(Kind::KeyChanged, sentence, effect))
}

fn key_origin(old: &Model, new: &Model) -> Option<Change> {
    // Where there is no create, or was none, no row was without a key.
    if old.key_origin == new.key_origin || !old.can("create") || !new.can("create") {
        return None;
    }
    let sentence = match new.key_origin {
        KeyOrigin::Given => "the key of a new row has to be given",
        KeyOrigin::Client => "the client makes the key of a new row",
        KeyOrigin::Server => "the server makes the key of a new row",
    };
    let of_key = |model: &Model| model.key.first().and_then(|key| model.field(key)).map(|field| field.ty.clone());
    let effect = match (old.key_origin, new.key_origin) {
        _ if of_key(old) != of_key(new) => Effect::default(),
        (_, KeyOrigin::Server) => Effect::remark("Rows that weren't sent yet get another key when they are."),
        (KeyOrigin::Server, _) => Effect::default().refusable(
            "Rows that weren't sent yet have a temporary key, which is now sent as theirs: the API may refuse it.",
        ),
        _ => Effect::remark("Rows that weren't sent yet keep their keys."),
    };
    Some(Change::new(Kind::KeyOriginChanged, sentence.to_owned(), effect).at_least(Severity::Notice))
}

fn write_id(old: &Model, new: &Model) -> Option<Change> {
    let has = |model: &Model, place: &str| model.write_id.iter().any(|other| other == place);
    let differs: Vec<&str> =
        ["row", "create", "update"].into_iter().filter(|place| has(old, place) != has(new, place)).collect();
    if differs.is_empty() {
        return None;
    }
    let what = |place: &&str| {
        let word = if has(new, place) { "in" } else { "no longer in" };
        format!("{word} the {place}")
    };
    let sentence = format!("`write_id` is {}", differs.iter().map(what).collect::<Vec<_>>().join(", "));
    // The stream asks for one column more, or less: another shape.
    let rows = if differs.contains(&"row") { Rows::ReadAgain } else { Rows::Kept };
    Some(Change::new(Kind::WriteIdChanged, sentence, Effect::rows(rows)))
}

fn server(old: &Model, new: &Model) -> Option<Change> {
    let mut parts = Vec::new();
    if old.table() != new.table() {
        parts.push(format!("the server's table is {}, no longer {}", name(new.table()), name(old.table())));
    }
    let server_name = |model: &Model, column: &str| model.server.columns.get(column).cloned();
    for field in new.fields.iter().filter(|field| old.field(&field.name).is_some()) {
        let [before, after] = [old, new].map(|model| server_name(model, &field.name));
        if before != after {
            let on_server = after.as_deref().unwrap_or(&field.name);
            parts.push(format!("the server calls {} {}", name(&field.name), name(on_server)));
        }
    }
    let effect = Effect::rows(Rows::FetchedAgain);
    (!parts.is_empty()).then(|| Change::new(Kind::ServerChanged, parts.join(", "), effect))
}

fn references(old: &Model, new: &Model) -> Option<Change> {
    let mut parts: Vec<String> = Vec::new();
    for (column, parent) in &new.references {
        if old.references.get(column) != Some(parent) {
            parts.push(format!("{} refers to {}", name(column), name(parent)));
        }
    }
    for column in old.references.keys().filter(|column| !new.references.contains_key(*column)) {
        parts.push(format!("{} refers to no model any more", name(column)));
    }
    let effect = Effect::remark("Pending writes stay; a row waits for those that it refers to.");
    (!parts.is_empty()).then(|| Change::new(Kind::ReferencesChanged, parts.join(", "), effect))
}

fn indexes(old: &Model, new: &Model) -> Option<Change> {
    let effect = Effect::remark("Devices make the indexes anew.");
    (old.indexes != new.indexes).then(|| Change::new(Kind::IndexesChanged, "the indexes are others".to_owned(), effect))
}

fn type_name(old: &Model, new: &Model) -> Option<Change> {
    let sentence = format!("the type of a row is called {}, no longer {}", name(&new.ty), name(&old.ty));
    let effect = Effect::remark("Only TypeScript's types change.");
    (old.ty != new.ty).then(|| Change::new(Kind::TypeNameChanged, sentence, effect))
}

fn access(old: &Model, new: &Model) -> Option<Change> {
    let effect = Effect::remark("Only the generated metadata changes.");
    let sentence = "field groups or role permissions are others".to_owned();
    (old.rbac != new.rbac).then(|| Change::new(Kind::AccessChanged, sentence, effect))
}
