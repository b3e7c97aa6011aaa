//! What of a document is kept as a value tree, and the keys that stand twice in one object: `serde_json` would take the
//! last without a word.

use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child};

/// Reported one by one up to this many.
const MOST: usize = 8;

/// Keys that stand twice in one object.
#[derive(Debug, Default)]
pub struct Repeated {
    /// The first few, each as the tokens of its pointer, the last one first.
    paths: Vec<Vec<String>>,
    count: usize,
}

/// What part of a document a value is, which says what of it is worth keeping.
pub trait Part: Copy {
    /// What the value of a key is. `None` where it isn't kept.
    fn member(self, key: &str) -> Option<Self>;

    /// What the values of a list are.
    fn item(self) -> Self;

    /// Whether an object is kept once it is known.
    fn keeps(self, object: &Map<String, Value>) -> bool;

    /// An object that is known. `null` stands in the place of one that isn't kept.
    fn object(self, members: Map<String, Value>) -> Value {
        if self.keeps(&members) { Value::Object(members) } else { Value::Null }
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

    fn keeps(self, _: &Map<String, Value>) -> bool {
        true
    }
}

/// What a document is read with.
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

    /// Closes the object that began when there were `start` members. Of a key that stands twice, the last value counts.
    pub fn close(&mut self, start: usize) -> Map<String, Value> {
        // A map that grows takes room for more than it gets, and most of them are small.
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
    /// How many are told one by one so far.
    pub fn told(&self) -> usize {
        self.paths.len()
    }

    fn note(&mut self, key: &str) {
        self.count += 1;
        if self.paths.len() < MOST {
            self.paths.push(vec![key.to_owned()]);
        }
    }

    /// Those told since there were `before` are below `token`.
    pub fn put_below(&mut self, before: usize, token: impl Fn() -> String) {
        self.paths.iter_mut().skip(before).for_each(|path| path.push(token()));
    }

    /// Nobody but the author of a config knows which of the two is meant; of a document, the last counts, as it does in
    /// JavaScript.
    pub fn report(self, root: &Value, input: Input, problems: &mut Problems) {
        let (severity, what) = match input {
            Input::Config => (Severity::Error, ""),
            _ => (Severity::Warning, ", and the last one counts"),
        };
        let told = self.paths.len();
        for path in self.paths {
            let pointer = path.iter().rev().fold(String::new(), |pointer, token| child(&pointer, token));
            // It stood in something that stands twice itself, and of which the other one counts.
            if root.pointer(&pointer).is_none() {
                continue;
            }
            let key = path.first().map_or("", String::as_str);
            let message = format!("`{key}` stands here for the second time{what}");
            problems.push(
                Problem::new(severity, Code::DuplicateKey, (input, &pointer), message).help("leave only one of them"),
            );
        }
        if self.count > told {
            let message = format!("{} more keys stand twice", self.count - told);
            problems.push(Problem::new(severity, Code::DuplicateKey, (input, ""), message));
        }
    }
}
