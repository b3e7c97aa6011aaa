//! Encoders for the positions that a string can have in TypeScript.

use super::is_misleading;

/// Words that can't name a type, a constant or an import.
const RESERVED: &[&str] = &[
    "any",
    "arguments",
    "as",
    "async",
    "await",
    "bigint",
    "boolean",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "declare",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "get",
    "if",
    "implements",
    "import",
    "in",
    "infer",
    "instanceof",
    "interface",
    "is",
    "keyof",
    "let",
    "module",
    "namespace",
    "never",
    "new",
    "null",
    "number",
    "object",
    "of",
    "package",
    "private",
    "protected",
    "public",
    "readonly",
    "require",
    "return",
    "set",
    "static",
    "string",
    "super",
    "switch",
    "symbol",
    "this",
    "throw",
    "true",
    "try",
    "type",
    "typeof",
    "undefined",
    "unique",
    "unknown",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Global names that generated code uses itself, or that a type of the same name would hide.
const GLOBALS: &[&str] = &[
    "Array",
    "Boolean",
    "Date",
    "Error",
    "Function",
    "JSON",
    "Map",
    "Number",
    "Object",
    "Omit",
    "Partial",
    "Pick",
    "Promise",
    "Readonly",
    "ReadonlyArray",
    "Record",
    "RegExp",
    "Required",
    "Set",
    "String",
    "Symbol",
    "Uint8Array",
];

/// Makes an identifier of a name that is already in the right case: a leading digit gets an underscore in
/// front, a reserved or global word one behind, and an empty name is `_`.
pub fn identifier(name: &str) -> String {
    let mut cleaned: String = name.chars().map(|c| if is_part(c) { c } else { '_' }).collect();
    if cleaned.chars().next().is_none_or(|c| !is_start(c)) {
        cleaned.insert(0, '_');
    }
    if RESERVED.contains(&cleaned.as_str()) || GLOBALS.contains(&cleaned.as_str()) {
        cleaned.push('_');
    }
    cleaned
}

/// A property name as it stands in an interface or an object literal: quoted only where it must be.
pub fn property_key(name: &str) -> String {
    let plain = name.chars().next().is_some_and(is_start) && name.chars().all(is_part);
    // `__proto__: x` in an object literal sets the prototype; a computed key is only a key.
    if name == "__proto__" {
        "[\"__proto__\"]".to_owned()
    } else if plain {
        name.to_owned()
    } else {
        string(name)
    }
}

/// A string literal, in single quotes where that needs fewer escapes, as formatters have it.
pub fn string(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        return ["\"", text, "\""].concat();
    }
    let quote = if text.matches('"').count() > text.matches('\'').count() { '\'' } else { '"' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            c if c == quote => out.extend(['\\', c]),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_misleading(c) => out.push_str(&escape(c)),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

fn escape(c: char) -> String {
    format!("\\u{{{:x}}}", c as u32)
}

/// The text between the backquotes of a template literal that has no substitutions.
pub fn template_text(text: &str) -> String {
    let is_plain = |byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t') && !matches!(byte, b'\\' | b'`');
    // To the end in any case: so many bytes are looked at at once, and a text takes a sixth of the instructions.
    let all_plain = text.bytes().fold(true, |all, byte| all & is_plain(byte));
    if all_plain && memchr::memmem::find(text.as_bytes(), b"${").is_none() {
        return text.to_owned();
    }
    let is_special = |c: char| matches!(c, '\\' | '`' | '$') || (is_misleading(c) && !matches!(c, '\n' | '\t'));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, special)) = rest.find(is_special).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(plain);
        let mut following = special.chars();
        match following.next() {
            Some('$') if !following.as_str().starts_with('{') => out.push('$'),
            Some(c @ ('\\' | '`' | '$')) => out.extend(['\\', c]),
            Some('\r') => out.push_str("\\r"),
            Some(c) => out.push_str(&escape(c)),
            None => {}
        }
        rest = following.as_str();
    }
    out + rest
}

/// The lines of a `/** */` comment: no line can end it, and none is blank at either end.
pub fn comment_lines(text: &str) -> Vec<String> {
    let clean: String =
        text.replace("\r\n", "\n").chars().map(|c| if c != '\n' && is_misleading(c) { ' ' } else { c }).collect();
    let lines: Vec<String> = clean.replace("*/", "*\\/").lines().map(|line| line.trim_end().to_owned()).collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |index| index + 1);
    lines.get(first..last).unwrap_or_default().to_vec()
}

/// Letters and marks that are newer than the tables of TypeScript 5; and the higher planes, which get some every year.
fn is_too_new(c: char) -> bool {
    matches!(
        c,
        '\u{88F}' | '\u{897}' | '\u{C5C}' | '\u{CDC}' | '\u{1ACF}'..='\u{1AEB}' | '\u{1C89}'..='\u{1C8A}'
        | '\u{A7CB}'..='\u{A7CF}' | '\u{A7D2}' | '\u{A7D4}' | '\u{A7DA}'..='\u{A7DC}' | '\u{A7F1}' | '\u{10000}'..
    )
}

fn is_start(c: char) -> bool {
    unicode_ident::is_xid_start(c) && !is_too_new(c) || matches!(c, '_' | '$')
}

fn is_part(c: char) -> bool {
    unicode_ident::is_xid_continue(c) && !is_too_new(c) || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        assert_eq!(identifier("Contact"), "Contact");
        assert_eq!(identifier("default"), "default_");
        assert_eq!(identifier("3d"), "_3d");
        assert_eq!(identifier(""), "_");
        assert_eq!(identifier("Date"), "Date_");
        assert_eq!(identifier("m²"), "m_");
        assert_eq!(identifier("a\u{A7CB}\u{16EA0}"), "a__");
    }

    #[test]
    fn property_keys() {
        assert_eq!(property_key("first_name"), "first_name");
        assert_eq!(property_key("first name"), "\"first name\"");
        assert_eq!(property_key("class"), "class");
        assert_eq!(property_key("__proto__"), "[\"__proto__\"]");
        assert_eq!(property_key("größe"), "größe");
        assert_eq!(property_key("m²"), "\"m²\"");
        assert_eq!(property_key("\u{16EA0}"), "\"\u{16EA0}\"");
    }

    #[test]
    fn strings_and_comments() {
        assert_eq!(string("it's \\\n\u{2028}"), r#""it's \\\n\u{2028}""#);
        assert_eq!(string(r#"a "b""#), r#"'a "b"'"#);
        assert_eq!(string(r#"it's "b""#), r#"'it\'s "b"'"#);
        assert_eq!(string(r#"it's 3""#), r#""it's 3\"""#);
        assert_eq!(template_text("`${x}\\"), "\\`\\${x}\\\\");
        assert_eq!(template_text("a\r\n\u{202e}"), "a\\r\n\\u{202e}");
        assert_eq!(comment_lines("\n one */ two \r\n\n"), [" one *\\/ two"]);
        assert!(comment_lines("  \n ").is_empty());
    }
}
