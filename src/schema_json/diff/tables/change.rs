//! One difference in the sync server's tables.

use serde::Serialize;

use crate::schema_json::diff::change::Severity;
use crate::schema_json::diff::step::{Phase, Step};

/// One difference, in the order of the schema's models.
#[derive(Debug, Clone, Serialize)]
pub struct TableChange {
    /// `None`: of all tables.
    pub model: Option<String>,
    pub column: Option<String>,
    /// Stable, for programs.
    pub kind: TableKind,
    pub severity: Severity,
    /// What is different. Begins in lower case, without a full stop.
    #[serde(rename = "change")]
    pub sentence: String,
    /// What `schema.sql` does, and what it leaves to you: sentences.
    pub effect: String,
    /// What of the data is lost, and by what: a sentence.
    pub loss: Option<String>,
    /// What `migrate` does about it before `schema.sql` runs.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    ServerAdded,
    ServerRemoved,
    TableAdded,
    TableRemoved,
    TableRenamed,
    KeyChanged,
    ColumnAdded,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    NullabilityChanged,
    DefaultChanged,
    RulesChanged,
    ReferenceAdded,
    ReferenceRemoved,
    ScopeChanged,
    SoftDeleteChanged,
    ConflictChanged,
    RowLevelSecurityChanged,
    HistoryChanged,
    TablesChanged,
}

/// What the levels mean for the tables, as `docs/cli.md` defines it.
pub const MEANINGS: [(Severity, &str); 3] = [
    (
        Severity::Breaking,
        "`schema.sql` refuses it, or clients miss rows or values, until you have done what stands here",
    ),
    (Severity::Notice, "`schema.sql` does it, and what is in the tables already isn't all as the document says"),
    (Severity::Info, "`schema.sql` does it, and that is all"),
];

impl TableChange {
    pub fn new(kind: TableKind, severity: Severity, sentence: String, effect: impl Into<String>) -> Self {
        Self {
            model: None,
            column: None,
            kind,
            severity,
            sentence,
            effect: effect.into(),
            loss: None,
            steps: Vec::new(),
        }
    }

    /// Adds a statement that `migrate` prints ready to run.
    pub fn step(mut self, phase: Phase, sql: impl Into<String>) -> Self {
        self.steps.push(Step { phase, sql: sql.into(), is_yours: false });
        self
    }

    /// Adds a statement that `migrate` prints commented out, because it loses data, or needs a value or a decision.
    pub fn yours(mut self, phase: Phase, sql: impl Into<String>) -> Self {
        self.steps.push(Step { phase, sql: sql.into(), is_yours: true });
        self
    }

    pub fn losing(mut self, loss: Option<String>) -> Self {
        self.loss = loss;
        self
    }
}
