//! What is different in the sync server's tables, and what that asks of whoever runs `schema.sql` on them. The words say what
//! `sync_upgrade` in `upgrade.sql` does.

mod change;
mod column;
mod existing;
mod pair;
mod policy;
mod server;

pub use change::{MEANINGS, TableChange, TableKind};

use pair::Pair;

use super::change::Severity;
use super::quote::statement;
use super::rename;
use super::step::{self, Phase};
use crate::schema_json::document::{Document, Model, Table};

/// What is different in the tables of `new`, model by model in order of name.
pub fn compare(old: &Document, new: &Document) -> Vec<TableChange> {
    let changes = of_own(old, new);
    let is_gone = new.server.is_none() && are_existing(old);
    if is_gone || are_existing(new) { changes.into_iter().filter_map(existing::of).collect() } else { changes }
}

/// Whether the tables are another application's.
pub fn are_existing(document: &Document) -> bool {
    document.server.is_some_and(|server| server.existing)
}

/// The same of tables that `schema.sql` makes.
fn of_own(old: &Document, new: &Document) -> Vec<TableChange> {
    let whole =
        |kind, sentence: &str, effect: &str| vec![TableChange::new(kind, Severity::Info, sentence.to_owned(), effect)];
    match (old.tables.is_empty(), new.tables.is_empty()) {
        (true, true) => return Vec::new(),
        (true, false) => {
            let effect = "`schema.sql` makes the tables that aren't there, and refuses what doesn't fit one that is.";
            return whole(TableKind::ServerAdded, "there is nothing to compare the tables with", effect);
        }
        (false, true) => {
            let effect = "Its tables stay, with their rows and triggers.";
            return whole(TableKind::ServerRemoved, "there is no sync server any more", effect);
        }
        (false, false) => {}
    }
    let of = |schema: &'_ Document, other: &Document| -> Vec<String> {
        schema.tables.keys().filter(|name| !other.tables.contains_key(*name)).cloned().collect()
    };
    fn models<'a>(schema: &'a Document, names: &[String]) -> Vec<&'a Model> {
        schema.models.iter().filter(|model| names.contains(&model.name)).collect()
    }
    let [gone, added] = [of(old, new), of(new, old)];
    let (gone, added) = (models(old, &gone), models(new, &added));
    let renamed = rename::models(&gone, &added);

    let mut found: Vec<(&str, Vec<TableChange>)> = Vec::new();
    for model in gone.iter().filter(|model| !renamed.iter().any(|(from, _)| from.name == model.name)) {
        found.extend(old.tables.get(&model.name).map(|table| (model.name.as_str(), vec![removed(table)])));
    }
    for model in &added {
        let from =
            renamed.iter().find(|(_, to)| to.name == model.name).and_then(|(from, _)| old.tables.get(&from.name));
        let Some(table) = new.tables.get(&model.name) else { continue };
        let change = from.map_or_else(|| self::added(table), |from| moved(from, table, true));
        found.push((&model.name, vec![change]));
    }
    for after in &new.models {
        let before = old.models.iter().find(|model| model.name == after.name);
        let tables = old.tables.get(&after.name).zip(new.tables.get(&after.name));
        if let (Some(before), Some((old, new))) = (before, tables) {
            found.push((&after.name, of_both(&Pair { old: before, new: after, before: old, after: new })));
        }
    }
    found.sort_by_key(|(name, _)| *name);
    let of_model = |(name, changes): (&str, Vec<TableChange>)| {
        let name = name.to_owned();
        changes.into_iter().map(move |change| TableChange { model: Some(name.clone()), ..change })
    };
    server::changes(old, new).into_iter().chain(found.into_iter().flat_map(of_model)).collect()
}

fn added(table: &Table) -> TableChange {
    let sentence = format!("the table {} is new", statement(&table.name));
    TableChange::new(TableKind::TableAdded, Severity::Info, sentence, "`schema.sql` makes it.")
}

fn removed(table: &Table) -> TableChange {
    let sentence = format!("no model has the table {} any more", statement(&table.name));
    let effect = "The table stays with its rows, and no client gets them.";
    let drop = format!("DROP TABLE {}", table.name);
    let loss = format!("{} loses its rows.", statement(&drop));
    TableChange::new(TableKind::TableRemoved, Severity::Notice, sentence, effect)
        .losing(Some(loss))
        .yours(Phase::Drop, drop)
}

/// The same rows are to be in another table.
fn moved(before: &Table, after: &Table, is_guess: bool) -> TableChange {
    let [old, new] = [before, after].map(|table| statement(&table.name));
    let sentence = if is_guess {
        format!("the table {new} looks renamed from {old} (a guess)")
    } else {
        format!("the table is {new}, no longer {old}")
    };
    let effect = format!(
        "`schema.sql` makes an empty table, and the rows stay in the old one, where no client gets them. So that they \
         move, give {old} the name {new} before (`ALTER TABLE … RENAME TO …`, `SET SCHEMA …`)."
    );
    let change = TableChange::new(TableKind::TableRenamed, Severity::Breaking, sentence, effect);
    step::rename(&before.name, &after.name).into_iter().fold(change, |change, sql| {
        if is_guess { change.yours(Phase::Rename, sql) } else { change.step(Phase::Rename, sql) }
    })
}

fn of_both(pair: &Pair<'_>) -> Vec<TableChange> {
    let mut changes: Vec<TableChange> = Vec::new();
    if pair.before.name != pair.after.name {
        changes.push(moved(pair.before, pair.after, false));
    }
    changes.extend(pair.key());
    changes.extend(column::changes(pair));
    changes.extend(pair.references());
    changes.extend(policy::changes(pair));
    changes
}
