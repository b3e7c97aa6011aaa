//! Names the schemas of other files.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use super::bundle::{Bundle, MAX_STEPS, Target, pointer_in_tree};
use crate::diagnostics::child;

const COMPONENTS: [&str; 2] = ["/components/schemas", "/definitions"];

/// Tokens of pointers to parts of a schema, which have no name.
const PARTS: &[&str] = &[
    "properties",
    "patternProperties",
    "additionalProperties",
    "items",
    "prefixItems",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "schema",
];

#[derive(Default)]
struct Names {
    /// By pointer in the tree; and back, to the end of each chain of references.
    names: BTreeMap<String, String>,
    named: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    /// The last number that was put behind a name.
    numbers: BTreeMap<String, usize>,
}

/// Names each schema: like the first document's component that only refers to it, else by the last token of its
/// pointer, or like its file if it is the whole file.
pub fn give(bundle: &Bundle) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let mut names = Names::default();
    let mut aliases = Vec::new();
    for parent in COMPONENTS {
        let components = bundle.value(&(0, parent.to_owned())).and_then(Value::as_object);
        for name in components.into_iter().flatten().map(|(name, _)| name) {
            names.taken.insert(name.clone());
            aliases.push((name, (0, child(parent, name))));
        }
    }
    for (name, component) in aliases {
        names.call(&chain(bundle, &component), name);
    }
    for target in &bundle.schemas {
        let chain = chain(bundle, target);
        let known = chain.iter().find_map(|target| names.names.get(&pointer_in_tree(target)).cloned());
        let component = chain.last().filter(|(document, _)| *document == 0).and_then(|(_, pointer)| component(pointer));
        // The end of a chain is the schema; the rest may be an index of files.
        let own = |(document, pointer): &Target| candidates(&bundle.documents.get(*document)?.url, pointer);
        let own = || chain.iter().rev().filter(|(document, _)| *document != 0).find_map(own);
        if let Some(name) = known.or(component).or_else(|| own().map(|candidates| names.free(candidates))) {
            names.call(&chain, &name);
        }
    }
    (names.names, names.named)
}

impl Names {
    fn call(&mut self, chain: &[Target], name: &str) {
        self.taken.insert(name.to_owned());
        let others: Vec<&Target> = chain.iter().filter(|(document, _)| *document != 0).collect();
        for target in &others {
            self.names.entry(pointer_in_tree(target)).or_insert_with(|| name.to_owned());
        }
        if let (Some(end), Some((last, _))) = (others.last(), chain.last())
            && *last != 0
        {
            self.named.entry(name.to_owned()).or_insert_with(|| pointer_in_tree(end));
        }
    }

    /// The first that isn't taken, or the first with a number.
    fn free(&mut self, candidates: Vec<String>) -> String {
        if let Some(free) = candidates.iter().find(|name| !self.taken.contains(*name)) {
            return free.clone();
        }
        let first = candidates.into_iter().next().unwrap_or_default();
        let number = self.numbers.entry(first.clone()).or_insert(1);
        loop {
            *number += 1;
            let name = format!("{first}_{number}");
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }
}

/// A target, and those that it is nothing but a reference to.
fn chain(bundle: &Bundle, start: &Target) -> Vec<Target> {
    let mut chain = vec![start.clone()];
    while let Some(last) = chain.last().filter(|_| chain.len() < MAX_STEPS) {
        let is_only_reference = bundle
            .value(last)
            .and_then(Value::as_object)
            .is_some_and(|value| value.len() == 1 && value.contains_key("$ref"));
        match bundle.links.get(last) {
            Some(next) if is_only_reference && !chain.contains(next) && bundle.value(next).is_some() => {
                chain.push(next.clone());
            }
            _ => break,
        }
    }
    chain
}

fn component(pointer: &str) -> Option<String> {
    let name = COMPONENTS.iter().find_map(|parent| pointer.strip_prefix(parent)?.strip_prefix('/'))?;
    (!name.contains('/')).then(|| token(name))
}

/// The possible names of a schema, the shortest first. `None` for a part of a schema.
fn candidates(url: &Url, pointer: &str) -> Option<Vec<String>> {
    let file = |segment: &str| {
        let name = percent_decode_str(segment).decode_utf8_lossy().into_owned();
        name.split('.').find(|part| !part.is_empty()).unwrap_or("schema").to_owned()
    };
    let mut segments: Vec<String> = url.path_segments().into_iter().flatten().map(file).collect();
    // An index file has the name of its folder.
    segments.pop_if(|last| matches!(last.as_str(), "index" | "_index"));
    let tokens: Vec<String> = pointer.split('/').skip(1).map(token).collect();
    let is_part = |token: &String| PARTS.contains(&token.as_str()) || token.parse::<u32>().is_ok();
    if tokens.iter().any(is_part) {
        return None;
    }
    let name = match tokens.last() {
        Some(last) => last.clone(),
        None => segments.pop()?,
    };
    let longer = segments.last().map(|parent| format!("{parent}_{name}"));
    Some([Some(name), longer].into_iter().flatten().collect())
}

fn token(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}
