//! What identifies a row.

use super::paths::{self, Segment};
use super::resources::Resource;
use crate::names;
use crate::openapi::Properties;

/// Names that are a key wherever they occur, the surest first.
const SURE: &[&str] = &["id", "_id", "pk", "uuid", "guid", "uid"];

/// Whether two names are one but for case, hyphens and underscores: `contactId` and `contact_id`.
pub fn same_name(one: &str, two: &str) -> bool {
    // Most names begin differently, and every parameter is compared with every field.
    let first =
        |name: &str| name.bytes().next().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    if first(one).zip(first(two)).is_some_and(|(one, two)| one != two) {
        return false;
    }
    if one.is_ascii() && two.is_ascii() {
        return one == two || are_same(ascii_letters(one), ascii_letters(two));
    }
    one == two || are_same(letters(one), letters(two))
}

fn are_same<T: PartialEq>(one: impl Iterator<Item = T>, two: impl Iterator<Item = T>) -> bool {
    let mut one = one.peekable();
    one.peek().is_some() && one.eq(two)
}

/// What of a name is compared.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

fn ascii_letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase())
}

/// An object with an id is a row, whatever else it holds.
pub fn looks_like_row(properties: &Properties) -> bool {
    SURE.iter().take(2).any(|name| properties.keys().any(|key| key.eq_ignore_ascii_case(name)))
}

/// The parameters at the end of the item path, behind its collection.
pub fn item_parameters<'a>(resource: &Resource<'a>) -> Vec<&'a str> {
    let Some(item) = resource.item.first() else { return Vec::new() };
    let mut parameters: Vec<&str> = item
        .segments
        .iter()
        .rev()
        .map_while(|segment| match segment {
            Segment::Parameter(name) => Some(*name),
            Segment::Fixed(_) => None,
        })
        .collect();
    parameters.reverse();
    parameters
}

/// The names of the key's properties, and what they were known by.
#[derive(Debug, Clone)]
pub struct Detected {
    pub names: Vec<String>,
    pub by: KnownBy,
}

/// The surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KnownBy {
    /// It is called `id`.
    Id,
    /// The item path's parameters.
    Path,
    /// Another name that sounds like a key's.
    Name,
    /// It is called as its rows are.
    Rows,
    /// No other id is in a row.
    OnlyId,
    /// It is the address of a row.
    Address,
}

/// An `id` is trusted more than the path; without one, the key is what the item path names.
pub fn detect(properties: &Properties, resource: &Resource) -> Option<Detected> {
    let detected = |names, by| Some(Detected { names, by });
    let find =
        |wanted: &str| properties.keys().find(|name| name.eq_ignore_ascii_case(wanted)).map(|name| (*name).to_owned());
    if let Some(id) = find("id").or_else(|| find("_id")) {
        return detected(vec![id], KnownBy::Id);
    }
    if let Some(key) = own_parameter(properties, resource).or_else(|| from_item_path(properties, resource)) {
        return detected(key, KnownBy::Path);
    }
    if let Some(key) = SURE.iter().find_map(|name| find(name)) {
        return detected(vec![key], KnownBy::Name);
    }
    let singular = names::singular(resource.last_segment());
    // `menu_item_id`, and `item_id`.
    let words = names::snake_case(&singular);
    let tails = words.match_indices('_').filter_map(|(at, _)| words.get(at + 1..));
    let own: Vec<String> = std::iter::once(words.as_str())
        .chain(tails)
        .flat_map(|word| ["id", "uuid", "pk"].map(|end| format!("{word}_{end}")))
        .collect();
    let key = own.iter().find_map(|wanted| properties.keys().find(|name| same_name(name, wanted)))?;
    detected(vec![(*key).to_owned()], KnownBy::Name)
}

/// `category_id` for the `{category_id}` behind `categories`: unique without its parents.
fn own_parameter(properties: &Properties, resource: &Resource) -> Option<Vec<String>> {
    let [parameter] = item_parameters(resource)[..] else { return None };
    let is_own = means_own_key(parameter, Some(resource.last_segment()));
    let name = properties.keys().find(|name| is_own && same_name(name, parameter))?;
    Some(vec![(*name).to_owned()])
}

/// The properties that the item path's parameters name: the own ones all, and those of its parents that a row carries,
/// since `user_id` alone needn't be unique over all parents.
fn from_item_path(properties: &Properties, resource: &Resource) -> Option<Vec<String>> {
    let item = resource.item.first()?;
    let parameters = paths::parameters(&item.segments);
    let own = item_parameters(resource).len();
    let mut key: Vec<String> = Vec::new();
    for (index, (parameter, before)) in parameters.iter().enumerate() {
        let is_own = index + own >= parameters.len();
        match field_of_parameter(parameter, *before, is_own, properties.keys().copied()) {
            Some(name) if !key.iter().any(|known| known == name) => key.push(name.to_owned()),
            None if is_own => return None,
            _ => {}
        }
    }
    (!key.is_empty()).then_some(key)
}

/// The field that a path parameter stands for: of its own name, or `project_id` for the `{id}` or `{project}` behind
/// `projects`. The item's own parameter may also be `number` for `{alert_number}`, and `name` for the `{branch}` behind `branches`.
pub fn field_of_parameter<'n>(
    parameter: &str,
    before: Option<&str>,
    is_own: bool,
    fields: impl Iterator<Item = &'n str> + Clone,
) -> Option<&'n str> {
    let singular = before.map(names::singular).unwrap_or_default();
    let names_parent = looks_like_id(parameter) || same_name(parameter, &singular);
    let mut candidates = vec![parameter.to_owned(), format!("{singular}_{parameter}"), format!("{parameter}_id")];
    if names_parent {
        candidates.push(format!("{singular}_id"));
    }
    if is_own {
        let words = names::snake_case(parameter);
        candidates.extend(words.match_indices('_').filter_map(|(at, _)| words.get(at + 1..)).map(str::to_owned));
        if names_parent {
            candidates.extend(["name", "key", "slug", "code"].map(str::to_owned));
        }
    }
    candidates.iter().find_map(|wanted| fields.clone().find(|name| same_name(name, wanted)))
}

/// Whether an item's parameter is called as its key would be: `{id}`, or `{contact_id}` behind `contacts`.
pub fn means_own_key(parameter: &str, before: Option<&str>) -> bool {
    let singular = before.map(names::singular).unwrap_or_default();
    looks_like_id(parameter) || same_name(parameter, &format!("{singular}_id"))
}

/// Whether an item's parameter can stand for a key of another name: `{id}`, `{deviceId}`, `{contact}` behind `contacts`.
pub fn may_mean_key(parameter: &str, before: Option<&str>) -> bool {
    let words = names::snake_case(parameter);
    let ends_as_id =
        SURE.iter().chain(&["key"]).any(|end| words.ends_with(&format!("_{}", end.trim_start_matches('_'))));
    let names_parent = before.is_some_and(|before| same_name(parameter, &names::singular(before)));
    ends_as_id || names_parent || means_own_key(parameter, before)
}

/// Whether a name alone says that it is the row's own key.
pub fn looks_like_id(name: &str) -> bool {
    SURE.iter().any(|sure| same_name(name, sure))
}
