//! Reads the `schema/schema.json` to compare with, as some run has written it.

use serde_json::Value;

use crate::diagnostics::{Code, Input, Problem, Problems, Severity};
use crate::schema_json::document::{Document, VERSION};
use crate::source::{Source, Whole};

/// Reads the file. `None`, with located problems, where it isn't one that this version knows.
pub fn read(source: &Source, problems: &mut Problems) -> Option<Document> {
    let root = source.parse(Input::Base, Whole, problems)?;
    let version = root.get("version");
    if version.and_then(Value::as_u64) != Some(VERSION.into()) {
        let found = version.map_or("no version".to_owned(), |version| format!("version {version}"));
        let message = format!("the schema has {found}, and this sync-patterns knows version {VERSION}");
        let problem = Problem::new(Severity::Error, Code::UnknownVersion, (Input::Base, "/version"), message);
        problems.push(problem.help("name a schema/schema.json that this version of sync-patterns has generated"));
        return None;
    }
    // From the text, since that has the positions.
    match serde_json::from_str(&source.text) {
        Ok(schema) => Some(schema),
        Err(error) => {
            let text = error.to_string();
            let cause = text.split(" at line ").next().unwrap_or(&text);
            let message = format!("not a schema.json as sync-patterns writes it: {cause}");
            let problem = Problem::new(Severity::Error, Code::NotASchema, (Input::Base, ""), message);
            let help = "name a schema/schema.json as it was generated, or a git revision that has one";
            problems.push(problem.at(error.line(), error.column().max(1)).help(help));
            None
        }
    }
}
