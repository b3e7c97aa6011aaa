//! For programs.

use serde::Serialize;

use super::change::Change;
use super::report::Report;
use super::tables::TableChange;

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    change: &'a Change,
    /// What the other formats say of it: what becomes of the rows, and of pending writes.
    effect: String,
}

#[derive(Serialize)]
struct Comparison<'a> {
    base: &'a str,
    has_base: bool,
    changes: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tables: &'a [TableChange],
}

pub fn json(report: &Report) -> serde_json::Result<String> {
    let all = Comparison {
        base: &report.base,
        has_base: report.has_base,
        changes: report.changes.iter().map(entry).collect(),
        tables: &report.tables,
    };
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

fn entry(change: &Change) -> Entry<'_> {
    let rows = change.effect.rows.sentence().filter(|_| change.model.is_some());
    let rows = rows.map(|sentence| format!("Of the model: {sentence}."));
    let sentences: Vec<String> =
        rows.into_iter().chain(Some(change.effect.of_writes())).filter(|sentence| !sentence.is_empty()).collect();
    Entry { change, effect: sentences.join(" ") }
}
