//! Biome: a negated pattern in `files.includes` of `biome.json`, which may have comments.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};

use super::pattern::{covers, pattern};
use crate::init::edit::Edit;

pub const FILES: &[&str] = &["biome.json", "biome.jsonc", ".biome.json", ".biome.jsonc"];

/// The pattern as a JSON string.
pub fn quoted(path: &str) -> String {
    serde_json::Value::from(negated(path)).to_string()
}

/// With one `!`: Biome doesn't touch the folder, and still knows what it exports.
fn negated(path: &str) -> String {
    format!("!{}", pattern(path))
}

pub fn edit(text: &str, path: &str) -> Edit {
    let Ok(root) = CstRootNode::parse(text, &ParseOptions::default()) else { return Edit::ByHand };
    let includes = root
        .object_value_or_create()
        .and_then(|config| config.object_value_or_create("files"))
        .and_then(|files| files.array_value_or_create("includes"));
    let Some(includes) = includes else { return Edit::ByHand };
    let patterns = includes.elements();
    let texts: Option<Vec<String>> =
        patterns.iter().map(|pattern| pattern.as_string_lit()?.decoded_value().ok()).collect();
    let Some(texts) = texts else { return Edit::ByHand };
    // The last pattern that matches decides.
    let is_ignored = texts.iter().fold(false, |ignored, text| match text.strip_prefix('!') {
        Some(text) => ignored || covers(text.trim_start_matches('!'), path),
        None => ignored && !covers(text, path),
    });
    if is_ignored {
        return Edit::None;
    }
    if texts.is_empty() {
        includes.append(CstInputValue::from("**"));
    }
    includes.append(CstInputValue::from(negated(path)));
    Edit::Text(root.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::edit::tests::edited;

    fn added(text: &str) -> String {
        edited(edit(text, "src/generated"))
    }

    #[test]
    fn what_people_wrote_stays() {
        let text = "{\r\n\t// Ours.\r\n\t\"files\": { \"includes\": [\"src/**\", \"!dist\"] },\r\n\t\"linter\": { \"enabled\": true }\r\n}\r\n";
        assert_eq!(added(text), text.replace("\"!dist\"]", "\"!dist\", \"!src/generated\"]"));
        let text = "{\n  \"files\": {\n    \"includes\": [\n      \"**\" // all\n    ]\n  }\n}\n";
        let expected =
            "{\n  \"files\": {\n    \"includes\": [\n      \"**\", // all\n      \"!src/generated\"\n    ]\n  }\n}\n";
        assert_eq!(added(text), expected);
    }

    #[test]
    fn where_nothing_is_said_of_files() {
        for text in ["{}\n", "{ \"files\": {} }\n", "{ \"files\": { \"includes\": [] } }\n"] {
            let value: serde_json::Value = serde_json::from_str(&added(text)).unwrap();
            assert_eq!(value["files"]["includes"], serde_json::json!(["**", "!src/generated"]), "{text}");
        }
    }

    #[test]
    fn it_is_added_once_and_nothing_is_broken() {
        for text in ["[\"!src/generated\"]", "[\"**\", \"!!src/generated/**\"]", "[\"**\", \"!**/generated\"]"] {
            let text = format!("{{ \"files\": {{ \"includes\": {text} }} }}");
            assert_eq!(edit(&text, "src/generated"), Edit::None, "{text}");
        }
        assert_eq!(edit(&added("{}"), "src/generated"), Edit::None);
        for text in ["", "[]", "{", "{ \"files\": 1 }", "{ \"files\": { \"includes\": [1] } }"] {
            let edited = edit(text, "src/generated");
            assert!(edited == Edit::ByHand || text.is_empty(), "{text:?}: {edited:?}");
        }
    }
}
