//! Finds the parameter that takes a time to start from, and the columns that say when a row was changed, or deleted.

use std::sync::LazyLock;

use crate::discovery::keys::same_name;
use crate::openapi::{QueryParameter, Type};

/// Words for a change, and what may follow them.
const CHANGED: &[&str] = &["updated", "modified", "changed", "last_modified", "last_updated", "last_changed"];

/// Columns with the time of a row's last change, as their names begin and end.
const COLUMN_ENDS: &[&str] = &["at", "on", "time", "date", "", "timestamp", "date_time"];

/// Other names of such columns.
const OTHER_COLUMNS: &[&str] = &["update_time", "date_modified", "date_updated", "modification_date", "time_updated"];

/// Endings of parameters that take a time, behind a column's name or a word for a change: `updated_since`.
const FROM: &[&str] = &["since", "after", "gte", "gt", "from", "min", "ge"];

const DELETED_TIMES: &[&str] =
    &["deleted_at", "deleted_on", "deletion_time", "delete_time", "date_deleted", "deleted_date"];
const DELETED_FLAGS: &[&str] = &["is_deleted", "deleted"];

/// Names of columns with the time of a row's last change; the likeliest come first. Each list of a document is compared with them.
static CHANGED_NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let made = CHANGED.iter().flat_map(|word| COLUMN_ENDS.iter().map(move |end| format!("{word}_{end}")));
    made.chain(OTHER_COLUMNS.iter().map(|name| (*name).to_owned())).collect()
});

/// Names of parameters that take a time to start from, in the order of the columns.
static SINCE_NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let of = |column| FROM.iter().flat_map(move |from| [format!("{column}_{from}"), format!("{from}_{column}")]);
    CHANGED_NAMES.iter().flat_map(of).collect()
});

/// The parameter that takes a time to start from.
pub fn since<'p>(parameters: &'p [QueryParameter]) -> Option<&'p str> {
    let is_time = |parameter: &QueryParameter| parameter.format == Some("date-time");
    let may_be_time = |parameter: &QueryParameter| {
        is_time(parameter) || (parameter.format.is_none() && matches!(parameter.ty, Some(Type::String) | None))
    };
    let mut named =
        SINCE_NAMES.iter().filter_map(|name| parameters.iter().find(|parameter| same_name(&parameter.name, name)));
    let named = named.find(|parameter| may_be_time(parameter));
    // `since` may be a key as well.
    let plain = || parameters.iter().find(|parameter| same_name(&parameter.name, "since") && is_time(parameter));
    named.or_else(plain).map(|parameter| parameter.name.as_ref())
}

/// The column with the time of a row's last change, of those that hold times.
pub fn changed<'n>(times: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    CHANGED_NAMES.iter().find_map(|wanted| times.clone().find(|name| same_name(name, wanted)))
}

/// The column that says that a row is deleted, of those that hold times and of those that hold true or false.
pub fn deleted<'n>(
    mut times: impl Iterator<Item = &'n str>,
    mut flags: impl Iterator<Item = &'n str>,
) -> Option<&'n str> {
    let is = |names: &[&str], name: &str| names.iter().any(|wanted| same_name(name, wanted));
    times.find(|name| is(DELETED_TIMES, name)).or_else(|| flags.find(|name| is(DELETED_FLAGS, name)))
}
