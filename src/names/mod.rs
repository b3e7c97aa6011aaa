//! Every name and string that leaves a spec for generated code passes through here: case conversion,
//! reserved words, quoting for its position, uniqueness within a scope.

mod affixes;
pub mod http;
pub mod json;
mod scope;
pub mod sql;
pub mod ts;
pub mod yaml;

pub use affixes::without_affixes;
pub use scope::Scope;

use heck::{ToLowerCamelCase, ToPascalCase, ToSnakeCase};

/// Each name once, where it comes first.
pub fn unique<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let mut all = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// `ContactNotes`, `contact-notes` and `contactNotes` become `contact_notes`.
pub fn snake_case(name: &str) -> String {
    ascii_words(name).to_snake_case()
}

/// `contact_notes` becomes `ContactNotes`.
pub fn pascal_case(name: &str) -> String {
    ascii_words(name).to_pascal_case()
}

/// `contact_notes` becomes `contactNotes`.
pub fn camel_case(name: &str) -> String {
    ascii_words(name).to_lower_camel_case()
}

/// Puts a space where a character can't stand in an identifier, so that the case converters see a word boundary.
fn ascii_words(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect()
}

/// Controls, line separators and what turns the direction of text: what would break a line or mislead a reader.
pub fn is_misleading(c: char) -> bool {
    let turns_direction =
        matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns_direction || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// The singular of an English plural, good enough for naming a type after a path segment.
pub fn singular(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    // Words that the rules below would cut wrongly, as the last word of a name.
    const EXCEPTIONS: &[(&str, usize)] =
        &[("series", 0), ("news", 0), ("movies", 1), ("cookies", 1), ("caches", 1), ("sizes", 1), ("prizes", 1)];
    if let Some((_, letters)) = EXCEPTIONS.iter().find(|(plural, _)| lower.ends_with(plural)) {
        return word.get(..word.len() - letters).unwrap_or(word).to_owned();
    }
    let cut = |n: usize, add: &str| format!("{}{add}", word.get(..word.len() - n).unwrap_or(word));
    if lower.ends_with("ies") && lower.len() > 4 {
        cut(3, "y")
    } else if ["sses", "shes", "ches", "xes", "zes", "uses", "iases"].iter().any(|end| lower.ends_with(end)) {
        cut(2, "")
    } else if lower.ends_with('s') && !["ss", "us", "is"].iter().any(|end| lower.ends_with(end)) {
        cut(1, "")
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(snake_case("ContactNotes"), "contact_notes");
        assert_eq!(snake_case("contact-notes.v2"), "contact_notes_v2");
        assert_eq!(pascal_case("contact_notes"), "ContactNotes");
        assert_eq!(pascal_case("pydantic.main.Contact[int]"), "PydanticMainContactInt");
        assert_eq!(camel_case("contact_notes"), "contactNotes");
    }

    #[test]
    fn singulars() {
        for (plural, one) in [
            ("contacts", "contact"),
            ("categories", "category"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("status", "status"),
            ("news", "news"),
            ("movies", "movie"),
            ("statuses", "status"),
            ("analysis", "analysis"),
            ("data", "data"),
        ] {
            assert_eq!(singular(plural), one);
        }
    }
}
