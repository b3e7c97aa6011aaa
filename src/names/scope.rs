use std::collections::{HashMap, HashSet};

use icu_normalizer::ComposingNormalizerBorrowed;

/// Names taken in one scope, compared without regard to case: SQLite's tables, the columns of a table and
/// the files of most laptops are.
#[derive(Debug, Default)]
pub struct Scope {
    taken: HashSet<String>,
    /// The last number that was put behind a name.
    numbers: HashMap<String, usize>,
}

/// Upper case first: a file system takes `STRASSE` for `straße`, whose lower case is another. And macOS takes an `é` for an `e`
/// with an accent behind it.
fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let lower = name.to_uppercase().to_lowercase();
    ComposingNormalizerBorrowed::new_nfc().normalize(&lower).into_owned()
}

impl Scope {
    pub fn with(reserved: &[&str]) -> Self {
        Self { taken: reserved.iter().map(|name| folded(name)).collect(), ..Self::default() }
    }

    /// Takes `name`, and says whether it was free.
    pub fn take(&mut self, name: &str) -> bool {
        self.taken.insert(folded(name))
    }

    pub fn is_free(&self, name: &str) -> bool {
        !self.taken.contains(&folded(name))
    }

    /// Takes `name` with each of the endings behind it, if all of them are free.
    pub fn take_all(&mut self, name: &str, endings: &[&str]) -> bool {
        let free = endings.iter().all(|ending| self.is_free(&format!("{name}{ending}")));
        if free {
            for ending in endings {
                self.take(&format!("{name}{ending}"));
            }
        }
        free
    }

    /// The first free name of `name`, `name2`, `name3` …
    pub fn unique(&mut self, name: &str) -> String {
        self.unique_with(name, "", &[""])
    }

    /// The first of `name`, and of `name` with a separator and a number from 2, that is free with all endings. Takes them.
    pub fn unique_with(&mut self, name: &str, separator: &str, endings: &[&str]) -> String {
        if self.take_all(name, endings) {
            return name.to_owned();
        }
        // What was taken stays taken, so that equal names don't have to try each other's numbers.
        let mut number = self.numbers.get(name).copied().unwrap_or(1);
        loop {
            number += 1;
            let candidate = format!("{name}{separator}{number}");
            if self.take_all(&candidate, endings) {
                self.numbers.insert(name.to_owned(), number);
                return candidate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_file_system_takes_for_one() {
        let mut scope = Scope::default();
        assert!(scope.take("Caf\u{e9}"));
        assert!(!scope.take("cafe\u{301}"));
        assert_eq!(scope.unique("CAFE\u{301}"), "CAFE\u{301}2");
        assert!(scope.take("cafe"));
    }
}
