//! Path parameters that have the same value in every request: the version in `/v{version}/orders`.

use super::paths;
use crate::openapi::{Document, Node, Resolved, path_parameter};

/// Names of parameters whose default is what everybody sends.
const VERSIONS: &[&str] = &["version", "apiversion", "api-version", "api_version", "v"];

/// The constant parameters of a path with their values: as the config gives them, the only one that the document allows,
/// or the default of a version and of what is a part of a segment.
pub fn of<'a, 'n>(
    document: &'a Document,
    path: &'a str,
    item: &Node<'a>,
    operations: impl Iterator<Item = &'n Node<'a>> + Clone,
    given: &[(String, String)],
) -> Vec<(&'a str, String)>
where
    'a: 'n,
{
    let partial = paths::partial_parameters(path);
    let value = |name: &'a str, is_last: bool| {
        if let Some((_, value)) = given.iter().find(|(own, _)| own == name) {
            return Some(value.clone());
        }
        let is_partial = partial.contains(&name);
        if is_last && !is_partial {
            return None;
        }
        let schema = operations.clone().find_map(|operation| path_parameter(document, item, operation, name))?.schema();
        let resolved = Resolved::of(document, &schema)?;
        let only = <[_; 1]>::try_from(resolved.schema.choices()).ok().map(|[only]| only);
        let is_version = is_partial || VERSIONS.contains(&name.to_lowercase().as_str());
        text(only.as_ref().or(resolved.default.filter(|_| is_version))?)
    };
    let names: Vec<&str> = names(path).collect();
    let last = names.len().saturating_sub(1);
    let ends = path.trim_end_matches('/').ends_with('}');
    names.iter().enumerate().filter_map(|(index, name)| Some((*name, value(name, ends && index == last)?))).collect()
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

fn text(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
