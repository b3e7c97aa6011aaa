//! What a comparison has found, for the printers.

use super::change::Change;
use super::tables::TableChange;

#[derive(Debug)]
pub struct Report {
    /// What was compared with: a file, or a file in a revision.
    pub base: String,
    /// Whether that exists. Otherwise every model is new.
    pub has_base: bool,
    pub changes: Vec<Change>,
    /// Those of the sync server's tables.
    pub tables: Vec<TableChange>,
    /// Whether those are another application's.
    pub is_existing: bool,
}

impl Report {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.tables.is_empty()
    }
}
