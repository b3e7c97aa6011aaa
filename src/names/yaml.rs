//! Writes text as YAML.

use super::json;

/// Words that YAML 1.1 or 1.2 doesn't read as text without quotes.
const WORDS: [&str; 11] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"];

/// The characters within which YAML has the colon of a key.
const LONGEST_KEY: usize = 1024;

/// Plain if that is safe, else in quotes.
pub fn scalar(text: &str) -> String {
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '.' | '/');
    let continues = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '…');
    // `http://…` has a colon that no blank follows.
    let rest = text.strip_prefix("http:").or_else(|| text.strip_prefix("https:")).unwrap_or(text);
    let has_port = |c: char| c == ':' && rest.len() != text.len();
    let is_plain = text.starts_with(begins)
        && rest.chars().all(|c| continues(c) || has_port(c))
        && !text.ends_with(':')
        // `.5` is a number.
        && !(text.starts_with('.') && !text.starts_with("./") && !text.starts_with(".."))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// In double quotes: JSON's strings are YAML's.
pub fn quoted(text: &str) -> String {
    json::string(text)
}

/// A key of a mapping in braces. A parser looks for the colon behind one so far, and needs to be told of a longer one.
pub fn key(text: &str) -> String {
    let key = scalar(text);
    if key.chars().count() < LONGEST_KEY { key } else { format!("? {key} ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{Input, Problems};
    use crate::source::{Source, Whole};

    #[test]
    fn what_is_written_is_read_again() {
        let long = "/long".repeat(300);
        let texts = [
            "./openapi.json",
            "../a/b.yaml",
            "-",
            "a b",
            "no",
            "Null",
            "1",
            "1e3",
            "0x1f",
            ".5",
            "~",
            "",
            "a: b",
            "#x",
            "a #b",
            "x:",
            "http://localhost:8000/openapi.json",
            "https://a.b/c?d=e#f",
            "/api",
            "C:\\x\\y.json",
            "'",
            "\"",
            "{a}",
            "[b]",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "\u{1}\n\t",
            "größe",
            "contacts",
            "2fa_codes",
            "...",
            "---",
            "..",
            "https://…/v1",
            "…",
            "\u{7f}\u{85}\u{feff}",
            long.as_str(),
        ];
        for text in texts {
            for line in [format!("key: {}", scalar(text)), format!("{{ {}: key }}", key(text))] {
                let mut problems = Problems::default();
                let source = Source::new("x.yaml", line.clone().into_bytes(), Input::Config, &mut problems);
                let value = source.parse(Input::Config, Whole, &mut problems).unwrap_or_default();
                let read = value.as_object().and_then(|object| object.iter().next()).map(|(key, value)| {
                    if key == "key" { value.as_str().unwrap_or_default().to_owned() } else { key.clone() }
                });
                assert_eq!(read.as_deref(), Some(text), "{line}");
            }
        }
        assert_eq!(scalar("./openapi.json"), "./openapi.json");
        assert_eq!(scalar("http://localhost:8000/openapi.json"), "http://localhost:8000/openapi.json");
    }
}
