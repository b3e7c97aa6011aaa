//! Bundles a document and the files that it refers to into one tree.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};
use url::Url;

use super::error::ReadError;
use super::loader::Loader;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child};
use crate::openapi::pointer::local_pointer;
use crate::openapi::references::{self, Position};
use crate::openapi::tree::{OTHERS, Tree, pointer_of};
use crate::source::{Source, Whole};

/// The maximum length of a chain of references.
pub const MAX_STEPS: usize = 32;

/// The maximum of references that are made to members of other files.
const MAX_MEMBERS: usize = 200_000;

/// Parts that can be a file as a whole: `paths: { $ref: paths.yaml }`.
const PARTS: &[&str] = &["paths", "components", "definitions", "parameters", "responses"];

/// A file, and a pointer into it. The first document is 0.
pub type Target = (usize, String);

/// The target of an unresolved reference, which is in no document.
const NOWHERE: Target = (usize::MAX, String::new());

pub struct Bundle {
    loader: Loader,
    pub documents: Vec<Loaded>,
    by_url: HashMap<Url, Result<usize, ReadError>>,
    /// The target of each reference to another file, by the place of the reference.
    pub links: BTreeMap<Target, Target>,
    /// The schemas among the targets, in the order of their discovery.
    pub schemas: Vec<Target>,
    missing: Vec<Problem>,
    told: HashSet<String>,
    /// The members that can still be referred to.
    members_left: usize,
}

pub struct Loaded {
    pub url: Url,
    pub value: Value,
    source: Option<Source>,
}

impl Bundle {
    fn new(root: Value, home: &Url, loader: Loader) -> Self {
        let first = Loaded { url: home.clone(), value: root, source: None };
        let by_url = HashMap::from([(home.clone(), Ok(0))]);
        let (links, schemas, missing, told) = Default::default();
        Self { loader, documents: vec![first], by_url, links, schemas, missing, told, members_left: MAX_MEMBERS }
    }

    /// Reads everything that a document refers to.
    pub fn load(root: Value, home: &Url, loader: Loader, problems: &mut Problems) -> Self {
        let mut bundle = Self::new(root, home, loader);
        bundle.bring_parts(problems);
        bundle.follow_all(problems);
        bundle.missing.sort_by(|one, two| one.pointer.cmp(&two.pointer));
        references::report(std::mem::take(&mut bundle.missing), problems);
        bundle
    }

    /// Replaces a reference to a whole part of the document by references to its members.
    fn bring_parts(&mut self, problems: &mut Problems) {
        for part in PARTS {
            self.bring(&(0, format!("/{part}")), problems);
            let members: Vec<String> = match (*part, self.value(&(0, format!("/{part}")))) {
                ("components", Some(Value::Object(components))) => components.keys().cloned().collect(),
                _ => Vec::new(),
            };
            members.iter().for_each(|member| self.bring(&(0, format!("/components/{member}")), problems));
        }
    }

    /// Replaces a reference to a map by references to its members.
    fn bring(&mut self, place: &Target, problems: &mut Problems) {
        let Some(text) = self.reference(place) else { return };
        let target = match self.end_of(place, problems) {
            Ok(target) => target,
            Err(error) => return self.miss(place.clone(), &text, error),
        };
        let Some(url) = self.documents.get(target.0).map(|document| document.url.clone()) else { return };
        let Some(Value::Object(members)) = self.value(&target) else { return };
        let member = |name: &String| {
            let mut url = url.clone();
            url.set_fragment(Some(&child(&target.1, name).replace('%', "%25")));
            (name.clone(), serde_json::json!({ "$ref": url.as_str() }))
        };
        let mut brought: Map<String, Value> = members.keys().take(self.members_left).map(member).collect();
        self.members_left -= brought.len();
        let document = self.documents.get_mut(place.0).map(|document| &mut document.value);
        if let Some(Value::Object(part)) = document.and_then(|document| document.pointer_mut(&place.1)) {
            part.shift_remove("$ref");
            brought.append(part);
            *part = brought;
        }
    }

    fn reference(&self, at: &Target) -> Option<String> {
        self.value(at)?.get("$ref")?.as_str().map(str::to_owned)
    }

    /// The end of a chain of references.
    fn end_of(&mut self, start: &Target, problems: &mut Problems) -> Result<Target, ReadError> {
        let mut at = start.clone();
        for _ in 0..MAX_STEPS {
            let Some(text) = self.reference(&at) else { return Ok(at) };
            at = match self.resolve(&at, &text, problems) {
                Some(target) => self.existing(&text, target?)?,
                None => (0, local_pointer(&text).unwrap_or_default()),
            };
        }
        Err(ReadError::new("the references form a circle"))
    }

    /// Follows every reference, recursively.
    fn follow_all(&mut self, problems: &mut Problems) {
        let mut queue = VecDeque::from([((0, String::new()), Position::Node)]);
        let mut seen = HashSet::new();
        let mut schemas = HashSet::new();
        let mut brought = HashSet::new();
        while let Some((at, position)) = queue.pop_front() {
            let mut found = Vec::new();
            if let Some(value) = self.value(&at) {
                references::each(value, &at.1, position, &mut |reference| {
                    // References inside the first document need no other file.
                    let stays = at.0 == 0 && reference.text.starts_with('#');
                    if !stays || reference.position == Position::Schemas {
                        found.push((reference.text.to_owned(), reference.pointer(), reference.position));
                    }
                });
            }
            for (text, pointer, position) in found {
                let place = (at.0, pointer);
                // A file may be reached as a schema, and as the whole that has the schema.
                if self.links.contains_key(&place) && position != Position::Schema {
                    continue;
                }
                if position == Position::Schemas {
                    // A file of properties: they aren't components.
                    self.bring(&place, problems);
                    if self.reference(&place).is_none() && brought.insert(place.clone()) {
                        queue.push_back((place, position));
                    }
                    continue;
                }
                let is_brought = |(document, pointer): &Target| {
                    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                    brought.contains(&(*document, parent.to_owned()))
                };
                let is_schema = position == Position::Schema && !is_brought(&place);
                let Some(target) = self.resolve(&place, &text, problems) else { continue };
                match target.and_then(|target| self.existing(&text, target)) {
                    Ok(target) => {
                        let is_other = target.0 != 0;
                        if is_other && is_schema && schemas.insert(target.clone()) {
                            self.schemas.push(target.clone());
                        }
                        if is_other && seen.insert((target.clone(), position)) {
                            queue.push_back((target.clone(), position));
                        }
                        self.links.insert(place, target);
                    }
                    Err(error) => self.miss(place, &text, error),
                }
            }
        }
    }

    /// The target of a reference; `None` inside the first document.
    fn resolve(&mut self, place: &Target, text: &str, problems: &mut Problems) -> Option<Result<Target, ReadError>> {
        let (file, fragment) = text.split_once('#').unwrap_or((text, ""));
        let pointer = local_pointer(&format!("#{fragment}"));
        let pointer = pointer.ok_or_else(|| ReadError::new(format!("`{text}` isn't percent-encoded UTF-8")));
        if file.is_empty() {
            return (place.0 != 0).then(|| pointer.map(|pointer| (place.0, pointer)));
        }
        let base = &self.documents.get(place.0)?.url;
        let url = base.join(file).map_err(|error| ReadError::new(format!("`{text}` isn't a reference: {error}")));
        let document = url.and_then(|url| self.document(url, text, problems));
        Some(document.and_then(|document| Ok((document, pointer?))))
    }

    fn document(&mut self, url: Url, text: &str, problems: &mut Problems) -> Result<usize, ReadError> {
        if let Some(known) = self.by_url.get(&url) {
            return known.clone();
        }
        let document = self.read(&url, problems).map_err(|mut error| {
            error.message = format!("`{text}` isn't read: {}", error.message);
            error
        });
        self.by_url.insert(url, document.clone());
        document
    }

    fn read(&mut self, url: &Url, problems: &mut Problems) -> Result<usize, ReadError> {
        let bytes = self.loader.get(url)?;
        let number = self.documents.len();
        let input = Input::Document(number - 1);
        let source = Source::new(&self.loader.shown(url), bytes, input, problems);
        // A file that doesn't parse is kept, so that its error can be located.
        let value = source.parse(input, Whole, problems).unwrap_or_default();
        self.documents.push(Loaded { url: url.clone(), value, source: Some(source) });
        Ok(number)
    }

    fn existing(&self, text: &str, target: Target) -> Result<Target, ReadError> {
        if self.value(&target).is_some() {
            return Ok(target);
        }
        let file = self.documents.get(target.0).map(|document| self.loader.shown(&document.url)).unwrap_or_default();
        Err(ReadError::new(format!("`{text}` doesn't exist in {file}"))
            .help("correct the name, or add what is missing"))
    }

    /// Reports each missing target once.
    fn miss(&mut self, place: Target, text: &str, error: ReadError) {
        self.links.insert(place.clone(), NOWHERE);
        if !self.told.insert(error.message.clone()) {
            return;
        }
        let pointer = if place.0 == 0 { place.1 } else { pointer_of(place.0 - 1, &place.1) };
        let help = error.help.unwrap_or_else(|| format!("correct `{text}`, or add the file"));
        let problem = Problem::new(Severity::Warning, Code::Unresolved, (Input::Spec, &pointer), error.message);
        self.missing.push(problem.help(help));
    }

    pub fn value(&self, at: &Target) -> Option<&Value> {
        self.documents.get(at.0)?.value.pointer(&at.1)
    }

    /// The tree, and the other files in the order in which they are in it.
    pub fn assemble(mut self, names: BTreeMap<String, String>, named: BTreeMap<String, String>) -> (Tree, Vec<Source>) {
        for ((document, pointer), target) in &self.links {
            let place = self.documents.get_mut(*document).and_then(|document| document.value.pointer_mut(pointer));
            if let Some(reference) = place.and_then(|place| place.get_mut("$ref")) {
                *reference = format!("#{}", pointer_in_tree(target).replace('%', "%25")).into();
            }
        }
        let mut documents = self.documents.into_iter();
        let mut root = documents.next().map(|first| first.value).unwrap_or_default();
        let (others, sources): (Vec<Value>, Vec<Option<Source>>) =
            documents.map(|document| (document.value, document.source)).unzip();
        if let Value::Object(root) = &mut root {
            root.shift_remove(OTHERS);
            if !others.is_empty() {
                root.insert(OTHERS.to_owned(), Value::Array(others));
            }
        }
        let tree = Tree { root, names, named };
        (tree, sources.into_iter().flatten().collect())
    }
}

pub fn pointer_in_tree((document, pointer): &Target) -> String {
    if *document == 0 { pointer.clone() } else { pointer_of(document - 1, pointer) }
}
