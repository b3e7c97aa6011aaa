//! Builds value trees from the kept parts of a document, and finds duplicate keys, of which `serde_json` takes the
//! last one silently.

use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child};

/// The maximum of problems that are reported one by one.
const MOST: usize = 8;

/// Duplicate keys.
#[derive(Debug, Default)]
pub struct Repeated {
    /// The first few, each as the tokens of its pointer, the last one first.
    paths: Vec<Vec<String>>,
    count: usize,
}

/// The kind of a value, which decides what of it is kept.
pub trait Part: Copy {
    /// The kind of a member's value; `None` if it isn't kept.
    fn member(self, key: &str) -> Option<Self>;

    /// The kind of a list's values.
    fn item(self) -> Self;

    /// What is kept of an object, decided from its members.
    fn object(self, members: Map<String, Value>) -> Value {
        Value::Object(members)
    }
}

/// Everything is kept.
#[derive(Debug, Clone, Copy)]
pub struct Whole;

impl Part for Whole {
    fn member(self, _: &str) -> Option<Self> {
        Some(self)
    }

    fn item(self) -> Self {
        self
    }
}

/// The state of reading a document.
#[derive(Debug, Default)]
pub struct Reader {
    pub repeated: Repeated,
    /// Those of the objects that are open.
    members: Vec<(String, Value)>,
}

impl Reader {
    /// How many members the open objects have.
    pub fn open(&self) -> usize {
        self.members.len()
    }

    pub fn member(&mut self, key: String, value: Value) {
        self.members.push((key, value));
    }

    /// Closes the object that began at `start` members. The last value of a duplicate key counts.
    pub fn close(&mut self, start: usize) -> Map<String, Value> {
        // Reserve exactly: a growing map takes more memory, and most maps are small.
        let mut values = Map::with_capacity(self.members.len() - start);
        for (key, value) in self.members.drain(start..) {
            match values.entry(key) {
                Entry::Vacant(place) => drop(place.insert(value)),
                Entry::Occupied(mut place) => {
                    self.repeated.note(place.key());
                    place.insert(value);
                }
            }
        }
        values
    }
}

impl Repeated {
    /// The number of keys that are reported one by one.
    pub fn told(&self) -> usize {
        self.paths.len()
    }

    fn note(&mut self, key: &str) {
        self.count += 1;
        if self.paths.len() < MOST {
            self.paths.push(vec![key.to_owned()]);
        }
    }

    /// Puts the keys noted since `before` below `token`.
    pub fn put_below(&mut self, before: usize, token: impl Fn() -> String) {
        self.paths.iter_mut().skip(before).for_each(|path| path.push(token()));
    }

    /// An error in a config, where only the author knows which one is meant. A warning in a document: the last one
    /// counts, as in JavaScript.
    pub fn report(self, root: &Value, input: Input, problems: &mut Problems) {
        let (severity, what) = match input {
            Input::Config => (Severity::Error, ""),
            _ => (Severity::Warning, ": the last value counts"),
        };
        let told = self.paths.len();
        for path in self.paths {
            let pointer = path.iter().rev().fold(String::new(), |pointer, token| child(&pointer, token));
            // It was in the discarded value of a duplicate key.
            if root.pointer(&pointer).is_none() {
                continue;
            }
            let key = path.first().map_or("", String::as_str);
            let message = format!("duplicate key `{key}`{what}");
            problems.push(
                Problem::new(severity, Code::DuplicateKey, (input, &pointer), message).help("leave only one of them"),
            );
        }
        if self.count > told {
            let message = format!("{} more duplicate keys", self.count - told);
            problems.push(Problem::new(severity, Code::DuplicateKey, (input, ""), message));
        }
    }
}
