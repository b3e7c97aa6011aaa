//! Names of TypeScript types.

use std::collections::BTreeSet;

use crate::discovery::{Resource, Row, paths};
use crate::names::{self, Scope};

/// Names of types that generated modules have anyway.
const RESERVED_TYPES: &[&str] = &[
    "ChangesOptions",
    "DatabaseDriver",
    "Input",
    "LiveKey",
    "LocalChange",
    "ModelStatus",
    "PullAnswer",
    "PullRequest",
    "PushAnswer",
    "PushRequest",
    "RejectedChange",
    "RejectedError",
    "SyncAnswer",
    "SyncError",
    "SyncHeaders",
    "SyncSettings",
    "SyncStatus",
    "SyncVerdict",
];

/// The suffixes of a model's types.
const MODEL_TYPES: [&str; 3] = ["", "Create", "Update"];

/// The maximum of parent segments in a type's name: a hostile path has thousands.
const MOST_PARENTS: usize = 8;

/// Gives unique names to TypeScript types.
pub struct TypeNames {
    scope: Scope,
    components: BTreeSet<String>,
}

impl TypeNames {
    pub fn new<'n>(components: impl Iterator<Item = &'n str>) -> Self {
        Self { scope: Scope::with(RESERVED_TYPES), components: components.map(type_name).collect() }
    }

    /// The name of a model's row, with those of its create and update types: after the schema, where that
    /// has a name, without an ending such as `Read`, unless another schema is called so.
    pub fn model(&mut self, row: &Row, resource: &Resource) -> String {
        let mut candidates = Vec::new();
        if let Some(component) = &row.component {
            // Pydantic puts the module in front of names that occur twice.
            let short =
                component.rsplit(['.', '_']).next().filter(|_| component.contains("__") || component.contains('.'));
            for full in short.into_iter().chain([component.as_str()]).map(type_name) {
                let stripped = Some(names::without_affixes(&full))
                    .filter(|name| *name != full && !self.components.contains(*name));
                candidates.extend(stripped.map(str::to_owned));
                candidates.push(full);
            }
        }
        candidates.push(type_name(&type_name_of_segment(resource.last_segment())));
        let fixed = paths::fixed(resource.segments());
        let longer = (0..fixed.len().saturating_sub(1))
            .rev()
            .take(MOST_PARENTS)
            .map(|skip| fixed.iter().skip(skip).copied().collect::<Vec<_>>());
        candidates.extend(longer.map(|segments| type_name(&segments.join("_"))));
        match candidates.iter().find(|name| self.scope.take_all(name, &MODEL_TYPES)) {
            Some(free) => free.clone(),
            None => self.scope.unique_with(candidates.first().map_or("Row", String::as_str), "", &MODEL_TYPES),
        }
    }

    /// Names a component. If a model has the name, it gets the suffix `Value`.
    pub fn component(&mut self, name: &str) -> String {
        let name = type_name(name);
        if self.scope.take(&name) {
            return name;
        }
        self.scope.unique(&format!("{name}Value"))
    }
}

fn type_name(name: &str) -> String {
    names::ts::identifier(&names::pascal_case(name))
}

/// `Contact` for a row of `/contacts` whose schema has no name.
fn type_name_of_segment(segment: &str) -> String {
    names::pascal_case(&names::singular(segment))
}
