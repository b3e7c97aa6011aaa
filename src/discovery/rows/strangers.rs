//! Finds the parameters of an item path that end in `_id`, but aren't the id of its rows: `{user_id}` behind `members`, where
//! a membership has an `id` of its own. Filled with that, a DELETE would remove another user's membership.

use super::envelope::answered_row;
use super::find::component;
use super::form::body;
use super::row::Row;
use crate::discovery::keys::{self, same_name, thing_of_id};
use crate::discovery::paths;
use crate::discovery::resources::Resource;
use crate::names;
use crate::openapi::{Document, find_response, properties};

/// The own parameters of the item paths that name another thing than the rows.
pub fn strangers<'a>(document: &'a Document, row: &Row<'a>, resource: &Resource<'a>) -> Vec<&'a str> {
    // The key of such rows comes from the path.
    if row.answer.is_body {
        return Vec::new();
    }
    let own = keys::item_parameters(resource).len();
    let signs = Signs { document, row, resource, is_only: own == 1 };
    let parameters = resource.item.iter().flat_map(|item| {
        let all = paths::parameters(&item.segments);
        let parents = all.len().saturating_sub(own);
        all.into_iter().skip(parents)
    });
    parameters.filter(|(name, before)| signs.are_against(name, *before)).map(|(name, _)| name).collect()
}

/// What tells whose id a parameter is.
struct Signs<'r, 'a> {
    document: &'a Document,
    row: &'r Row<'a>,
    resource: &'r Resource<'a>,
    /// Whether the item path has no other own parameter.
    is_only: bool,
}

impl Signs<'_, '_> {
    fn are_against(&self, parameter: &str, before: Option<&str>) -> bool {
        let Some(thing) = thing_of_id(parameter) else { return false };
        if self.has_object(&thing) {
            return true;
        }
        let component = self.row.component.as_deref().map(names::pascal_case);
        let component = component.as_deref().map(names::without_affixes);
        // FastAPI's rows: their names as models' types need it, beside `User`.
        let component = component.map(|name| name.strip_suffix("InDb").unwrap_or(name));
        let called: Vec<String> =
            before.map(names::singular).as_deref().into_iter().chain(component).map(names::snake_case).collect();
        if called.iter().any(|name| same_name(name, &thing)) {
            return false;
        }
        if self.is_given(parameter) {
            return true;
        }
        if called.iter().any(|name| is_end_of(name, &thing) || is_end_of(&thing, name)) {
            return false;
        }
        let has_it = self.row.properties.keys().any(|name| same_name(name, &thing));
        has_it || !self.is_only || !self.is_answered()
    }

    /// Whether a row holds the thing: a membership its `user`. One that holds another of its own kind holds its parent.
    fn has_object(&self, thing: &str) -> bool {
        let is_kin = |at| self.row.component.is_some() && component(self.document, at) == self.row.component;
        let named = self.row.properties.iter().filter(|(name, _)| same_name(name, thing));
        let mut schemas = named.flat_map(|(_, property)| &property.schemas);
        schemas.any(|at| !is_kin(at) && !properties(self.document, at).is_empty())
    }

    /// Whether a create takes it: the row's own id is made by the server.
    fn is_given(&self, parameter: &str) -> bool {
        let post = self.resource.collection_operation("post");
        let taken = post.and_then(|(item, node)| body(self.document, item, &node));
        taken.is_some_and(|(_, taken)| taken.keys().any(|name| same_name(name, parameter)))
    }

    /// Whether the item path answers the row.
    fn is_answered(&self) -> bool {
        let answers = ["get", "put", "patch"].into_iter().filter_map(|method| self.resource.item_operation(method));
        self.resource.item.iter().any(|item| item.path == self.row.answer.path)
            || answers
                .filter_map(|(_, node)| find_response(self.document, &node))
                .filter_map(|answer| answered_row(self.document, answer.schema(), self.resource))
                .any(|found| self.row.component.is_some() && component(self.document, &found.row) == self.row.component)
    }
}

/// Whether the last words of a name are these: `session` of `capture_session`.
fn is_end_of(words: &str, name: &str) -> bool {
    name.strip_suffix(words).is_some_and(|rest| rest.ends_with('_'))
}
