//! What a change does on users' devices once they load the new version of the application. The words say what
//! `migrate.ts` and its neighbours in `templates/typescript/db` do.

use serde::Serialize;

use super::quote::name;
use crate::schema_json::document::Model;

#[derive(Debug, Clone, Default, Serialize)]
pub struct Effect {
    pub rows: Rows,
    /// Which pending writes are rejected.
    pub rejected: Option<Rejected>,
    /// Pending writes are sent, but the API may refuse them.
    pub may_be_refused: bool,
    /// Whatever else there is to say: sentences.
    #[serde(skip)]
    pub remark: String,
}

/// What becomes of the server's rows that a device has of the model, the mildest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    #[default]
    Kept,
    /// The device has none yet.
    Fetched,
    /// They stay while the stream reads all of them again.
    ReadAgain,
    /// They go, and come again with the stream.
    FetchedAgain,
    Removed,
}

/// A part of the pending writes to the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    pub operations: Vec<Write>,
    /// What a write says of this column; the rest of the write stays pending. `None`: the whole write.
    pub column: Option<String>,
    pub when: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    Insert,
    Update,
    Delete,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    Always,
    /// It sets the column to null.
    Null,
    /// The value (of the key, where the whole write is meant) doesn't read as this type.
    Unfit(String),
}

impl Rows {
    /// Of a model, as a sentence without its end. `None`: nothing happens.
    pub fn sentence(self) -> Option<&'static str> {
        match self {
            Rows::Kept => None,
            Rows::Fetched => Some("its rows are fetched"),
            Rows::ReadAgain => Some("its rows stay, and are fetched again in the background"),
            Rows::FetchedAgain => {
                Some("its rows are removed and fetched again; until then, only rows that the device has made are shown")
            }
            Rows::Removed => Some("its rows are removed"),
        }
    }
}

impl Write {
    pub fn noun(self) -> &'static str {
        match self {
            Write::Insert => "inserts",
            Write::Update => "updates",
            Write::Delete => "deletes",
        }
    }
}

impl Rejected {
    /// `None` where no such write can be pending.
    pub fn new(operations: Vec<Write>, column: Option<&str>, when: When) -> Option<Self> {
        let column = column.map(str::to_owned);
        (!operations.is_empty()).then_some(Self { operations, column, when })
    }

    fn sentence(&self) -> String {
        let nouns: Vec<&str> = self.operations.iter().map(|operation| operation.noun()).collect();
        let nouns = match nouns.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => nouns.concat(),
        };
        match (&self.column, &self.when) {
            (None, When::Always) => format!("Pending {nouns} are rejected."),
            (None, When::Null) => format!("Pending {nouns} without a key are rejected."),
            (None, When::Unfit(ty)) => format!("Pending {nouns} are rejected where the key isn't {ty}."),
            (Some(column), When::Always) => {
                format!("What pending {nouns} say of {} is rejected, and the rest of them stays.", name(column))
            }
            (Some(column), When::Null) => {
                format!(
                    "Pending {nouns} that set {} to null are rejected in that, and the rest of them stays.",
                    name(column)
                )
            }
            (Some(column), When::Unfit(ty)) => format!(
                "What pending {nouns} say of {} is rejected where it isn't {ty}, and the rest of them stays.",
                name(column)
            ),
        }
    }
}

impl Effect {
    pub fn rows(rows: Rows) -> Self {
        Self { rows, ..Self::default() }
    }

    pub fn remark(remark: impl Into<String>) -> Self {
        Self { remark: remark.into(), ..Self::default() }
    }

    pub fn rejecting(mut self, rejected: Option<Rejected>) -> Self {
        self.rejected = rejected;
        self
    }

    /// The local database no longer has the model. `rows`: what becomes of those that it has.
    pub fn leaving(model: &Model, rows: Rows) -> Self {
        if !model.is_local() {
            return Self::not_local();
        }
        Self::rows(rows).rejecting(Rejected::new(writes(model), None, When::Always))
    }

    pub fn not_local() -> Self {
        Self::remark("The local database doesn't have this model.")
    }

    /// `why`: a sentence.
    pub fn refusable(mut self, why: impl Into<String>) -> Self {
        self.may_be_refused = true;
        self.remark = why.into();
        self
    }

    pub fn saying(mut self, remark: impl Into<String>) -> Self {
        self.remark = remark.into();
        self
    }

    /// What becomes of pending writes, and what else there is to say; empty where that is nothing.
    pub fn of_writes(&self) -> String {
        let rejected = self.rejected.as_ref().map(Rejected::sentence);
        let sentences: Vec<String> =
            rejected.into_iter().chain(Some(self.remark.clone())).filter(|sentence| !sentence.is_empty()).collect();
        sentences.join(" ")
    }
}

/// The writes to a model that can be pending.
pub fn writes(model: &Model) -> Vec<Write> {
    let all = [("create", Write::Insert), ("update", Write::Update), ("delete", Write::Delete)];
    all.into_iter().filter(|(operation, _)| model.can(operation)).map(|(_, write)| write).collect()
}
