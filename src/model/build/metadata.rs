//! The fields that `metadata: true` gives to rows, beside what the API has.

use crate::config::{Config, Transport, line};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity};
use crate::model::project::{Field, FieldType, Insert, Metadata, Model};
use crate::model::types::Shape;

impl Metadata {
    const ALL: [Self; 3] = [Self::EditedAt, Self::DeviceId, Self::SyncedAt];

    fn name(self) -> &'static str {
        match self {
            Self::EditedAt => "_edited_at",
            Self::DeviceId => "_device_id",
            Self::SyncedAt => "_synced_at",
        }
    }

    fn doc(self) -> &'static str {
        match self {
            Self::EditedAt => "When the row's newest edit was made. Null: before the server kept it.",
            Self::DeviceId => "The local database that has made this edit. Null: none has.",
            Self::SyncedAt => "When this device last received the row. Null: it hasn't yet.",
        }
    }

    fn field(self) -> Field {
        Field {
            name: self.name().to_owned(),
            ty: if self == Self::DeviceId { FieldType::Text } else { FieldType::DateTime },
            shape: Shape::String,
            nullable: true,
            insert: Insert::Never,
            update: false,
            default: None,
            doc: Some(self.doc().to_owned()),
            deprecated: false,
            owner_only: false,
            rules: Box::default(),
            place: Vec::new(),
            from_path: None,
            metadata: Some(self),
        }
    }
}

/// Those that the rows of a model get.
pub fn fields(config: &Config, transport: Transport) -> impl Iterator<Item = Field> {
    Metadata::ALL.into_iter().filter(move |_| has_metadata(config, transport)).map(Metadata::field)
}

/// What rows have that were deleted, beside these.
const DELETED_AT: &str = "_deleted_at";

/// Whether a property, whatever its case, would have the column of one of them.
pub fn is_taken(config: &Config, transport: Transport, name: &str) -> bool {
    let mut names = Metadata::ALL.iter().map(|one| one.name()).chain([DELETED_AT]);
    has_metadata(config, transport) && names.any(|one| name.eq_ignore_ascii_case(one))
}

fn has_metadata(config: &Config, transport: Transport) -> bool {
    config.metadata && transport == Transport::PushPull
}

/// Only a sync server knows when, and by which device, a row was edited.
pub fn check(config: &Config, models: &[Model], problems: &mut Problems) {
    let others = models.iter().filter(|model| config.metadata && model.transport != Transport::PushPull);
    let is_alone = config.transport == Transport::PushPull;
    for model in others.take(if is_alone { models.len() } else { 1 }) {
        let (name, word) = (&model.name, model.transport.word());
        let message = format!("only a sync server knows who has edited a row, and those of `{name}` come by `{word}`");
        let pushed = "transport: push-pull";
        let line = if is_alone { line::of_model(name, None, pushed) } else { format!("`{pushed}`") };
        let problem = Problem::new(Severity::Error, Code::Contradiction, (Input::Config, "/metadata"), message);
        problems.push(problem.help(format!("set {line}, or `metadata: false`")));
    }
}
