//! Media types.

pub const JSON: &str = "application/json";
pub const JSON_API: &str = "application/vnd.api+json";
pub const JSON_PATCH: &str = "application/json-patch+json";
pub const FORM: &str = "application/x-www-form-urlencoded";
pub const MULTIPART: &str = "multipart/form-data";

/// Whether a media type is JSON.
pub fn is_json(media_type: &str) -> bool {
    let name = plain(media_type);
    is_plain_json(&name) || name == "text/json" || name.ends_with("/json") || name.ends_with("+json")
}

/// Whether a server that takes the media type takes `application/json`.
pub fn is_plain_json(media_type: &str) -> bool {
    let name = plain(media_type);
    name == JSON || name == "*/*" || name == "application/*" || name == "application/*+json"
}

/// The media type that takes a row, or a part of it, as JSON: plain JSON first. JSON Patch takes a list of changes, and
/// comes last.
pub fn json_of<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let rank = |name: &&str| (!is_plain_json(name), is_media(name, JSON_PATCH));
    names.filter(|name| is_json(name)).min_by_key(rank)
}

/// Whether a media type is this one, whatever its parameters.
pub fn is_media(media_type: &str, known: &str) -> bool {
    plain(media_type) == known
}

/// Without parameters, in lower case.
pub fn plain(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
