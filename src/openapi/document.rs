use serde_json::{Map, Value};

use super::keywords::EXCLUDE;
use super::pointer::{component_name, local_pointer};
use super::references;
use super::schema::{Schema, SchemaAt};
use super::servers::servers;
use super::tree::Tree;
use super::version::{self, Version};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child};

/// A parsed document. Schemas are read on demand: of thousands, a run may need a few.
pub struct Document {
    tree: Tree,
    version: Version,
    /// Whether anything in it has `x-sync-exclude`: where nothing has, no property has to be asked, which is a tenth of
    /// what models take.
    pub(super) has_exclusions: bool,
}

/// A value of the document, with its pointer.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    pub value: &'a Value,
    pub pointer: String,
}

impl<'a> Node<'a> {
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        self.value.get(key).map(|value| Node { value, pointer: child(&self.pointer, key) })
    }

    pub fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    pub fn str(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str)
    }

    /// The schema that the node is.
    pub fn schema(&self) -> SchemaAt<'a> {
        SchemaAt::new(self.value, self.pointer.clone())
    }
}

impl Document {
    /// Checks the version, the paths and the references. `None`, with problems, where the document is of no use.
    pub fn new(tree: Tree, problems: &mut Problems) -> Option<Self> {
        let version = version::detect(&tree.root, problems)?;
        match tree.root.get("paths") {
            Some(Value::Object(paths)) if !paths.is_empty() => {}
            _ => {
                problems.push(
                    Problem::new(Severity::Error, Code::NoPaths, (Input::Spec, "/paths"), "the document has no paths")
                        .help("models are found by their paths, such as `/contacts` and `/contacts/{id}`"),
                );
                return None;
            }
        }
        references::check(&tree.root, problems);
        let has_exclusions = has_key(&tree.root, EXCLUDE);
        Some(Self { tree, version, has_exclusions })
    }

    pub fn version(&self) -> Version {
        self.version
    }

    /// Where the document says that the API is.
    pub fn servers(&self) -> Vec<String> {
        servers(&self.tree.root)
    }

    /// The path items in the document's order.
    pub fn paths(&self) -> impl Iterator<Item = (&str, Node<'_>)> {
        let paths = self.tree.root.get("paths").and_then(Value::as_object);
        paths.into_iter().flatten().filter(|(path, _)| path.starts_with('/')).filter_map(|(path, value)| {
            let node = Node { value, pointer: child("/paths", path) };
            Some((path.as_str(), self.resolve(node)?))
        })
    }

    /// The names of the component schemas, those of other files among them.
    pub fn schema_names(&self) -> impl Iterator<Item = &str> {
        let parent = self.tree.root.pointer(self.version.schemas_pointer());
        let own = parent.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str());
        own.chain(self.tree.named.keys().map(String::as_str))
    }

    /// The name of the component schema at a pointer, if it is one.
    pub fn component_name(&self, pointer: &str) -> Option<String> {
        self.tree.names.get(pointer).cloned().or_else(|| component_name(pointer))
    }

    /// The pointer to the component schema of a name.
    pub fn component_pointer(&self, name: &str) -> String {
        self.tree.named.get(name).cloned().unwrap_or_else(|| child(self.version.schemas_pointer(), name))
    }

    /// Follows the `$ref`s of anything but a schema. `None` where one can't be resolved.
    pub fn resolve<'a>(&'a self, mut node: Node<'a>) -> Option<Node<'a>> {
        for _ in 0..32 {
            let Some(reference) = node.str("$ref") else { return Some(node) };
            let pointer = local_pointer(reference)?;
            node = Node { value: self.tree.root.pointer(&pointer)?, pointer };
        }
        None
    }

    /// The schema at a JSON pointer. `None` where nothing is there.
    pub fn schema(&self, pointer: &str) -> Option<SchemaAt<'_>> {
        Some(SchemaAt::new(self.tree.root.pointer(pointer)?, pointer.to_owned()))
    }

    /// The schema that a reference leads to. `None` where it can't be resolved.
    pub fn referenced(&self, reference: &str) -> Option<SchemaAt<'_>> {
        self.schema(&local_pointer(reference)?)
    }

    /// Follows references, and reads the schema. `None` where one can't be resolved, or where they form a circle.
    pub fn follow<'a>(&'a self, at: &SchemaAt<'a>) -> Option<Schema<'a>> {
        let mut schema = at.read();
        for _ in 0..32 {
            let Some(reference) = schema.reference else { return Some(schema) };
            schema = self.referenced(reference)?.read();
        }
        None
    }

    /// The value at a JSON pointer, as the document has it.
    pub fn raw(&self, pointer: &str) -> Option<&Value> {
        self.tree.root.pointer(pointer)
    }
}

/// Whether an object in the value, at any depth, has a member of this name.
fn has_key(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(name, value)| name == key || has_key(value, key)),
        Value::Array(items) => items.iter().any(|item| has_key(item, key)),
        _ => false,
    }
}
