//! The positions of nodes in YAML text, noted while it is parsed: to find them later would need another parse.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Line and column, both from 1.
pub type Position = (usize, usize);

/// The hash of a pointer's tokens.
#[derive(Debug, Clone, Default)]
pub struct Pointer(DefaultHasher);

impl Pointer {
    pub fn below(&self, token: &str) -> Self {
        let mut hasher = self.0.clone();
        token.hash(&mut hasher);
        Self(hasher)
    }

    fn hash(&self) -> u64 {
        self.0.finish()
    }
}

/// The nodes in the order of the text, by the hashes of their pointers: the pointers themselves take much memory.
#[derive(Debug, Clone, Default)]
pub struct Places {
    hashes: Vec<u64>,
    positions: Vec<(u32, u32)>,
}

impl Places {
    pub fn note(&mut self, pointer: &Pointer, (line, column): Position) {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.hashes.push(pointer.hash());
        self.positions.push((number(line), number(column)));
    }

    /// Frees unused memory.
    pub fn close(&mut self) {
        self.hashes.shrink_to_fit();
        self.positions.shrink_to_fit();
    }

    /// The positions of pointers, or of their nearest parents. The last one of a duplicate key counts.
    pub fn find(&self, pointers: &[&str]) -> HashMap<String, Position> {
        let ways: Vec<(&str, Vec<u64>)> = pointers.iter().map(|pointer| (*pointer, way(pointer))).collect();
        let mut found: HashMap<u64, Option<Position>> = HashMap::new();
        found.extend(ways.iter().flat_map(|(_, way)| way).map(|hash| (*hash, None)));
        for (hash, (line, column)) in self.hashes.iter().zip(&self.positions) {
            if let Some(place) = found.get_mut(hash) {
                *place = Some((*line as usize, *column as usize));
            }
        }
        let nearest = |way: &[u64]| way.iter().rev().find_map(|hash| *found.get(hash)?).unwrap_or((1, 1));
        ways.iter().map(|(pointer, way)| ((*pointer).to_owned(), nearest(way))).collect()
    }
}

/// The hashes of a pointer's parents, the outermost first, and of itself.
fn way(pointer: &str) -> Vec<u64> {
    let mut at = Pointer::default();
    let tokens = pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"));
    tokens
        .map(|token| {
            at = at.below(&token);
            at.hash()
        })
        .collect()
}
