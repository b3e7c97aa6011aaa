//! Two schemas, one change after the other.

use super::change::{Change, Kind};
use super::effect::{Effect, Rows};
use super::quote::{name, names};
use super::{model, rename};
use crate::schema_json::document::{Document, Model};

/// What is different in `new`: of the database, then model by model in order of name, then of the types that models
/// share.
pub fn compare(old: &Document, new: &Document) -> Vec<Change> {
    let mut changes = models(old, new);
    if let Some(change) = database(old, new) {
        let nothing = || Effect::remark("Nothing besides, since the database is another one.");
        changes = changes.into_iter().map(|change| change.with_effect(nothing())).collect();
        changes.insert(0, change);
    }
    changes.extend(types(old, new));
    changes
}

/// Another database, whatever is in it, begins empty.
fn database(old: &Document, new: &Document) -> Option<Change> {
    let differs = |one: &Option<String>, other: &Option<String>| one.is_some() && one != other;
    let what = |label: &str, one: &Option<String>, other: &Option<String>| {
        differs(one, other).then(|| {
            let [one, other] = [one, other].map(|text| name(text.as_deref().unwrap_or_default()));
            format!("the {label} is {other}, no longer {one}")
        })
    };
    let parts =
        [what("database's adapter", &old.adapter, &new.adapter), what("database's name", &old.database, &new.database)];
    let sentence = parts.into_iter().flatten().collect::<Vec<_>>().join(", and ");
    if sentence.is_empty() {
        return None;
    }
    let effect = Effect::rows(Rows::FetchedAgain).refusable(
        "Devices open another database, and fetch all rows into it. Pending writes stay in the old one, where nothing \
         sends them.",
    );
    Some(Change::new(Kind::DatabaseChanged, sentence, effect))
}

fn models(old: &Document, new: &Document) -> Vec<Change> {
    let find = |schema: &'_ Document, name: &str| schema.models.iter().any(|model| model.name == name);
    let gone: Vec<&Model> = old.models.iter().filter(|model| !find(new, &model.name)).collect();
    let added: Vec<&Model> = new.models.iter().filter(|model| !find(old, &model.name)).collect();
    let renamed = rename::models(&gone, &added);

    let mut found: Vec<(&str, Vec<Change>)> = Vec::new();
    for model in gone.iter().filter(|model| !renamed.iter().any(|(from, _)| from.name == model.name)) {
        found.push((&model.name, vec![removed(model)]));
    }
    for model in &added {
        let from = renamed.iter().find(|(_, to)| to.name == model.name).map(|(from, _)| *from);
        found.push((&model.name, vec![from.map_or_else(|| self::added(model), |from| self::renamed(from, model))]));
    }
    for after in &new.models {
        if let Some(before) = old.models.iter().find(|model| model.name == after.name) {
            found.push((&after.name, model::changes(before, after)));
        }
    }
    found.sort_by_key(|(name, _)| *name);
    let of_model = |(name, changes): (&str, Vec<Change>)| {
        let name = name.to_owned();
        changes.into_iter().map(move |change| Change { model: Some(name.clone()), ..change })
    };
    found.into_iter().flat_map(of_model).collect()
}

fn added(model: &Model) -> Change {
    let number = model.fields.len();
    let columns = if number == 1 { "1 column".to_owned() } else { format!("{number} columns") };
    let effect = if model.is_local() { Effect::rows(Rows::Fetched) } else { Effect::not_local() };
    Change::new(Kind::ModelAdded, format!("the model is new: {columns}, key {}", names(&model.key)), effect)
}

fn removed(model: &Model) -> Change {
    Change::new(Kind::ModelRemoved, "the model is gone".to_owned(), Effect::leaving(model, Rows::Removed))
}

fn renamed(from: &Model, to: &Model) -> Change {
    let sentence = format!("the model looks renamed from {} (a guess)", name(&from.name));
    let rows = if to.is_local() { Rows::FetchedAgain } else { Rows::Removed };
    let remark = format!("For devices, {} is gone and {} is new.", name(&from.name), name(&to.name));
    Change::new(Kind::ModelRenamed, sentence, Effect::leaving(from, rows).saying(remark)).renamed_from(&from.name)
}

fn types(old: &Document, new: &Document) -> Vec<Change> {
    let mut all: Vec<&String> = old.types.keys().chain(new.types.keys()).collect();
    all.sort();
    all.dedup();
    let change = |ty: &String| {
        let what = match (old.types.get(ty), new.types.get(ty)) {
            (one, other) if one == other => return None,
            (None, _) => "is new",
            (_, None) => "is gone",
            _ => "is another one",
        };
        let effect = Effect::remark("Only TypeScript's types change.");
        Some(Change::new(Kind::SharedTypeChanged, format!("the shared type {} {what}", name(ty)), effect))
    };
    all.into_iter().filter_map(change).collect()
}
