/// Whether a media type is JSON.
pub fn is_json(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    name == "*/*"
        || name == "application/*"
        || name == "text/json"
        || name.ends_with("/json")
        || name.ends_with("+json")
}
