//! Changes documents at the level of their values, so that what comes out still reads as JSON.

use serde_json::{Map, Value, json};
use sync_patterns::diagnostics::child;

/// Picks a number below the given one.
pub type Choose<'c> = &'c mut dyn FnMut(usize) -> usize;

/// What documents say, and what they shouldn't.
const WORDS: &[&str] = &[
    "$ref",
    "type",
    "format",
    "properties",
    "items",
    "required",
    "enum",
    "const",
    "default",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "nullable",
    "additionalProperties",
    "discriminator",
    "readOnly",
    "writeOnly",
    "description",
    "title",
    "example",
    "x-sync",
    "x-sync-exclude",
    "x-rbac",
    "parameters",
    "requestBody",
    "responses",
    "content",
    "schema",
    "get",
    "post",
    "patch",
    "put",
    "delete",
    "paths",
    "components",
    "definitions",
    "openapi",
    "swagger",
    "string",
    "integer",
    "number",
    "object",
    "array",
    "boolean",
    "null",
    "file",
    "uuid",
    "date-time",
    "int32",
    "int64",
    "decimal",
    "id",
    "write_id",
    "200",
    "application/json",
    "/rows",
    "/rows/{id}",
    "{id}",
    "3.1.0",
    "2.0",
    "__proto__",
    "constructor",
    "rowid",
    "",
    " ",
    "'",
    "\"",
    "*/",
    "--",
    "$$",
    "${a}",
    "`",
    "\\",
    "\n",
    "\u{2028}",
    "\0",
    "\u{202E}",
    "../a",
    "/",
    "~1",
    "ß",
    "İ",
];

/// Makes one change somewhere in a document.
pub fn mutate(document: &mut Value, choose: Choose) {
    let pointers = [pick(document, choose), pick(document, choose)];
    let [at, other] = &pointers;
    let copy = document.pointer(other).cloned().unwrap_or_default();
    let word = WORDS[choose(WORDS.len())].to_owned();
    let odd = odd(choose);
    let Some(node) = document.pointer_mut(at) else { return };
    match choose(10) {
        0 => *node = odd,
        1 => *node = Value::String(word),
        2 => *node = copy,
        3 => *node = json!({ "$ref": format!("#{other}") }),
        4 => *node = json!({ "allOf": [node.take(), copy] }),
        5 => *node = json!({ ["oneOf", "anyOf"][choose(2)]: [node.take(), copy] }),
        6 => *node = json!([node.take()]),
        7 => remove(node, choose),
        8 => rename(node, word, choose),
        _ => add(node, word, if choose(2) == 0 { copy } else { odd }),
    }
}

/// A pointer to some value, reached by a walk from the top.
fn pick(document: &Value, choose: Choose) -> String {
    let mut at = document;
    let mut pointer = String::new();
    while choose(12) > 0 {
        let (token, value) = match at {
            Value::Object(members) if !members.is_empty() => {
                let (key, value) = members.iter().nth(choose(members.len())).expect("a member");
                (key.clone(), value)
            }
            Value::Array(items) if !items.is_empty() => {
                let index = choose(items.len());
                (index.to_string(), &items[index])
            }
            _ => break,
        };
        pointer = child(&pointer, &token);
        at = value;
    }
    pointer
}

fn odd(choose: Choose) -> Value {
    let values = [
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(0.1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!({}),
        json!([]),
        json!([null]),
        json!("x".repeat(300)),
        json!({ "local_first": true }),
    ];
    values[choose(values.len())].clone()
}

fn remove(node: &mut Value, choose: Choose) {
    match node {
        Value::Object(members) if !members.is_empty() => {
            let key = members.keys().nth(choose(members.len())).expect("a member").clone();
            members.shift_remove(&key);
        }
        Value::Array(items) if !items.is_empty() => drop(items.remove(choose(items.len()))),
        _ => *node = Value::Null,
    }
}

fn rename(node: &mut Value, word: String, choose: Choose) {
    let Value::Object(members) = node else { return };
    let index = choose(members.len().max(1));
    let renamed = std::mem::take(members).into_iter().enumerate();
    *members = Map::from_iter(renamed.map(|(n, (key, value))| (if n == index { word.clone() } else { key }, value)));
}

fn add(node: &mut Value, word: String, value: Value) {
    match node {
        Value::Object(members) => drop(members.insert(word, value)),
        Value::Array(items) => items.push(value),
        _ => *node = json!({ word: value }),
    }
}
