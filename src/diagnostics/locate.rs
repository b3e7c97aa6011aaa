//! From JSON pointers back to lines and columns. Done only when a problem is printed, so that reading pays nothing for it.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::Event;

use super::scan::Scan;
use super::{Source, Syntax, yaml};

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
            let mut lines = Lines::new(&source.text);
            let mut report = |tree: &Tree, at: usize| {
                let place = lines.position(at);
                tree.each(&mut |pointer| {
                    found.insert(pointer.to_owned(), place);
                });
            };
            let mut scan = Scan::new(&source.text);
            if let Some((_, start)) = scan.peek() {
                report(&wanted, start);
                walk_json(&mut scan, &wanted, wanted.parts(), &mut report);
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

    /// How many parts of the document there are to look into. All of it where a part is wanted as such: its key may be one
    /// that stands there twice.
    fn parts(&self) -> usize {
        if self.children.values().any(|part| part.pointer.is_some()) { usize::MAX } else { self.children.len() }
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

/// Reports a value that is wanted in full or in part. First everything below gets the place of what it is in; what is found
/// below overwrites it. `None` where there is no more to look for.
fn walk_json(scan: &mut Scan, wanted: &Tree, mut enough: usize, report: &mut impl FnMut(&Tree, usize)) -> Option<()> {
    match scan.peek()?.0 {
        b'{' if !wanted.children.is_empty() => {
            scan.step();
            while scan.peek()?.0 != b'}' && enough > 0 {
                let (_, before) = scan.peek()?;
                let key = key(scan.string()?);
                // A key with escapes is found by its value.
                let at = if let Cow::Owned(_) = key { scan.peek()?.1 } else { before };
                match wanted.children.get(key.as_ref()) {
                    Some(child) => {
                        enough -= 1;
                        report(child, at);
                        walk_json(scan, child, usize::MAX, report)?;
                    }
                    None => scan.skip()?,
                }
            }
            scan.step();
        }
        b'[' if !wanted.children.is_empty() => {
            scan.step();
            let mut index = 0;
            while let (first, at) = scan.peek()?
                && first != b']'
            {
                match wanted.children.get(&index.to_string()) {
                    Some(child) => {
                        report(child, at);
                        walk_json(scan, child, usize::MAX, report)?;
                    }
                    None => scan.skip()?,
                }
                index += 1;
            }
            scan.step();
        }
        _ => scan.skip()?,
    }
    Some(())
}

/// The key that a literal is.
fn key(literal: &str) -> Cow<'_, str> {
    match literal.strip_prefix('"').and_then(|literal| literal.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(serde_json::from_str(literal).unwrap_or_default()),
    }
}

/// Counts lines and columns along with offsets that don't go back.
struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: usize,
    start: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, counted: 0, line: 1, start: 0 }
    }

    fn position(&mut self, offset: usize) -> (usize, usize) {
        let passed = self.text.get(self.counted..offset).unwrap_or_default();
        self.line += passed.bytes().filter(|byte| *byte == b'\n').count();
        if let Some(end) = passed.rfind('\n') {
            self.start = self.counted + end + 1;
        }
        self.counted = offset;
        (self.line, 1 + self.text.get(self.start..offset).unwrap_or_default().chars().count())
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
    let mut enough = wanted.parts();
    let mut parser = yaml::parser(text);
    while let Some(Ok((event, span))) = parser.next_event() {
        let at = yaml::position(span);
        if matches!(event, Event::MappingEnd | Event::SequenceEnd) {
            levels.pop();
            continue;
        }
        if !event.is_node() {
            continue;
        }
        let is_part = levels.len() == 1;
        let here = match levels.last_mut() {
            None => Some(wanted),
            Some(level) => match &mut level.state {
                State::Key if is_part && enough == 0 => return,
                State::Key => {
                    let key = event.scalar().map(|(key, _)| key);
                    let child = level.wanted.zip(key).and_then(|(tree, key)| tree.children.get(key));
                    if let Some(child) = child {
                        enough = enough.saturating_sub(usize::from(is_part));
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
