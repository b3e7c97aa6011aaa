//! The encoder for strings in JSON files.

use serde_json::Value;

use super::is_misleading;

/// A string literal, or a key.
pub fn string(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        return ["\"", text, "\""].concat();
    }
    let literal = Value::from(text).to_string();
    if !literal.contains(is_misleading) {
        return literal;
    }
    let escaped = |c: char| if is_misleading(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() };
    literal.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_is_there() {
        let text = "a\"b\n\u{202e}\u{7f}\u{feff}größe";
        assert_eq!(string(text), r#""a\"b\n\u202e\u007f\ufeffgröße""#);
        assert_eq!(serde_json::from_str::<String>(&string(text)).unwrap(), text);
    }
}
