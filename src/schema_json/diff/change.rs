//! The differences that a comparison finds.

use serde::Serialize;

use super::effect::{Effect, Rows};

/// One difference, in the order of the schema's models.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// `None`: of the database, or of the types that models share.
    pub model: Option<String>,
    pub column: Option<String>,
    /// The former name of what looks renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// Stable, for programs.
    pub kind: Kind,
    pub severity: Severity,
    /// What is different. Begins in lower case, without a full stop.
    #[serde(rename = "change")]
    pub sentence: String,
    #[serde(flatten)]
    pub effect: Effect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing changes on devices.
    Info,
    /// Rows are fetched again, or the application behaves otherwise; nothing is lost.
    Notice,
    /// Pending writes are rejected, or the API may refuse them.
    Breaking,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    DatabaseChanged,
    SharedTypeChanged,
    ModelAdded,
    ModelRemoved,
    ModelRenamed,
    CollectionsChanged,
    ModeChanged,
    KeyChanged,
    KeyOriginChanged,
    WriteIdChanged,
    TypeNameChanged,
    ServerChanged,
    ReferencesChanged,
    IndexesChanged,
    AccessChanged,
    EndpointAdded,
    EndpointRemoved,
    EndpointChanged,
    ColumnsReordered,
    ColumnAdded,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    NullabilityChanged,
    DefaultChanged,
    InsertChanged,
    UpdateChanged,
    ValuesChanged,
    MetadataChanged,
}

impl Severity {
    /// As `docs/cli.md` defines it.
    pub const MEANINGS: [(Severity, &str); 3] = [
        (Severity::Breaking, "pending writes are rejected, or the API may refuse them"),
        (Severity::Notice, "rows are fetched again, or the application behaves otherwise; nothing is lost"),
        (Severity::Info, "nothing changes on devices"),
    ];

    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Notice => "notice",
            Severity::Breaking => "breaking",
        }
    }
}

impl Change {
    pub fn new(kind: Kind, sentence: String, effect: Effect) -> Self {
        let severity = match &effect {
            Effect { rejected: Some(_), .. } | Effect { may_be_refused: true, .. } => Severity::Breaking,
            Effect { rows: Rows::Kept | Rows::Fetched, .. } => Severity::Info,
            _ => Severity::Notice,
        };
        Self { model: None, column: None, renamed_from: None, kind, severity, sentence, effect }
    }

    pub fn of_column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }

    pub fn renamed_from(mut self, name: &str) -> Self {
        self.renamed_from = Some(name.to_owned());
        self
    }

    pub fn at_least(mut self, severity: Severity) -> Self {
        self.severity = self.severity.max(severity);
        self
    }

    /// The same change, where there are no pending writes to do something to.
    pub fn of_rows_alone(self) -> Self {
        let effect = Effect::rows(self.effect.rows);
        self.with_effect(effect)
    }

    /// The same change, where it does something else than it usually does.
    pub fn with_effect(self, effect: Effect) -> Self {
        let Self { model, column, renamed_from, kind, sentence, .. } = self;
        Self { model, column, renamed_from, ..Self::new(kind, sentence, effect) }
    }
}

/// `2 breaking, 1 notice, 3 info`.
pub fn counts(severities: impl Iterator<Item = Severity> + Clone) -> String {
    let count = |severity: Severity| severities.clone().filter(|one| *one == severity).count();
    let parts: Vec<String> = Severity::MEANINGS
        .into_iter()
        .map(|(severity, _)| (count(severity), severity))
        .filter(|(number, _)| *number > 0)
        .map(|(number, severity)| {
            let plural = if severity == Severity::Notice && number > 1 { "s" } else { "" };
            format!("{number} {}{plural}", severity.word())
        })
        .collect();
    parts.join(", ")
}

/// The changes of each model, in their order, with what becomes of its rows.
pub fn by_model(changes: &[Change]) -> Vec<(Option<&str>, Rows, &[Change])> {
    let groups = changes.chunk_by(|one, other| one.model == other.model);
    groups
        .map(|group| {
            let model = group.first().and_then(|change| change.model.as_deref());
            let rows = group.iter().map(|change| change.effect.rows).max().unwrap_or_default();
            (model, rows, group)
        })
        .collect()
}
