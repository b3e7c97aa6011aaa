//! What is different in a model's columns.

use serde_json::Value;

use super::change::{Change, Kind};
use super::effect::{Effect, Rejected, Rows, When, Write, writes};
use super::quote::{name, value};
use super::rename;
use super::type_change::{always_fits, noun, title};
use crate::model::Insert;
use crate::schema_json::document::{Field, Model};

/// A column in both versions of its model.
struct Pair<'a> {
    old: &'a Field,
    new: &'a Field,
    before: &'a Model,
    after: &'a Model,
}

pub fn changes(before: &Model, after: &Model) -> Vec<Change> {
    let renamed = rename::columns(before, after);
    let mut changes = Vec::new();
    for field in &after.fields {
        let found = match before.field(&field.name) {
            Some(old) => Pair { old, new: field, before, after }.changes(),
            None => match renamed.iter().find(|(_, new)| new.name == field.name) {
                Some((old, _)) => vec![self::renamed(before, after, old, field)],
                None => vec![added(before, after, field)],
            },
        };
        changes.extend(found.into_iter().map(|change| change.of_column(&field.name)));
    }
    for field in &before.fields {
        if after.field(&field.name).is_none() && !renamed.iter().any(|(old, _)| old.name == field.name) {
            let sentence = format!("the column {} is gone ({})", name(&field.name), describe(field));
            let change = Change::new(Kind::ColumnRemoved, sentence, gone(before, after, field));
            changes.push(change.of_column(&field.name));
        }
    }
    changes.extend(reordered(before, after));
    changes
}

fn added(before: &Model, after: &Model, field: &Field) -> Change {
    let required = if field.insert == Insert::Required { ", required on insert" } else { "" };
    let sentence = format!("the column {} is new ({}{required})", name(&field.name), describe(field));
    let effect = Effect::rows(Rows::FetchedAgain);
    let effect = if is_missing(before, after, field) { effect.refusable(MISSING) } else { effect };
    Change::new(Kind::ColumnAdded, sentence, effect)
}

const MISSING: &str = "Pending inserts that don't have it are sent without it, and the API may refuse them.";

/// Whether pending inserts can lack what the API now needs.
fn is_missing(before: &Model, after: &Model, field: &Field) -> bool {
    before.can("create") && after.can("create") && field.insert == Insert::Required && !before.is_key(&field.name)
}

fn renamed(before: &Model, after: &Model, old: &Field, new: &Field) -> Change {
    let sentence = format!("the column {} looks renamed from {} (a guess)", name(&new.name), name(&old.name));
    let remark = format!("For devices, {} is gone and {} is new.", name(&old.name), name(&new.name));
    let effect = gone(before, after, old);
    let effect = if is_missing(before, after, new) {
        effect.refusable(format!("{remark} {MISSING}"))
    } else {
        effect.saying(remark)
    };
    Change::new(Kind::ColumnRenamed, sentence, effect).renamed_from(&old.name)
}

fn gone(before: &Model, after: &Model, field: &Field) -> Effect {
    let effect = Effect::rows(Rows::FetchedAgain);
    // Without its key no write goes on, and the change of the key says so.
    if before.is_key(&field.name) {
        return effect;
    }
    effect.rejecting(Rejected::new(writes_with(before, after, field), Some(&field.name), When::Always))
}

/// The pending writes that can say something of a column, those left out that are rejected anyway.
fn writes_with(before: &Model, after: &Model, field: &Field) -> Vec<Write> {
    let still = writes(after);
    let can_say = |write: &Write| match write {
        _ if before.is_key(&field.name) => true,
        Write::Insert => field.insert != Insert::Never,
        Write::Update => field.update,
        Write::Delete => false,
    };
    writes(before).into_iter().filter(|write| still.contains(write) && can_say(write)).collect()
}

fn reordered(before: &Model, after: &Model) -> Option<Change> {
    let in_both = |one: &Model, other: &Model| -> Vec<String> {
        one.fields.iter().map(|field| field.name.clone()).filter(|name| other.field(name).is_some()).collect()
    };
    let sentence = "the columns are in another order".to_owned();
    let effect = Effect::rows(Rows::FetchedAgain);
    (in_both(before, after) != in_both(after, before)).then(|| Change::new(Kind::ColumnsReordered, sentence, effect))
}

fn describe(field: &Field) -> String {
    format!("{}{}", title(&field.ty), if field.nullable { ", nullable" } else { "" })
}

impl Pair<'_> {
    fn changes(&self) -> Vec<Change> {
        let all = [
            self.ty(),
            self.nullability(),
            self.insert(),
            self.update(),
            self.default(),
            self.values(),
            self.wire(),
            self.place(),
            self.metadata(),
        ];
        all.into_iter().flatten().collect()
    }

    fn column(&self) -> String {
        name(&self.new.name)
    }

    /// A column of the key, before or now: what may be written to it isn't its own affair.
    fn is_key(&self) -> bool {
        self.before.is_key(&self.old.name) || self.after.is_key(&self.new.name)
    }

    fn rejected(&self, writes: &[Write], when: When) -> Option<Rejected> {
        let with =
            writes_with(self.before, self.after, self.old).into_iter().filter(|write| writes.contains(write)).collect();
        let is_key = self.before.is_key(&self.old.name);
        Rejected::new(with, (!is_key).then_some(self.old.name.as_str()), when)
    }

    fn ty(&self) -> Option<Change> {
        let (old, new) = (&self.old.ty, &self.new.ty);
        if old == new {
            return None;
        }
        let sentence = format!("the column {} is {}, no longer {}", self.column(), title(new), title(old));
        let effect = Effect::rows(Rows::FetchedAgain);
        let effect = if always_fits(old, new) {
            effect.saying("What pending writes say of it stays.")
        } else {
            let all = [Write::Insert, Write::Update, Write::Delete];
            effect.rejecting(self.rejected(&all, When::Unfit(noun(new).to_owned())))
        };
        Some(Change::new(Kind::ColumnRetyped, sentence, effect))
    }

    fn nullability(&self) -> Option<Change> {
        if self.old.nullable == self.new.nullable {
            return None;
        }
        let effect = Effect::rows(Rows::FetchedAgain);
        if self.new.nullable {
            let sentence = format!("the column {} can be null", self.column());
            return Some(Change::new(Kind::NullabilityChanged, sentence, effect));
        }
        // A JSON column takes null for JSON's own.
        let is_refused = self.new.ty != "json" && !self.is_key();
        let rejected = is_refused.then(|| self.rejected(&[Write::Update], When::Null)).flatten();
        let sentence = format!("the column {} can't be null any more", self.column());
        Some(Change::new(Kind::NullabilityChanged, sentence, effect.rejecting(rejected)))
    }

    fn insert(&self) -> Option<Change> {
        let (old, new) = (self.old.insert, self.new.insert);
        // Where there is no create, or was none, that is said already.
        if old == new || !self.before.can("create") || !self.after.can("create") {
            return None;
        }
        let (what, effect) = match new {
            Insert::Required if is_missing(self.before, self.after, self.new) => {
                ("is required on insert", Effect::default().refusable(MISSING))
            }
            Insert::Required => ("is required on insert", Effect::default()),
            Insert::Optional if old == Insert::Required => ("can be left out on insert", Effect::default()),
            Insert::Optional => ("can be given on insert", Effect::default()),
            Insert::Never if self.is_key() => ("can't be given on insert any more", Effect::default()),
            Insert::Never => {
                let rejected = self.rejected(&[Write::Insert], When::Always);
                ("can't be given on insert any more", Effect::default().rejecting(rejected))
            }
        };
        Some(Change::new(Kind::InsertChanged, format!("the column {} {what}", self.column()), effect))
    }

    fn update(&self) -> Option<Change> {
        let (old, new) = (self.old.update, self.new.update);
        if old == new || !self.before.can("update") || !self.after.can("update") {
            return None;
        }
        let column = self.column();
        let (sentence, effect) = if new {
            (format!("the column {column} can be changed"), Effect::default())
        } else {
            let rejected = if self.is_key() { None } else { self.rejected(&[Write::Update], When::Always) };
            (format!("the column {column} can't be changed any more"), Effect::default().rejecting(rejected))
        };
        Some(Change::new(Kind::UpdateChanged, sentence, effect))
    }

    fn default(&self) -> Option<Change> {
        if self.old.default == self.new.default {
            return None;
        }
        let sentence = match &self.new.default {
            Some(new) => format!("the default of {} is {}", self.column(), value(new)),
            None => format!("the column {} has no default any more", self.column()),
        };
        let effect = Effect::remark("New rows are made by it; pending inserts stay as they are.");
        Some(Change::new(Kind::DefaultChanged, sentence, effect))
    }

    /// What the type leaves open: the values of an enum, the shape of JSON.
    fn values(&self) -> Option<Change> {
        if self.old.ty != self.new.ty || self.old.schema == self.new.schema {
            return None;
        }
        let (old, new) = (self.old.values(), self.new.values());
        let not_in = |all: &[Value], others: &[Value]| -> Vec<String> {
            all.iter().filter(|one| !others.contains(one)).map(value).collect()
        };
        let (gone, added) = (not_in(&old, &new), not_in(&new, &old));
        let mut parts = Vec::new();
        match (old.is_empty(), new.is_empty()) {
            (true, true) => parts.push("has another type in TypeScript".to_owned()),
            (true, false) => parts.push(format!("can only be {}", added.join(", "))),
            (false, true) => parts.push(format!("can be anything, no longer only {}", gone.join(", "))),
            (false, false) => {
                parts.extend((!added.is_empty()).then(|| format!("can be {}", added.join(", "))));
                parts.extend((!gone.is_empty()).then(|| format!("can't be {} any more", gone.join(", "))));
            }
        }
        if parts.is_empty() {
            parts.push("has its values in another order".to_owned());
        }
        let can_be_pending = !writes_with(self.before, self.after, self.old).is_empty();
        let is_narrower = !new.is_empty() && (old.is_empty() || !gone.is_empty());
        let effect = if is_narrower && can_be_pending {
            Effect::default().refusable("Pending writes with another value stay, and the API may refuse them.")
        } else {
            Effect::remark("Only TypeScript's types change.")
        };
        Some(Change::new(Kind::ValuesChanged, format!("the column {} {}", self.column(), parts.join(", and ")), effect))
    }

    fn wire(&self) -> Option<Change> {
        if self.old.as_number == self.new.as_number || self.old.ty != self.new.ty {
            return None;
        }
        let form = if self.new.as_number { "a JSON number" } else { "a JSON string" };
        let effect = Effect::remark("Pending writes are sent that way.");
        let sentence = format!("the API has the column {} as {form}", self.column());
        Some(Change::new(Kind::ValuesChanged, sentence, effect))
    }

    fn place(&self) -> Option<Change> {
        if self.old.place == self.new.place {
            return None;
        }
        let whereabouts = match self.new.place.as_slice() {
            [] => "at their top".to_owned(),
            place => format!("at {}", name(&place.join("."))),
        };
        let sentence = format!("the API's rows have the column {} {whereabouts}", self.column());
        Some(Change::new(Kind::ValuesChanged, sentence, Effect::remark("Rows are read from there.")))
    }

    fn metadata(&self) -> Option<Change> {
        let mut parts = Vec::new();
        if self.old.owner_only != self.new.owner_only {
            parts.push(if self.new.owner_only {
                "is for a row's owner only"
            } else {
                "isn't for a row's owner only any more"
            });
        }
        if self.old.deprecated != self.new.deprecated {
            parts.push(if self.new.deprecated { "is deprecated" } else { "isn't deprecated any more" });
        }
        let effect = Effect::remark("Only the generated metadata changes.");
        let sentence = format!("the column {} {}", self.column(), parts.join(", and "));
        (!parts.is_empty()).then(|| Change::new(Kind::MetadataChanged, sentence, effect))
    }
}
