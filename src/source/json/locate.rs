//! Finds the lines and columns of JSON pointers in JSON text.

use std::borrow::Cow;
use std::collections::HashMap;

use super::scan::Scan;

/// Line and column, both from 1, of each pointer that leads somewhere. A pointer to a member of an object is where its
/// key stands. Where the last tokens of a pointer lead nowhere, it is the nearest parent. Reads the text once more, so
/// that parsing pays nothing for what few documents need.
pub fn locate(text: &str, pointers: &[&str]) -> HashMap<String, (usize, usize)> {
    let mut wanted = Tree::default();
    for pointer in pointers {
        wanted.insert(pointer);
    }
    let mut found = HashMap::new();
    if wanted.pointer.is_none() && wanted.children.is_empty() {
        return found;
    }
    let mut lines = Lines::new(text);
    let mut report = |tree: &Tree, at: usize| {
        let place = lines.position(at);
        tree.each(&mut |pointer| {
            found.insert(pointer.to_owned(), place);
        });
    };
    let mut scan = Scan::new(text);
    if let Some((_, start)) = scan.peek() {
        report(&wanted, start);
        walk_json(&mut scan, &wanted, wanted.parts(), &mut report);
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

    /// How many parts of the document there are to look into. All of it where a part is wanted as such: its key may be
    /// one that stands there twice.
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

/// Reports a value that is wanted in full or in part. First everything below gets the place of what it is in; what is
/// found below overwrites it. `None` where there is no more to look for.
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

/// The key of a string literal.
fn key(literal: &str) -> Cow<'_, str> {
    match literal.strip_prefix('"').and_then(|literal| literal.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(serde_json::from_str(literal).unwrap_or_default()),
    }
}

/// Counts lines and columns for ascending offsets.
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
        self.line += memchr::memchr_iter(b'\n', passed.as_bytes()).count();
        if let Some(end) = memchr::memrchr(b'\n', passed.as_bytes()) {
            self.start = self.counted + end + 1;
        }
        self.counted = offset;
        (self.line, 1 + self.text.get(self.start..offset).unwrap_or_default().chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn json() {
        let text = "{\n  \"ä\": 1, \"paths\": {\n    \"/a\": [1, {\"b\": 2}]\n  }\n}";
        let found = locate(text, &["", "/paths", "/paths/~1a/1/b", "/paths/~1a/9", "/nowhere/at/all"]);
        assert_eq!(found[""], (1, 1));
        assert_eq!(found["/paths"], (2, 11));
        assert_eq!(found["/paths/~1a/1/b"], (3, 16));
        assert_eq!(found["/paths/~1a/9"], (3, 5));
        assert_eq!(found["/nowhere/at/all"], (1, 1));
    }
}
