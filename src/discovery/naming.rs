//! Names the models' tables.

use std::collections::BTreeMap;

use super::paths;
use super::resources::Resource;
use crate::names::{self, Scope};

/// The bytes reserved for suffixes of a table's name, such as `_synced_after_update`.
pub const LONGEST_SUFFIX: usize = 24;

/// A table's name for each resource: the last fixed segment, with its parents in front where that is
/// needed to tell two apart. One that is only a guess gives way to the others.
pub fn table_names(resources: &[(&Resource, bool)]) -> Vec<String> {
    let mut names: Vec<Lengthening> =
        resources.iter().map(|(resource, is_guess)| Lengthening::new(resource, *is_guess)).collect();
    // Each round adds one parent segment to the names that still collide, until no parents are left.
    loop {
        let mut uses: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for name in &names {
            let (all, sure) = uses.entry(name.name()).or_default();
            *all += 1;
            *sure += usize::from(!name.is_guess);
        }
        let collides = |name: &Lengthening| {
            uses.get(&name.name()).is_some_and(|(all, sure)| if name.is_guess { *all > 1 } else { *sure > 1 })
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
    for is_guess in [false, true] {
        for (name, given) in names.iter().zip(&mut given).filter(|(name, _)| name.is_guess == is_guess) {
            *given = scope.unique_with(&name.name(), "_", &RELATIONS);
        }
    }
    given
}

/// A name made of the last fixed segments of a path.
struct Lengthening<'a> {
    segments: Vec<&'a str>,
    depth: usize,
    is_guess: bool,
}

impl<'a> Lengthening<'a> {
    fn new(resource: &Resource<'a>, is_guess: bool) -> Self {
        Self { segments: paths::fixed(resource.segments()), depth: 1, is_guess }
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
    let name = names::snake_case(words.strip_suffix(".json").unwrap_or(words));
    match name.as_str() {
        "" => "rows".to_owned(),
        name if is_reserved(name) => format!("api_{name}"),
        _ => names::sql::fit(&name, LONGEST_SUFFIX),
    }
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
