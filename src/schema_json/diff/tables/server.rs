//! What is different of all tables of the sync server.

use super::change::{TableChange, TableKind};
use crate::schema_json::diff::change::Severity;
use crate::schema_json::diff::step::Phase;
use crate::schema_json::document::Document;

pub fn changes(old: &Document, new: &Document) -> Vec<TableChange> {
    let Some((before, after)) = old.server.zip(new.server) else { return Vec::new() };
    let all = [
        (before.row_level_security != after.row_level_security).then(|| row_level_security(after.row_level_security)),
        (before.history != after.history).then(|| history(after.history)),
        (before.existing != after.existing).then(|| whose(after.existing)),
    ];
    all.into_iter().flatten().collect()
}

fn row_level_security(is_on: bool) -> TableChange {
    let (severity, sentence, effect) = if is_on {
        (
            Severity::Breaking,
            "row-level security is on",
            "`schema.sql` adds a policy to each table, and devices of any version notice nothing. Every other writer sees no \
             row until it sets `app.user_id` and `app.scopes`, or has `BYPASSRLS`: first change those.",
        )
    } else {
        (
            Severity::Info,
            "row-level security is off",
            "`schema.sql` removes its policies, and devices of any version notice nothing. The conditions of push and pull \
             alone hold users to their scopes: a statement of a hook sees all rows.",
        )
    };
    TableChange::new(TableKind::RowLevelSecurityChanged, severity, sentence.to_owned(), effect)
}

fn history(is_on: bool) -> TableChange {
    let (sentence, effect, loss) = if is_on {
        (
            "every change is kept in `sync_history`",
            "`schema.sql` makes the table, which has nothing of before and grows with every write. No device gets it.",
            None,
        )
    } else {
        (
            "changes aren't kept in `sync_history` any more",
            "What is in the table stays. No device has had it.",
            Some("`DROP TABLE sync_history` loses it.".to_owned()),
        )
    };
    let change =
        TableChange::new(TableKind::HistoryChanged, Severity::Notice, sentence.to_owned(), effect).losing(loss);
    if is_on { change } else { change.yours(Phase::Drop, "DROP TABLE sync_history") }
}

fn whose(is_existing: bool) -> TableChange {
    let (sentence, effect) = if is_existing {
        (
            "the tables are the application's",
            "`schema.sql` makes and alters none of them any more. Those that are there stay, and the application's migrations \
             see to them.",
        )
    } else {
        (
            "the tables are the sync server's",
            "`schema.sql` alters those that are there, and refuses what needs a decision.",
        )
    };
    TableChange::new(TableKind::TablesChanged, Severity::Notice, sentence.to_owned(), effect)
}
