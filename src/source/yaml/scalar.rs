//! Reads scalars by the core schema of YAML 1.2.

use std::borrow::Cow;

use granit_parser::{ScalarStyle, Tag};
use serde_json::Value;

/// `None` if the text doesn't match its tag.
pub fn value(text: Cow<str>, style: ScalarStyle, tag: Option<&Tag>) -> Option<Value> {
    let is_plain = style == ScalarStyle::Plain;
    match tag.and_then(|tag| tag.core_suffix().or((tag.original() == "!").then_some("str"))) {
        Some("str") => Some(Value::String(text.into_owned())),
        Some("null") => Some(Value::Null),
        Some("bool") => boolean(&text),
        Some("int") => integer(&text),
        Some("float") => float(&text),
        _ if !is_plain => Some(Value::String(text.into_owned())),
        _ if is_null(&text) => Some(Value::Null),
        _ => Some(
            boolean(&text)
                .or_else(|| integer(&text))
                .or_else(|| float(&text))
                .unwrap_or_else(|| Value::String(text.into_owned())),
        ),
    }
}

/// Whether a plain scalar is null.
pub fn is_null(text: &str) -> bool {
    text.is_empty() || text == "~" || text.eq_ignore_ascii_case("null")
}

fn boolean(text: &str) -> Option<Value> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    (is("true") || is("false")).then(|| is("true").into())
}

/// Integers of up to 64 bits; larger ones are floats, as in JSON.
fn integer(text: &str) -> Option<Value> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+')) {
        return None;
    }
    let of_radix = |digits: &str, radix| {
        let only_digits = digits.bytes().all(|digit| digit.is_ascii_alphanumeric());
        u64::from_str_radix(digits, radix).ok().filter(|_| only_digits).map(Value::from)
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return of_radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return of_radix(digits, 8);
    }
    text.parse().map(|number: u64| number.into()).or_else(|_| text.parse().map(|number: i64| number.into())).ok()
}

/// Infinity and NaN are null, because JSON has no number for them.
fn float(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Value::Null);
    }
    // Rust reads words as well, such as `infinity`.
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    text.parse::<f64>().ok().filter(|_| is_number).map(Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars() {
        let cases = [
            (json!(null), &["", "~", "null", "Null", ".inf", "-.INF", ".nan", "1e400"][..]),
            (json!(true), &["true", "True", "TRUE"]),
            (json!(false), &["false"]),
            (json!(12), &["12", "+12", "0012", "0xc", "0o14"]),
            (json!(-12), &["-12"]),
            (json!(u64::MAX), &["18446744073709551615"]),
            (json!(-9_223_372_036_854_776_000.0), &["-9223372036854776000"]),
            (json!(0.5), &["0.5", ".5", "5e-1", "+.5"]),
        ];
        for (expected, texts) in cases {
            for text in texts {
                assert_eq!(value((*text).into(), ScalarStyle::Plain, None), Some(expected.clone()), "{text}");
            }
        }
        for text in
            ["yes", "on", "inf", "nan", "infinity", "1_000", "2020-01-01", "0x", "0x+1", "0o8", "1.2.3", "-", "."]
        {
            assert_eq!(value(text.into(), ScalarStyle::Plain, None), Some(json!(text)));
        }
        for text in ["", "null", "true", "12"] {
            assert_eq!(value(text.into(), ScalarStyle::SingleQuoted, None), Some(json!(text)));
        }
    }
}
