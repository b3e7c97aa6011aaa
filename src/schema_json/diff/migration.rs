//! SQL that takes the sync server's tables to a new schema: what `schema.sql` doesn't do by itself.

use super::change::Severity;
use super::quote::name;
use super::report::Report;
use super::step::Step;
use super::tables::{TableChange, TableKind};

/// The statements in the order in which they have to run, each with what it is for. `schema` is the path of `schema.sql`.
pub fn migration(report: &Report, schema: &str) -> String {
    let mut blocks = vec![head(report, schema)];
    let mut steps: Vec<(&TableChange, &Step)> =
        report.tables.iter().flat_map(|change| change.steps.iter().map(move |step| (change, step))).collect();
    // Of one phase, as they were found.
    steps.sort_by_key(|(_, step)| step.phase);
    let mut told: Vec<&TableChange> = Vec::new();
    for steps in steps.chunk_by(|(one, _), (other, _)| std::ptr::eq(*one, *other)) {
        let Some((change, _)) = steps.first() else { continue };
        let is_told = told.iter().any(|one| std::ptr::eq(*one, *change));
        told.push(change);
        blocks.push(block(change, steps, is_told));
    }
    let own: Vec<String> = report
        .tables
        .iter()
        .filter(|change| change.steps.is_empty())
        .flat_map(|change| comments(change, true))
        .collect();
    if !own.is_empty() {
        blocks.push(format!("-- schema.sql does by itself:\n{}\n", own.join("\n")));
    }
    blocks.join("\n")
}

/// How many statements are commented out.
pub fn left_to_you(report: &Report) -> usize {
    report.tables.iter().flat_map(|change| &change.steps).filter(|step| step.is_yours).count()
}

fn head(report: &Report, schema: &str) -> String {
    let base = name(&report.base);
    if report.tables.is_empty() {
        return format!("-- The sync server's tables are as they were in {base}.\n");
    }
    let (what, those, rest) = if report.is_existing {
        (
            "what the sync server has in the database",
            "that",
            "The tables of the models are the application's: nothing here, and nothing in schema.sql, alters one of them. Their
-- columns change by the application's own migrations.",
        )
    } else {
        (
            "the sync server's tables",
            "those",
            "What is commented out loses data, or waits for a value or a decision of yours. Nothing else loses any.",
        )
    };
    format!(
        "-- From {what} of {base} to {those} of the document as it is now. Run it together with schema.sql:
--
--   psql \"$DATABASE_URL\" --set ON_ERROR_STOP=1 --single-transaction --file migration.sql --file {schema}
--
-- {rest}
"
    )
}

/// Statements of one change. What it does is told before the first of them.
fn block(change: &TableChange, steps: &[(&TableChange, &Step)], is_told: bool) -> String {
    let mut lines = comments(change, steps.iter().any(|(_, step)| step.is_yours));
    if is_told {
        lines.truncate(1);
    }
    for (_, Step { sql, is_yours, .. }) in steps {
        let sql = format!("{sql};");
        // A name may have lines of its own.
        lines.extend(if *is_yours {
            sql.split(['\n', '\r']).map(|line| format!("-- {line}")).collect()
        } else {
            vec![sql]
        });
    }
    lines.join("\n") + "\n"
}

/// What is different, and what that does to rows and to older clients.
fn comments(change: &TableChange, has_effect: bool) -> Vec<String> {
    let model = change.model.as_deref().map(name);
    let mut lines =
        vec![format!("-- {}{}", model.map(|model| format!("{model}: ")).unwrap_or_default(), change.sentence)];
    let effect = Some(change.effect.as_str()).filter(|_| has_effect);
    let sentences = [effect, change.loss.as_deref(), older_clients(change)].into_iter().flatten();
    lines.extend(sentences.map(|sentence| format!("--   {sentence}")));
    lines
}

/// What becomes of edits by clients of the schema before: the server's answers, as `docs/push-pull.md` has them.
fn older_clients(change: &TableChange) -> Option<&'static str> {
    let is_breaking = change.severity == Severity::Breaking;
    Some(match change.kind {
        TableKind::ColumnAdded if is_breaking => {
            "An insert of an older client has no value for it, and is rejected (422)."
        }
        TableKind::ColumnAdded => "Older clients go on without it.",
        TableKind::ColumnRemoved | TableKind::ColumnRenamed => {
            "Older clients get no value for the old column, and an edit of theirs that sets it is rejected (422)."
        }
        TableKind::ColumnRetyped => {
            "An older client leaves out rows whose value it can't hold, and says so; its own values are rejected where they \
             don't fit (422)."
        }
        TableKind::NullabilityChanged if is_breaking => {
            "An edit of an older client that leaves it null is rejected (422)."
        }
        TableKind::RulesChanged if change.severity == Severity::Notice => {
            "An edit of an older client that breaks the rule is rejected (422)."
        }
        TableKind::ReferenceAdded => "An edit of an older client that leads nowhere is rejected (409).",
        TableKind::KeyChanged => {
            "Two rows with the same key stop it. An edit of an older client that lacks a part of the key is rejected (422)."
        }
        TableKind::TableRemoved => "Older clients lose the rows, and their edits of them are rejected (404).",
        _ => return None,
    })
}
