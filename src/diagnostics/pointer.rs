/// Adds a token to a JSON pointer.
pub fn child(pointer: &str, token: &str) -> String {
    let mut child = String::with_capacity(pointer.len() + 1 + token.len());
    child.push_str(pointer);
    push_token(&mut child, token);
    child
}

/// The same, in place.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for part in token.split_inclusive(['~', '/']) {
        match (part.strip_suffix('~'), part.strip_suffix('/')) {
            (Some(start), _) => pointer.extend([start, "~0"]),
            (_, Some(start)) => pointer.extend([start, "~1"]),
            _ => pointer.push_str(part),
        }
    }
}
