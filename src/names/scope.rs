use std::collections::HashSet;

/// Names taken in one scope, compared without regard to case: SQLite's tables, the columns of a table and
/// the files of most laptops are.
#[derive(Debug, Default)]
pub struct Scope {
    taken: HashSet<String>,
}

/// Upper case first: a file system takes `STRASSE` for `straße`, whose lower case is another.
fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

impl Scope {
    pub fn with(reserved: &[&str]) -> Self {
        Self { taken: reserved.iter().map(|name| folded(name)).collect() }
    }

    /// Takes `name`, and says whether it was free.
    pub fn take(&mut self, name: &str) -> bool {
        self.taken.insert(folded(name))
    }

    pub fn is_free(&self, name: &str) -> bool {
        !self.taken.contains(&folded(name))
    }

    /// The first free name of `name`, `name2`, `name3` …
    pub fn unique(&mut self, name: &str) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        while !self.take(&candidate) {
            candidate = format!("{name}{number}");
            number += 1;
        }
        candidate
    }
}
