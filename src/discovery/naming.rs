//! Names the models' tables.

use std::collections::BTreeMap;

use super::paths;
use super::resources::Resource;
use crate::names::sql::MAX_IDENTIFIER_BYTES;
use crate::names::{self, Scope};

/// The bytes reserved for suffixes of a table's name, such as `_synced_after_update`.
pub const LONGEST_SUFFIX: usize = 24;

/// How much right a resource has to the plain name: one that rows can be written of comes first, then a list alone, then a
/// guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    HasItems,
    IsList,
    IsGuess,
}

/// A table's name for each resource: the last fixed segment, with its parents in front where that is
/// needed to tell two apart. Where one has more right to a name, the others give way.
pub fn table_names(resources: &[(&Resource, bool)]) -> Vec<String> {
    let mut names: Vec<Lengthening> =
        resources.iter().map(|(resource, is_guess)| Lengthening::new(resource, *is_guess)).collect();
    // Each round adds one parent segment to the names that still collide, until no parents are left.
    loop {
        let mut uses: BTreeMap<String, Vec<Rank>> = BTreeMap::new();
        for name in &names {
            uses.entry(name.name()).or_default().push(name.rank);
        }
        let collides = |name: &Lengthening| {
            uses.get(&name.name()).is_some_and(|all| all.iter().filter(|rank| **rank <= name.rank).count() > 1)
        };
        let mut longer = false;
        for name in names.iter_mut().filter(|name| collides(name)) {
            longer |= name.lengthen();
        }
        if !longer {
            break;
        }
    }
    let mut scope = Scope::default();
    let mut given = vec![String::new(); names.len()];
    for rank in [Rank::HasItems, Rank::IsList, Rank::IsGuess] {
        for (name, given) in names.iter().zip(&mut given).filter(|(name, _)| name.rank == rank) {
            *given = scope.unique_with(&name.name(), "_", &RELATIONS);
        }
    }
    given
}

/// Names for collections that aren't models yet, which the config can give them.
pub struct FreeNames(Scope);

impl FreeNames {
    pub fn beside<'n>(taken: impl Iterator<Item = &'n str>) -> Self {
        let mut scope = Scope::default();
        for name in taken {
            take_relation(name, &mut scope);
        }
        Self(scope)
    }

    /// The last fixed segment, with as many parents in front as tell it from the others.
    pub fn name(&mut self, resource: &Resource) -> String {
        let mut name = Lengthening::new(resource, false);
        let usable = |name: &Lengthening| match name.name() {
            own if own.starts_with(char::is_alphabetic) => own,
            own => format!("api_{own}"),
        };
        while !take_relation(&usable(&name), &mut self.0) {
            if !name.lengthen() {
                return self.0.unique_with(&usable(&name), "_", &RELATIONS);
            }
        }
        usable(&name)
    }
}

/// A name made of the last fixed segments of a path.
struct Lengthening<'a> {
    segments: Vec<&'a str>,
    depth: usize,
    rank: Rank,
}

impl<'a> Lengthening<'a> {
    fn new(resource: &Resource<'a>, is_guess: bool) -> Self {
        let rank = match is_guess {
            true => Rank::IsGuess,
            false if resource.item.is_empty() => Rank::IsList,
            false => Rank::HasItems,
        };
        Self { segments: paths::fixed(resource.segments()), depth: 1, rank }
    }

    fn name(&self) -> String {
        let skip = self.segments.len().saturating_sub(self.depth);
        table_name(&self.segments.iter().skip(skip).copied().collect::<Vec<_>>().join("_"))
    }

    /// Adds one parent segment; false if there is none.
    fn lengthen(&mut self) -> bool {
        let can = self.depth < self.segments.len();
        self.depth += usize::from(can);
        can
    }
}

/// A table's name in snake case: never empty, never reserved.
fn table_name(words: &str) -> String {
    let name = names::snake_case(words);
    match name.as_str() {
        "" => "rows".to_owned(),
        name if is_reserved(name) => format!("api_{name}"),
        _ => last_words(&name).to_owned(),
    }
}

/// The last words of a name that leave room for suffixes: a person has to type it.
fn last_words(name: &str) -> &str {
    let room = MAX_IDENTIFIER_BYTES.saturating_sub(LONGEST_SUFFIX);
    let mut words = std::iter::once(0).chain(name.match_indices('_').map(|(at, _)| at + 1));
    let fitting = words.find_map(|start| name.get(start..).filter(|rest| rest.len() <= room && !rest.is_empty()));
    let begins_well = |rest: &&str| rest.starts_with(char::is_alphabetic) && !is_reserved(rest);
    fitting.filter(begins_well).or_else(|| name.get(..name.floor_char_boundary(room))).unwrap_or(name)
}

/// Whether SQLite, PostgreSQL, the sync server or Windows (as a file name) reserves the name.
pub fn is_reserved(name: &str) -> bool {
    let name = name.to_lowercase();
    // Windows treats superscript digits as digits.
    let is_digit = |rest: &str| matches!(rest.as_bytes(), [b'0'..=b'9']) || matches!(rest, "¹" | "²" | "³");
    let numbered = |device: &str| name.strip_prefix(device).is_some_and(is_digit);
    name.starts_with("sqlite_")
        || name.starts_with("pg_")
        || names::sql::TABLES_OF_THE_SYNC_SERVER.contains(&name.as_str())
        || matches!(name.as_str(), "json_each" | "json_tree" | "con" | "prn" | "aux" | "nul")
        || numbered("com")
        || numbered("lpt")
}

/// What a model's relations are called behind its name: the view, the two tables, and SQLite's two procedures.
pub const RELATIONS: [&str; 5] = ["", "_synced", "_local", "_fold", "_arrive"];

/// Takes the names of a model's relations; false if one of them is taken.
pub fn take_relation(name: &str, scope: &mut Scope) -> bool {
    scope.take_all(name, &RELATIONS)
}
