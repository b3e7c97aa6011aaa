//! A column for a key that only the path has.

use crate::openapi::RawProperty;

/// The model whose key a parameter of a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathParent {
    pub model: String,
    /// The field that fills the parameter in the parent's own item path.
    pub field: String,
}

/// A column that holds a parameter of the path.
#[derive(Debug, Clone)]
pub struct PathColumn<'a> {
    pub name: String,
    /// The parameter as the path has it.
    pub parameter: &'a str,
    /// The form of the path up to the parameter: `/projects/{}`.
    pub place: String,
    /// The parent's key, or the parameter itself.
    pub raw: RawProperty<'a>,
    pub parent: Option<PathParent>,
    /// Whether rows are told apart by it, too.
    pub is_key: bool,
    /// Whether the model gets it: the config may exclude it.
    pub is_taken: bool,
}
