//! Types that no one would think of, the same in every run.

use serde_json::{Value, json};
use sync_patterns::model::{NamedType, Project, Property, Shape};

use crate::codegen::typescript::projects::{self, FieldExt};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    fn list<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = 1 + self.below(most);
        (0..count).map(|_| make(self)).collect()
    }
}

const TYPES: usize = 60;

/// Sixty types that refer to one another, and a model with a column of each of a few shapes.
pub fn project(seed: u64) -> Project {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let types = (0..TYPES).map(|index| NamedType {
        name: type_name(index),
        doc: doc(&mut random),
        shape: shape(&mut random, 4),
    });
    let types = types.collect();
    let fields = (0..30).map(|index| projects::json(&format!("field_{index}"), shape(&mut random, 4)).nullable());
    let mut model = projects::model("things", "Thing", fields.collect());
    model.rbac = Some(json!({ "rules": value(&mut random, 4), "more": value(&mut random, 4) }));
    Project { models: vec![model], types }
}

fn type_name(index: usize) -> String {
    format!("{}{index:02}", ["T", "SomewhatLongerName", "NameThatNoOneWouldGiveToATypeButAGenerator"][index % 3])
}

fn shape(random: &mut Random, depth: usize) -> Shape {
    let simple = depth == 0;
    match random.below(if simple { 8 } else { 14 }) {
        0 => Shape::Unknown,
        1 => Shape::Null,
        2 => Shape::Boolean,
        3 => Shape::Number,
        4 => Shape::String,
        5 => Shape::Enum(random.list(6, scalar)),
        6 | 7 => Shape::Named(type_name(random.below(TYPES))),
        8 | 9 => Shape::Array(Box::new(shape(random, depth - 1))),
        10 => Shape::Map(Box::new(shape(random, depth - 1))),
        11 | 12 => object(random, depth),
        _ => {
            let parts = random.list(4, |random| shape(random, depth - 1));
            let flat =
                parts.into_iter().flat_map(|part| if let Shape::Union(inner) = part { inner } else { vec![part] });
            Shape::Union(flat.collect())
        }
    }
}

fn object(random: &mut Random, depth: usize) -> Shape {
    let count = random.below(5);
    let properties = (0..count).map(|index| Property {
        name: format!("{}{index}", random.pick(&["a", "größe", "with space ", "it's", "say \"x\" ", "名前", "x²"])),
        shape: shape(random, depth - 1),
        required: random.below(2) == 0,
        doc: if random.below(3) == 0 { doc(random) } else { None },
    });
    let properties = properties.collect();
    match random.below(4) {
        0 => Shape::OpenObject(properties, Box::new(shape(random, depth - 1))),
        _ => Shape::Object(properties),
    }
}

fn scalar(random: &mut Random) -> Value {
    match random.below(8) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.below(1000) as f64 / 8.0 - 20.0),
        3 => json!(random.below(10) as f64 * 1e250),
        4 => json!(random.below(1000)),
        _ => {
            let words = ["open", "it's", "\"quoted\"", "名前です", "a`b${c}", "*/", "\\", "\n", "😀", "é", "ไทย"];
            json!(random.list(6, |random| random.pick(&words)).join(" "))
        }
    }
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 2 } else { 5 }) {
        0 | 1 => scalar(random),
        2 => Value::Array((0..random.below(40)).map(|_| json!(random.below(100_000))).collect()),
        3 => Value::Array((0..random.below(5)).map(|_| value(random, depth - 1)).collect()),
        _ => {
            let keys = ["a", "with space ", "it's", "größe", "名前"];
            let members =
                (0..random.below(5)).map(|index| (format!("{}{index}", random.pick(&keys)), value(random, depth - 1)));
            Value::Object(members.collect())
        }
    }
}

fn doc(random: &mut Random) -> Option<String> {
    let words =
        ["word", "*/", "@ts-expect-error", "\r\n", "\n", "  ", "`tick`", "${x}", "/*", "//", "\u{2028}", "長い"];
    (random.below(2) == 0).then(|| random.list(60, |random| random.pick(&words)).join(" "))
}
