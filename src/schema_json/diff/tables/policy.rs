//! What the server does otherwise with the rows of a table: whose they are, how they are deleted, and whose edit wins.

use super::change::{TableChange, TableKind};
use super::pair::Pair;
use crate::names::sql::identifier;
use crate::schema_json::diff::change::Severity;
use crate::schema_json::diff::quote::{name, statement};
use crate::schema_json::diff::step::Phase;

pub fn changes(pair: &Pair<'_>) -> impl Iterator<Item = TableChange> {
    [scope(pair), soft_delete(pair), conflict(pair)].into_iter().flatten()
}

fn scope(pair: &Pair<'_>) -> Option<TableChange> {
    let sentence = match (&pair.before.scope, &pair.after.scope) {
        (one, other) if one == other => return None,
        (_, None) => "the rows are everybody's".to_owned(),
        (_, Some(scope)) => {
            format!("{} says whose a row is, by scopes of {}", name(&scope.column), name(&scope.kind))
        }
    };
    let effect = "`schema.sql` moves all rows to their new scopes, and devices get and lose rows by that. A row \
                  without a value in the column is nobody's.";
    Some(TableChange::new(TableKind::ScopeChanged, Severity::Notice, sentence, effect))
}

fn soft_delete(pair: &Pair<'_>) -> Option<TableChange> {
    let (sentence, effect) = match (&pair.before.soft_delete, &pair.after.soft_delete) {
        (one, other) if one == other => return None,
        (_, None) => (
            "a delete removes the row, and sets no column any more".to_owned(),
            "Rows that are marked as deleted come back on all devices: remove them first.",
        ),
        (_, Some(column)) => (
            format!("a delete sets {}, and the row stays", name(column)),
            "Rows where it is set already go on all devices.",
        ),
    };
    let change = TableChange::new(TableKind::SoftDeleteChanged, Severity::Notice, sentence, effect);
    Some(match &pair.before.soft_delete {
        Some(column) => {
            let marked = format!("DELETE FROM {} WHERE {} IS NOT NULL", pair.after.name, identifier(column));
            change.losing(Some(format!("{} loses them.", statement(&marked)))).yours(Phase::Rows, marked)
        }
        None => change,
    })
}

/// The server decides, so clients of any version are meant.
fn conflict(pair: &Pair<'_>) -> Option<TableChange> {
    let (before, after) = (pair.before.conflict.as_deref()?, pair.after.conflict.as_deref()?);
    if before == after {
        return None;
    }
    // With `merge`, nobody keeps who has written a column, and when.
    let is_kept = before != "merge";
    let (severity, effect) = match (after, is_kept) {
        ("reject", true) => (Severity::Info, REJECTS.to_owned()),
        ("reject", false) => (
            Severity::Notice,
            format!(
                "{REJECTS} Of rows that were last written before, the columns aren't known: any edit of one counts \
                 as a conflict until the device has seen it."
            ),
        ),
        ("last-write-wins", true) => (Severity::Info, LATER_WINS.to_owned()),
        ("last-write-wins", false) => (
            Severity::Notice,
            format!("{LATER_WINS} Of values that were written before, no time is known: any edit wins over them."),
        ),
        _ => (
            Severity::Info,
            "Edits from devices of any version are no longer compared: of two of a column, the one that arrives \
             later stays."
                .to_owned(),
        ),
    };
    let sentence = format!("`conflict` is {}, no longer {}", name(after), name(before));
    Some(TableChange::new(TableKind::ConflictChanged, severity, sentence, effect))
}

const REJECTS: &str = "An edit from a device of any version is refused (409) where somebody else has changed a column of it that \
                       the device hasn't seen.";

const LATER_WINS: &str = "Of two edits of a column from devices of any version, the one that was made later stays.";
