//! What is different where the tables are another application's: nothing of them is made or altered, so other words hold. They
//! say what `sync_adopt` in `existing.sql` does.

use super::change::{TableChange, TableKind};
use crate::names::sql::literal;
use crate::schema_json::diff::change::Severity;
use crate::schema_json::diff::step::Phase;

/// The same change of a table that is the application's; `None` where it is nothing to the sync server.
pub fn of(change: TableChange) -> Option<TableChange> {
    let (severity, effect) = match change.kind {
        // What the document says of values holds for edits of devices, before they come to a table.
        TableKind::NullabilityChanged
        | TableKind::DefaultChanged
        | TableKind::RulesChanged
        | TableKind::ReferenceAdded
        | TableKind::ReferenceRemoved => return None,
        TableKind::TableAdded => (
            Severity::Notice,
            "`schema.sql` refuses it unless the application has it. Else it gets triggers, and devices get its rows.",
        ),
        TableKind::TableRemoved => (Severity::Notice, "The table stays, and loses its triggers by `sync_unwatch`."),
        TableKind::TableRenamed => (
            Severity::Breaking,
            "`schema.sql` refuses it unless the application has the new one. Else that gets the triggers, the old one loses \
             them, and devices have the rows of the new one.",
        ),
        TableKind::ColumnAdded | TableKind::ColumnRenamed => (
            Severity::Breaking,
            "`schema.sql` refuses it unless the application's table has the column, of a type that fits.",
        ),
        TableKind::ColumnRemoved => (Severity::Info, "The column stays with its values, and no client gets them."),
        TableKind::ColumnRetyped => (
            Severity::Breaking,
            "`schema.sql` refuses it unless the column of the application's table is of a type that fits.",
        ),
        TableKind::KeyChanged => {
            (Severity::Breaking, "`schema.sql` refuses it unless these columns are unique in the application's table.")
        }
        TableKind::SoftDeleteChanged => {
            let steps = Vec::new();
            return Some(TableChange { loss: None, steps, ..change });
        }
        TableKind::ServerAdded => {
            (Severity::Info, "`schema.sql` gives the application's tables triggers, and refuses what doesn't fit.")
        }
        TableKind::ServerRemoved => {
            (Severity::Info, "The triggers stay, until `remove.sql` takes them away: run it before its folder goes.")
        }
        TableKind::TablesChanged
        | TableKind::ScopeChanged
        | TableKind::ConflictChanged
        | TableKind::RowLevelSecurityChanged
        | TableKind::HistoryChanged => return Some(change),
    };
    let change = TableChange { severity, effect: effect.to_owned(), loss: None, steps: Vec::new(), ..change };
    let unwatch = change.model.as_deref().map(|model| format!("SELECT sync_unwatch({})", literal(model)));
    Some(match (change.kind, unwatch) {
        (TableKind::TableRemoved, Some(sql)) => change.step(Phase::Drop, sql),
        _ => change,
    })
}
