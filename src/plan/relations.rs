//! Names of the tables, views, triggers and functions of a model.

use serde::Serialize;

/// Each is the model's name with an ending; a model's name leaves room for the longest.
#[derive(Debug, Clone, Serialize)]
pub struct Relations {
    /// What the application reads and writes.
    pub view: String,
    /// The server's rows.
    pub synced: String,
    /// Rows with unsettled writes.
    pub local: String,
    /// Makes local rows again: a function, or a view with a trigger.
    pub fold: String,
    /// Triggers on the view.
    pub insert: String,
    pub update: String,
    pub delete: String,
    /// PostgreSQL's statement triggers on the table of synced rows, and their functions.
    pub arrived: String,
    pub changed: String,
    pub departed: String,
    pub truncated: String,
    /// SQLite's row triggers on that table, and the view with a trigger that the first two call.
    pub arrive: String,
    pub synced_insert: String,
    pub synced_update: String,
    pub synced_delete: String,
    /// SQLite's triggers that note the keys of changed rows.
    pub note_insert: String,
    pub note_update: String,
    pub note_delete: String,
    /// SQLite's trigger that folds a row again after a change of the log.
    pub fold_again: String,
}

impl Relations {
    pub(super) fn of(model: &str, quote: impl Fn(&str) -> String) -> Self {
        let named = |ending: &str| quote(&format!("{model}{ending}"));
        Self {
            view: named(""),
            synced: named("_synced"),
            local: named("_local"),
            fold: named("_fold"),
            insert: named("_insert"),
            update: named("_update"),
            delete: named("_delete"),
            arrived: named("_arrived"),
            changed: named("_changed"),
            departed: named("_departed"),
            truncated: named("_truncated"),
            arrive: named("_arrive"),
            synced_insert: named("_synced_insert"),
            synced_update: named("_synced_update"),
            synced_delete: named("_synced_delete"),
            note_insert: named("_note_insert"),
            note_update: named("_note_update"),
            note_delete: named("_note_delete"),
            fold_again: named("_fold_again"),
        }
    }
}
