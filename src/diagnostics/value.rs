//! What of a document is kept as a value tree, and the keys that stand twice in one object: `serde_json` would take the
//! last without a word.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::{Input, Problem, Problems, Severity, child};

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
                Problem::new(severity, "duplicate-key", (input, &pointer), message).help("leave only one of them"),
            );
        }
        if self.count > told {
            let message = format!("{} more keys stand twice", self.count - told);
            problems.push(Problem::new(severity, "duplicate-key", (input, ""), message));
        }
    }
}

/// Reads one value of a JSON text, and notes what is repeated in it.
pub struct Reading<'r, P>(pub &'r mut Reader, pub P);

impl<'de, P: Part> DeserializeSeed<'de> for Reading<'_, P> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: Part> Visitor<'de> for Reading<'_, P> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        let mut before = self.0.repeated.told();
        while let Some(value) = items.next_element_seed(Reading(&mut *self.0, self.1.item()))? {
            self.0.repeated.put_below(before, || values.len().to_string());
            before = self.0.repeated.told();
            values.push(value);
        }
        values.shrink_to_fit();
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let start = self.0.open();
        while let Some(key) = members.next_key::<String>()? {
            let Some(part) = self.1.member(&key) else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let before = self.0.repeated.told();
            let value = members.next_value_seed(Reading(&mut *self.0, part))?;
            self.0.repeated.put_below(before, || key.clone());
            self.0.member(key, value);
        }
        Ok(self.1.object(self.0.close(start)))
    }
}
