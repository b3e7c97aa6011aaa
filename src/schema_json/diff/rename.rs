//! Guesses which of what is gone goes on under another name.

use crate::schema_json::document::{Field, Model};

/// How alike two names must be, from 0 to 1, where nothing but their type speaks for them.
const ALIKE: f64 = 0.5;
/// The same for the columns of two models, as a share of all columns of both.
const SHARED: f64 = 0.8;
/// Models with fewer columns in common say nothing: `id` and `name` are everywhere.
const SHARED_AT_LEAST: usize = 4;

/// Pairs of indices, the likeliest first: each of what is gone with at most one of what is new.
fn pairs<T>(gone: &[&T], new: &[&T], score: impl Fn(&T, &T) -> Option<f64>) -> Vec<(usize, usize)> {
    let mut candidates: Vec<(f64, usize, usize)> = gone
        .iter()
        .enumerate()
        .flat_map(|(from, one)| new.iter().enumerate().map(move |(to, other)| (from, to, *one, *other)))
        .filter_map(|(from, to, one, other)| Some((score(one, other)?, from, to)))
        .collect();
    candidates.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (_, from, to) in candidates {
        if !found.iter().any(|(f, t)| *f == from || *t == to) {
            found.push((from, to));
        }
    }
    found
}

/// The columns of `new` that look like one of `old` that it no longer has: the same in everything but the name, and
/// either called alike or in the same place.
pub fn columns<'a>(old: &'a Model, new: &'a Model) -> Vec<(&'a Field, &'a Field)> {
    let gone: Vec<&Field> = old.fields.iter().filter(|field| new.field(&field.name).is_none()).collect();
    let added: Vec<&Field> = new.fields.iter().filter(|field| old.field(&field.name).is_none()).collect();
    let place = |model: &Model, field: &Field| model.fields.iter().position(|other| other.name == field.name);
    let score = |one: &Field, other: &Field| {
        let is_same = (&one.ty, one.nullable, one.insert, one.update, one.metadata)
            == (&other.ty, other.nullable, other.insert, other.update, other.metadata)
            && old.is_key(&one.name) == new.is_key(&other.name);
        let in_place = old.fields.len() == new.fields.len() && place(old, one) == place(new, other);
        let alike = similarity(&one.name, &other.name);
        (is_same && (in_place || alike >= ALIKE)).then_some(if in_place { 1.0 + alike } else { alike })
    };
    let pairs = pairs(&gone, &added, score);
    pairs.into_iter().filter_map(|(from, to)| Some((*gone.get(from)?, *added.get(to)?))).collect()
}

/// The models of `added` that look like one of `gone`: their rows have the same type, or nearly the same columns.
pub fn models<'a>(gone: &[&'a Model], added: &[&'a Model]) -> Vec<(&'a Model, &'a Model)> {
    let score = |one: &Model, other: &Model| {
        let is_shared = |field: &&Field| other.field(&field.name).is_some_and(|found| found.ty == field.ty);
        let shared = one.fields.iter().filter(is_shared).count();
        let all = one.fields.len() + other.fields.len() - shared;
        #[expect(clippy::cast_precision_loss, reason = "a model has no 2^52 columns")]
        let share = shared as f64 / all.max(1) as f64;
        if one.ty == other.ty && shared > 0 {
            return Some(1.0 + share);
        }
        (shared >= SHARED_AT_LEAST && share >= SHARED).then_some(share)
    };
    let pairs = pairs(gone, added, score);
    pairs.into_iter().filter_map(|(from, to)| Some((*gone.get(from)?, *added.get(to)?))).collect()
}

/// Of two names, from 0 to 1, whatever their case and separators.
fn similarity(one: &str, other: &str) -> f64 {
    let plain = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let (one, other) = (plain(one), plain(other));
    let contains = one.len().min(other.len()) >= 3 && (one.contains(&other) || other.contains(&one));
    strsim::normalized_damerau_levenshtein(&one, &other).max(if contains { ALIKE } else { 0.0 })
}
