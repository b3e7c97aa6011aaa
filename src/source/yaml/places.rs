//! Where the nodes of a YAML text stand: noted while it is read, as to find them later would be to parse it once more.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Line and column, both from 1.
pub type Position = (usize, usize);

/// A pointer's tokens, as far as they have been hashed.
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

/// The nodes in the order in which they stand. Their pointers take more room than all else.
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

    /// Gives back the room for more.
    pub fn close(&mut self) {
        self.hashes.shrink_to_fit();
        self.positions.shrink_to_fit();
    }

    /// Where the pointers lead to, or the nearest parent of what they lead to. Of a key that stands twice, the last counts.
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
