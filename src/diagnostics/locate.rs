//! From JSON pointers back to lines and columns. Done only when a problem is printed, so that reading pays nothing for it.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser};
use serde_json::value::RawValue;

use super::{Source, Syntax};

/// Line and column, both from 1, of each pointer that leads somewhere. A pointer to a member of an object is
/// where its key stands. Where the last tokens of a pointer lead nowhere, it is the nearest parent.
pub fn locate<'a>(source: &Source, pointers: impl IntoIterator<Item = &'a str>) -> HashMap<String, (usize, usize)> {
    let mut wanted = Tree::default();
    for pointer in pointers {
        wanted.insert(pointer);
    }
    let mut found = HashMap::new();
    if wanted.pointer.is_none() && wanted.children.is_empty() {
        return found;
    }
    match source.syntax {
        Syntax::Json => {
            if let Ok(root) = serde_json::from_str::<&RawValue>(&source.text) {
                let lines = Lines::new(&source.text);
                walk_json(&source.text, root, offset(&source.text, root.get()), &wanted, &mut |pointer, at| {
                    found.insert(pointer.to_owned(), lines.position(at));
                });
            }
        }
        Syntax::Yaml => walk_yaml(&source.text, &wanted, &mut found),
    }
    found
}

/// The wanted pointers, as a tree of their tokens.
#[derive(Default)]
struct Tree {
    pointer: Option<String>,
    children: HashMap<String, Tree>,
}

impl Tree {
    fn insert(&mut self, pointer: &str) {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            node = node.children.entry(token.replace("~1", "/").replace("~0", "~")).or_default();
        }
        node.pointer = Some(pointer.to_owned());
    }

    /// Calls `report` for this node and all below it.
    fn each(&self, report: &mut impl FnMut(&str)) {
        if let Some(pointer) = &self.pointer {
            report(pointer);
        }
        for child in self.children.values() {
            child.each(report);
        }
    }
}

/// `at` is where the value, or the key in front of it, begins.
fn walk_json(text: &str, value: &RawValue, at: usize, wanted: &Tree, report: &mut impl FnMut(&str, usize)) {
    // First everything below gets this place; what is found below overwrites it.
    wanted.each(&mut |pointer| report(pointer, at));
    if wanted.children.is_empty() {
        return;
    }
    let raw = value.get();
    if raw.starts_with('{') {
        let Ok(members) = serde_json::from_str::<Members>(raw) else { return };
        for (key, member) in members.0 {
            if let Some(child) = wanted.children.get(key.as_ref()) {
                let at = match key {
                    // Behind the opening quote.
                    Cow::Borrowed(key) => offset(text, key).saturating_sub(1),
                    Cow::Owned(_) => offset(text, member.get()),
                };
                walk_json(text, member, at, child, report);
            }
        }
    } else if raw.starts_with('[') {
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) else { return };
        for (index, item) in items.into_iter().enumerate() {
            if let Some(child) = wanted.children.get(&index.to_string()) {
                walk_json(text, item, offset(text, item.get()), child, report);
            }
        }
    }
}

/// The members of an object in order, their keys and values borrowed from the text.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// How far into `text` its slice `part` begins, in bytes.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// Where each line begins.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (line, 1 + self.text.get(start..offset).unwrap_or_default().chars().count())
    }
}

/// An open mapping or sequence while the events of a YAML document pass.
struct Level<'a> {
    wanted: Option<&'a Tree>,
    state: State<'a>,
}

enum State<'a> {
    Key,
    Value(Option<&'a Tree>),
    Sequence(usize),
}

fn walk_yaml(text: &str, wanted: &Tree, found: &mut HashMap<String, (usize, usize)>) {
    let mut report = |tree: &Tree, at: (usize, usize)| {
        tree.each(&mut |pointer| {
            found.insert(pointer.to_owned(), at);
        });
    };
    report(wanted, (1, 1));
    let mut levels: Vec<Level> = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, span))) = parser.next_event() {
        let at = (span.start.line(), span.start.col() + 1);
        if matches!(event, Event::MappingEnd | Event::SequenceEnd) {
            levels.pop();
            continue;
        }
        if !event.is_node() {
            continue;
        }
        let here = match levels.last_mut() {
            None => Some(wanted),
            Some(level) => match &mut level.state {
                State::Key => {
                    let key = event.scalar().map(|(key, _)| key);
                    let child = level.wanted.zip(key).and_then(|(tree, key)| tree.children.get(key));
                    if let Some(child) = child {
                        report(child, at);
                    }
                    level.state = State::Value(child);
                    None
                }
                State::Value(child) => {
                    let child = *child;
                    level.state = State::Key;
                    child
                }
                State::Sequence(index) => {
                    let child = level.wanted.and_then(|tree| tree.children.get(&index.to_string()));
                    *index += 1;
                    if let Some(child) = child {
                        report(child, at);
                    }
                    child
                }
            },
        };
        match event {
            Event::MappingStart(..) => levels.push(Level { wanted: here, state: State::Key }),
            Event::SequenceStart(..) => levels.push(Level { wanted: here, state: State::Sequence(0) }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, syntax: Syntax) -> Source {
        let name = if syntax == Syntax::Json { "a.json" } else { "a.yaml" };
        Source::new(name, text.as_bytes().to_vec(), crate::diagnostics::Input::Spec, &mut Default::default())
    }

    #[test]
    fn json() {
        let source = source("{\n  \"ä\": 1, \"paths\": {\n    \"/a\": [1, {\"b\": 2}]\n  }\n}", Syntax::Json);
        let found = locate(&source, ["", "/paths", "/paths/~1a/1/b", "/paths/~1a/9", "/nowhere/at/all"]);
        assert_eq!(found[""], (1, 1));
        assert_eq!(found["/paths"], (2, 11));
        assert_eq!(found["/paths/~1a/1/b"], (3, 16));
        assert_eq!(found["/paths/~1a/9"], (3, 5));
        assert_eq!(found["/nowhere/at/all"], (1, 1));
    }

    #[test]
    fn yaml() {
        let source =
            source("openapi: 3.0.0\npaths:\n  /a:\n    - 1\n    - b: 2\n? [x, y]\n: z\nlast: 1\n", Syntax::Yaml);
        let found = locate(&source, ["/paths", "/paths/~1a/1/b", "/last", "/paths/~1a/9"]);
        assert_eq!(found["/paths"], (2, 1));
        assert_eq!(found["/paths/~1a/1/b"], (5, 7));
        assert_eq!(found["/last"], (8, 1));
        assert_eq!(found["/paths/~1a/9"], (3, 3));
    }
}
