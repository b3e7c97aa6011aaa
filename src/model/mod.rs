//! What a backend offers, in its own terms: models, fields, keys, operations. Nothing here knows SQL or TypeScript.

mod build;
mod list;
mod project;
mod survey;
mod types;

pub use build::build;
pub use list::{Answer, List, ListParent, Page, Required, Since, Size};
pub use project::{
    Cast, Constant, Field, FieldRules, FieldType, Filling, FromPath, Input, Insert, KeyOrigin, Metadata, Method, Model,
    Operation, Operations, Parameter, Project, Rules, Scope, Server, Sync, WriteId,
};
pub use survey::{Survey, Surveyed, survey};
pub use types::{NamedType, Property, Shape};
