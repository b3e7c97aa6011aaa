//! What the SQL of each database is made with.

use serde_json::Value;

use crate::codegen::template::TemplateSet;
use crate::model::FieldType;

/// What differs between the databases, as far as Rust decides it. The rest is in their templates.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    pub templates: TemplateSet,
    pub column_type: fn(FieldType) -> &'static str,
    /// A JSON value of the schema as an expression of the column's type.
    pub constant: fn(&Value, FieldType) -> String,
}
