//! For programs.

use serde::Serialize;
use serde_json::{Value, json};

use super::change::Change;
use super::report::Report;

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    change: &'a Change,
    /// What the other formats say of it: what becomes of the rows, and of pending writes.
    effect: String,
}

pub fn json(report: &Report) -> serde_json::Result<String> {
    let changes: Vec<Value> =
        report.changes.iter().map(|change| serde_json::to_value(entry(change))).collect::<Result<_, _>>()?;
    let mut all = json!({ "base": report.base, "has_base": report.has_base, "changes": changes });
    if !report.tables.is_empty() {
        all["tables"] = serde_json::to_value(&report.tables)?;
    }
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

fn entry(change: &Change) -> Entry<'_> {
    let rows = change.effect.rows.sentence().filter(|_| change.model.is_some());
    let rows = rows.map(|sentence| format!("Of the model: {sentence}."));
    let sentences: Vec<String> =
        rows.into_iter().chain(Some(change.effect.of_writes())).filter(|sentence| !sentence.is_empty()).collect();
    Entry { change, effect: sentences.join(" ") }
}
