//! Types, the schema as a module and as data, and the index.

use crate::model::Project;
use crate::target::{Files, Settings};

/// `schema`: the SQL files, which go into a module as well.
pub fn files(_project: &Project, _settings: Settings, _schema: &Files) -> anyhow::Result<Files> {
    Ok(Files::new())
}
