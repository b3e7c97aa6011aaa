//! Reads YAML into a value tree of the kept parts.

mod places;
mod scalar;

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::{Map, Value};

use super::error::SyntaxError;
use super::tree::{Part, Reader, Whole};
pub use places::Places;
use places::{Pointer, Position};

/// The maximum depth, as in `serde_json`.
const MAX_DEPTH: usize = 127;

/// The maximum bytes that all aliases together expand to, against alias bombs.
const MAX_COPIED: usize = 64 * 1024 * 1024;

/// The approximate size of a value without its text.
const NODE_BYTES: usize = 64;

const TOO_LARGE: &str = "the YAML is nested too deeply, or its aliases make it too large";

/// Reads the only document of a text, with the positions of its nodes. An empty document is null.
pub fn parse(text: &str, part: impl Part, reader: &mut Reader, places: &mut Places) -> Result<Value, SyntaxError> {
    let parser = Parser::new_from_str_with_options(text, Options::default());
    let mut loader = Loader { parser, anchors: HashMap::new(), copied: 0, reader, places };
    let top = Place { pointer: Pointer::default(), depth: 0 };
    let root = loop {
        match loader.next()? {
            (Event::StreamEnd, _) => return Ok(Value::Null),
            (event, span) if event.is_node() => break loader.node(event, span, part, &top)?,
            _ => {}
        }
    };
    loop {
        match loader.next()? {
            (Event::StreamEnd, _) => return Ok(root),
            (Event::DocumentStart(..), span) => {
                return Err(failure(span, "the file holds more than one YAML document: leave one of them"));
            }
            _ => {}
        }
    }
}

/// Line and column of a node.
fn position(span: Span) -> Position {
    (span.start.line(), span.start.col() + 1)
}

/// The place of a node in the value tree.
struct Place {
    pointer: Pointer,
    /// Levels below the root.
    depth: usize,
}

impl Place {
    fn below(&self, token: &str) -> Self {
        Self { pointer: self.pointer.below(token), depth: self.depth + 1 }
    }
}

struct Loader<'r, 't> {
    parser: Parser<'t, StrInput<'t>>,
    /// What aliases refer to, by the number that the parser gives it.
    anchors: HashMap<usize, Anchored>,
    copied: usize,
    reader: &'r mut Reader,
    places: &'r mut Places,
}

/// An anchored node, read in full: an alias may be where more of it is kept.
struct Anchored {
    value: Value,
    bytes: usize,
    height: usize,
}

impl<'t> Loader<'_, 't> {
    fn next(&mut self) -> Result<(Event<'t>, Span), SyntaxError> {
        // The parser ends with this event.
        self.parser.next_event().unwrap_or(Ok((Event::StreamEnd, Span::default()))).map_err(|error| syntax(&error))
    }

    /// Reads the node that begins with an event.
    fn node(&mut self, event: Event<'t>, span: Span, part: impl Part, place: &Place) -> Result<Value, SyntaxError> {
        if let Event::Alias(anchor) = event {
            return Ok(prune(self.alias(anchor, span, place.depth)?, part));
        }
        let Some(anchor) = event.anchor_id() else { return self.bare(event, span, part, place) };
        let value = self.bare(event, span, Whole, place)?;
        self.anchor(anchor, &value, span)?;
        Ok(prune(value, part))
    }

    fn anchor(&mut self, anchor: usize, value: &Value, span: Span) -> Result<(), SyntaxError> {
        let (bytes, height) = measure(value);
        self.copy(bytes, span)?;
        self.anchors.insert(anchor, Anchored { value: value.clone(), bytes, height });
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Value, SyntaxError> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(failure(span, "an alias is inside its own anchor: write it out, or use a `$ref`"));
        };
        let (bytes, height) = (anchored.bytes, anchored.height);
        self.copy(bytes, span)?;
        if depth + height > MAX_DEPTH {
            return Err(too_large(span));
        }
        Ok(self.anchors.get(&anchor).map(|anchored| anchored.value.clone()).unwrap_or_default())
    }

    fn copy(&mut self, bytes: usize, span: Span) -> Result<(), SyntaxError> {
        self.copied += bytes;
        if self.copied > MAX_COPIED { Err(too_large(span)) } else { Ok(()) }
    }

    /// Reads a node without regard to its anchor.
    fn bare(&mut self, event: Event<'t>, span: Span, part: impl Part, place: &Place) -> Result<Value, SyntaxError> {
        match event {
            Event::Scalar(text, style, _, tag) => scalar::value(text, style, tag.as_deref())
                .ok_or_else(|| failure(span, "the value doesn't match its tag")),
            _ if place.depth >= MAX_DEPTH => Err(too_large(span)),
            Event::SequenceStart(..) => self.list(part, place),
            _ => self.object(part, place),
        }
    }

    fn list(&mut self, part: impl Part, place: &Place) -> Result<Value, SyntaxError> {
        let mut values = Vec::new();
        let mut before = self.reader.repeated.told();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::SequenceEnd => break,
                _ if event.is_node() => {
                    let item = place.below(&values.len().to_string());
                    self.places.note(&item.pointer, position(span));
                    values.push(self.node(event, span, part.item(), &item)?);
                }
                _ => continue,
            }
            self.reader.repeated.put_below(before, || (values.len() - 1).to_string());
            before = self.reader.repeated.told();
        }
        values.shrink_to_fit();
        Ok(Value::Array(values))
    }

    fn object(&mut self, part: impl Part, place: &Place) -> Result<Value, SyntaxError> {
        let start = self.reader.open();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::MappingEnd => break,
                _ if !event.is_node() => continue,
                _ => {}
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let at = position(span);
            let key = self.key(event, span)?;
            let (event, span) = self.next_node()?;
            let before = self.reader.repeated.told();
            if is_merge {
                match self.node(event, span, Whole, &place.below(&key))? {
                    Value::Object(members) => merged.push(members),
                    Value::Array(all) if all.iter().all(Value::is_object) => {
                        merged.extend(all.into_iter().filter_map(map_of))
                    }
                    _ => return Err(failure(span, "`<<` takes a mapping, or a list of them")),
                }
            } else if let Some(part) = part.member(&key) {
                let member = place.below(&key);
                self.places.note(&member.pointer, at);
                let value = self.node(event, span, part, &member)?;
                self.reader.member(key.clone(), value);
            } else {
                self.skip(event, span, place)?;
            }
            self.reader.repeated.put_below(before, || key.clone());
        }
        let mut members = self.reader.close(start);
        for (key, value) in merged.into_iter().flatten() {
            if let Some(part) = part.member(&key).filter(|_| !members.contains_key(&key)) {
                members.insert(key, prune(value, part));
            }
        }
        Ok(part.object(members))
    }

    fn next_node(&mut self) -> Result<(Event<'t>, Span), SyntaxError> {
        loop {
            let (event, span) = self.next()?;
            if event.is_node() {
                return Ok((event, span));
            }
        }
    }

    fn key(&mut self, event: Event<'t>, span: Span) -> Result<String, SyntaxError> {
        let is_null = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if scalar::is_null(text));
        match event {
            _ if is_null => Err(failure(span, "a key is null: quote it if it is text")),
            Event::Scalar(text, _, anchor, _) => {
                let key = text.into_owned();
                if anchor != 0 {
                    self.anchor(anchor, &Value::String(key.clone()), span)?;
                }
                Ok(key)
            }
            Event::Alias(anchor) => match self.alias(anchor, span, 0)? {
                Value::String(key) => Ok(key),
                value @ (Value::Number(_) | Value::Bool(_)) => Ok(value.to_string()),
                _ => Err(failure(span, "an alias used as a key must refer to text")),
            },
            _ => Err(failure(span, "a key is a list or a mapping: only text can be a key")),
        }
    }

    /// Skips a node that isn't kept, except for anchors in it.
    fn skip(&mut self, event: Event<'t>, span: Span, place: &Place) -> Result<(), SyntaxError> {
        let (mut event, mut span) = (event, span);
        let mut open = 0;
        loop {
            match &event {
                Event::MappingEnd | Event::SequenceEnd => open -= 1,
                _ if event.anchor_id().is_some() => drop(self.node(event, span, Whole, &place.below(""))?),
                Event::MappingStart(..) | Event::SequenceStart(..) => open += 1,
                _ => {}
            }
            if open == 0 {
                return Ok(());
            }
            (event, span) = self.next()?;
        }
    }
}

fn map_of(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(members) = value { Some(members) } else { None }
}

/// Removes what isn't kept from a value that was read in full.
fn prune(value: Value, part: impl Part) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| prune(item, part.item())).collect(),
        Value::Object(members) => {
            let kept = members.into_iter().filter_map(|(key, value)| {
                let part = part.member(&key)?;
                Some((key, prune(value, part)))
            });
            part.object(kept.collect())
        }
        value => value,
    }
}

/// The approximate size of a value in bytes, and its depth.
fn measure(value: &Value) -> (usize, usize) {
    let add = |(bytes, height): (usize, usize), (more, below): (usize, usize)| (bytes + more, height.max(below + 1));
    match value {
        Value::String(text) => (NODE_BYTES + text.len(), 0),
        Value::Array(items) => items.iter().map(measure).fold((NODE_BYTES, 1), add),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                let (bytes, height) = measure(value);
                (NODE_BYTES + key.len() + bytes, height)
            };
            members.iter().map(member).fold((NODE_BYTES, 1), add)
        }
        _ => (NODE_BYTES, 0),
    }
}

fn failure(span: Span, message: &str) -> SyntaxError {
    SyntaxError { message: message.to_owned(), position: position(span) }
}

fn too_large(span: Span) -> SyntaxError {
    failure(span, TOO_LARGE)
}

fn syntax(error: &ScanError) -> SyntaxError {
    let message = match error.kind() {
        // The parser's own limit.
        ErrorKind::RecursionLimitExceeded => TOO_LARGE.to_owned(),
        _ => format!("not valid YAML: {}", error.info()),
    };
    let at = error.marker();
    SyntaxError { message, position: (at.line(), at.col() + 1) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        parse(text, Whole, &mut Reader::default(), &mut Places::default()).map_err(|error| error.message)
    }

    #[test]
    fn as_another_reader_does() {
        let texts = [
            "",
            "# nothing\n",
            "---\n",
            "a: 1\nb: [x, 'y', \"z\\n\"]\nc: {d: , e: ~}\n",
            "a: |\n  one\n  two\nb: >-\n  one\n  two\n",
            "404: a\ntrue: b\n1.5: c\n",
            "a: &x {b: 1}\nc: *x\nd: [*x, *x]\n",
            "a: &x text\n? *x\n: 1\n",
            "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n",
            "a: &x {b: 1, c: 2}\ne: &y {b: 4, f: 5}\nd: {b: 3, <<: [*x, *y]}\n",
            "a: &x {b: 1}\nd: &y {<<: *x, c: 2}\ne: {<<: *y}\n",
            "- !!str 5\n- !!int '5'\n- ! 5\n- !!float 5\n- !!null x\n- !custom x\n",
            "a: [1, -1, 0x1F, 0o17, 1e3, -0.5, .5, 9223372036854775808, -9223372036854776000, 1e400, .inf, .nan]\n",
            "a: [true, False, yes, no, on, null, Null, ~, 2020-01-01, 1.2.3, '', \"\"]\n",
            "'<<': 1\n",
        ];
        for text in texts {
            let options = serde_saphyr::options! {
                strict_booleans: true,
                non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
            };
            let other: Value = serde_saphyr::from_str_with_options(text, options).unwrap();
            assert_eq!(read(text), Ok(other), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        let cases = [
            ("a: 1\n---\nb: 2\n", "the file holds more than one YAML document: leave one of them"),
            ("~: 1\n", "a key is null: quote it if it is text"),
            ("[a]: 1\n", "a key is a list or a mapping: only text can be a key"),
            ("a: &x [1]\n? *x\n: 1\n", "an alias used as a key must refer to text"),
            ("a: &x [*x]\n", "an alias is inside its own anchor: write it out, or use a `$ref`"),
            ("a: {<<: 1}\n", "`<<` takes a mapping, or a list of them"),
            ("a: !!int x\n", "the value doesn't match its tag"),
            ("a: [\n", "not valid YAML: unclosed bracket '['"),
        ];
        for (text, message) in cases {
            assert_eq!(read(text).unwrap_err(), message, "{text}");
        }
    }

    #[test]
    fn an_anchor_takes_no_more_depth_than_a_document_has() {
        let mut text = "a0: &a0 [1]\n".to_owned();
        for level in 1..200 {
            text += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
        }
        let error = parse(&text, Whole, &mut Reader::default(), &mut Places::default()).unwrap_err();
        assert_eq!(error.message, "the YAML is nested too deeply, or its aliases make it too large");
        assert_eq!(error.position, (127, 14));
    }

    #[test]
    fn places() {
        let text = "openapi: 3.0.0\npaths:\n  /a:\n    - 1\n    - b: 2\n? x y\n: z\nlast: 1\n";
        let mut places = Places::default();
        parse(text, Whole, &mut Reader::default(), &mut places).unwrap();
        let found = places.find(&["/paths", "/paths/~1a/1/b", "/last", "/paths/~1a/9"]);
        assert_eq!(found["/paths"], (2, 1));
        assert_eq!(found["/paths/~1a/1/b"], (5, 7));
        assert_eq!(found["/last"], (8, 1));
        assert_eq!(found["/paths/~1a/9"], (3, 3));
    }

    #[test]
    fn keys_that_stand_twice() {
        let mut reader = Reader::default();
        let value = parse("a: {1: x, 1: y}\nb: [{c: 1, c: 2}]\n", Whole, &mut reader, &mut Places::default()).unwrap();
        assert_eq!(value, json!({ "a": { "1": "y" }, "b": [{ "c": 2 }] }));
        assert_eq!(reader.repeated.told(), 2);
    }
}
