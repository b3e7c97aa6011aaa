//! Detects the key of a row.

use super::paths::{self, Segment};
use super::resources::{PathItem, Resource};
use crate::names;
use crate::openapi::{Properties, RawProperty, Type};

/// Names that are always a key, the surest first.
const SURE: &[&str] = &["id", "_id", "pk", "uuid", "guid", "uid"];

/// Names that tell people which row it is: the API needn't know it by them. The first four stand in paths, too.
const NAMES: &[&str] = &["name", "key", "slug", "code", "title", "label", "email"];

/// Compares names without case, hyphens and underscores: `contactId` is `contact_id`.
pub fn same_name(one: &str, two: &str) -> bool {
    // A fast path: most names differ in their first letter.
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

/// The characters that are compared.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

fn ascii_letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase())
}

/// Whether an object has an id.
pub fn looks_like_row(properties: &Properties) -> bool {
    SURE.iter().take(2).any(|name| properties.keys().any(|key| key.eq_ignore_ascii_case(name)))
}

/// The parameters after the collection in the item path.
pub fn item_parameters<'a>(resource: &Resource<'a>) -> Vec<&'a str> {
    let Some(item) = resource.item.first() else { return Vec::new() };
    let mut parameters: Vec<&str> = item
        .segments
        .iter()
        .rev()
        .map_while(|segment| match segment {
            Segment::Parameter(name) => Some(*name),
            Segment::Fixed(_) | Segment::Constant(_) | Segment::Within => None,
        })
        .collect();
    parameters.reverse();
    parameters
}

/// A detected key: the names of its properties, and the evidence.
#[derive(Debug, Clone)]
pub struct Detected {
    pub names: Vec<String>,
    pub by: KnownBy,
}

/// The surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KnownBy {
    /// Its name is `id`.
    Id,
    /// The parameters of the item path name it.
    Path,
    /// It has another usual name of a key.
    Name,
    /// It has the name of the rows: `email` in `emails`.
    Rows,
    /// It is the only id of a row.
    OnlyId,
    /// It is the address of a row.
    Address,
}

/// Detects the key: an `id` first, then what the item path names, then other usual names.
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

/// `category_id` for `/categories/{category_id}`: unique without its parents, and without what only filters.
fn own_parameter(properties: &Properties, resource: &Resource) -> Option<Vec<String>> {
    let parameter = match item_parameters(resource)[..] {
        [only] => only,
        [.., last] if resource.is_filtered => last,
        _ => return None,
    };
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
    let is_text = |property: &RawProperty| property.schemas.iter().all(|schema| schema.read().ty == Some(Type::String));
    // A path that takes a name takes text, and no number.
    let is_surer = |property: &RawProperty| is_always_there(property) && is_text(property);
    let has_surer = properties.iter().any(|(name, property)| {
        NAMES.iter().take(4).chain(SURE).any(|sure| same_name(name, sure)) && is_surer(property)
    });
    let mut key: Vec<String> = Vec::new();
    for (index, (parameter, before)) in parameters.iter().enumerate() {
        let is_own = index + own >= parameters.len();
        let words = names::snake_case(parameter);
        // A name that a row may lack is for people, where every row has a `key`.
        let is_for_people = |(name, property): &(&&str, &RawProperty)| {
            has_surer && NAMES.contains(*name) && !words.ends_with(**name) && !is_always_there(property)
        };
        let fields = properties.iter().filter(|one| !is_for_people(one)).map(|(name, _)| *name);
        match field_of_parameter(parameter, *before, is_own, fields) {
            Some(name) if !key.iter().any(|known| known == name) => key.push(name.to_owned()),
            None if is_own => return None,
            _ => {}
        }
    }
    (!key.is_empty()).then_some(key)
}

/// Whether every row has a value there, as far as the property itself says it.
fn is_always_there(property: &RawProperty) -> bool {
    property.required && !property.schemas.iter().any(|schema| schema.read().nullable)
}

/// The field for a path parameter: one with its name, or `project_id` for the `{id}` or `{project}` after
/// `projects`. The item's own parameter may also be `number` for `{alert_number}`, and `name` for the `{branch}` behind
/// `branches`, but nothing that only tells people which row it is for an `{id}`.
fn field_of_parameter<'n>(
    parameter: &str,
    before: Option<&str>,
    is_own: bool,
    fields: impl Iterator<Item = &'n str> + Clone,
) -> Option<&'n str> {
    let singular = before.map(names::singular).unwrap_or_default();
    let is_called_so = same_name(parameter, &singular);
    let mut candidates = vec![parameter.to_owned(), format!("{singular}_{parameter}"), format!("{parameter}_id")];
    if looks_like_id(parameter) || is_called_so {
        candidates.push(format!("{singular}_id"));
    }
    if is_own {
        let words = names::snake_case(parameter);
        candidates.extend(words.match_indices('_').filter_map(|(at, _)| words.get(at + 1..)).map(str::to_owned));
        if is_called_so {
            candidates.extend(NAMES.iter().take(4).map(|name| (*name).to_owned()));
        }
    }
    candidates.iter().find_map(|wanted| fields.clone().find(|name| same_name(name, wanted)))
}

/// The field that fills a parameter of one of the resource's paths: the one of its name before any other; of those
/// parameters that name an item, a part of its own key. `fields`: those whose values stand in paths.
pub fn field_in_path<'n>(
    resource: &Resource,
    key: &[String],
    item: &PathItem,
    index: usize,
    fields: impl Iterator<Item = &'n str> + Clone,
) -> Option<String> {
    let parameters = paths::parameters(&item.segments);
    let (name, before) = *parameters.get(index)?;
    let own = item_parameters(resource).len();
    let is_item = matches!(item.segments.last(), Some(Segment::Parameter(_)));
    let is_own = is_item && index + own >= parameters.len();
    // `_id` at its end doesn't make it the row's.
    let is_stranger = is_own && resource.strangers.contains(&name);
    let may_fill = |field: &&str| !(is_stranger && looks_like_id(field));
    if is_own && own == 1 && key.len() == 1 {
        let exact = fields.clone().find(|field| same_name(field, name)).map(str::to_owned);
        let is_field = |key: &&String| fields.clone().any(|field| field == key.as_str());
        let is_meant = |key: &&String| !is_stranger && may_mean(name, before, key);
        let by_key = || key.first().filter(is_field).filter(is_meant).cloned();
        let by_tail = || field_of_parameter(name, before, true, fields.clone()).filter(may_fill).map(str::to_owned);
        // The `uuid` of a row for `{order_uuid}`, and not the number that is its key.
        let by_end = || {
            let end = own_end(name, before).filter(|end| *end != "id")?;
            fields.clone().find(|field| same_name(field, end)).filter(may_fill).map(str::to_owned)
        };
        return exact.or_else(by_end).or_else(by_key).or_else(by_tail);
    }
    // A parent's `{id}` isn't the row's own.
    let others = fields.filter(|field| is_own || !looks_like_id(field));
    field_of_parameter(name, before, is_own, others).filter(may_fill).map(str::to_owned)
}

/// Whether the parameter has the name of a key: `{id}`, or `{contact_id}` or `{contactpk}` after `contacts`.
pub fn means_own_key(parameter: &str, before: Option<&str>) -> bool {
    let singular = before.map(names::singular).unwrap_or_default();
    looks_like_id(parameter) || SURE.iter().any(|end| same_name(parameter, &format!("{singular}_{end}")))
}

/// How a parameter says that it is the key: `uuid` for `{contact_uuid}`, and for `{contactuuid}` after `contacts`.
fn own_end(parameter: &str, before: Option<&str>) -> Option<&'static str> {
    let singular = before.map(names::singular).unwrap_or_default();
    let words = names::snake_case(parameter);
    let is_end = |end: &&&str| {
        words.strip_suffix(**end).is_some_and(|thing| thing.ends_with('_'))
            || same_name(parameter, &format!("{singular}_{end}"))
    };
    SURE.iter().filter(|end| !end.starts_with('_')).find(is_end).copied()
}

/// What an id is of: `user` for `{user_id}` and `{userKey}`.
pub fn thing_of_id(parameter: &str) -> Option<String> {
    let words = names::snake_case(parameter);
    let (thing, end) = words.rsplit_once('_').filter(|(thing, _)| !thing.is_empty())?;
    (end == "key" || SURE.contains(&end)).then(|| thing.to_owned())
}

/// Whether the parameter can mean a key with another name: `{id}`, `{deviceId}`, `{contact}` after `contacts`. One that
/// is an id isn't a name.
fn may_mean(parameter: &str, before: Option<&str>, key: &str) -> bool {
    if thing_of_id(parameter).is_some() || means_own_key(parameter, before) {
        return !NAMES.iter().any(|name| same_name(name, key));
    }
    before.is_some_and(|before| same_name(parameter, &names::singular(before)))
}

/// Whether a property holds more than a path's parameter takes: `memos/1` for the `{memo}` behind `memos`, as Google's API
/// guidelines have it. Its description says so.
pub fn is_resource_name(property: &RawProperty) -> bool {
    let said = property.schemas.iter().filter_map(|schema| schema.read().description);
    said.into_iter().any(|text| text.contains("/{"))
}

/// Whether a name is always a key.
pub fn looks_like_id(name: &str) -> bool {
    SURE.iter().any(|sure| same_name(name, sure))
}
