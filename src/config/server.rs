//! What the config says of the sync server.

use std::path::PathBuf;

use serde_json::Value;

use super::choices::ServerFramework;
use super::keys::{Reader, string};
use super::paths::below;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity};

/// The generated sync server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Relative to the config's folder.
    pub output: PathBuf,
    pub framework: ServerFramework,
    /// Whether the database itself hides rows of other scopes.
    pub row_level_security: bool,
    /// Whether every change of every row is kept.
    pub history: bool,
}

/// The column that says whose row it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeConfig {
    pub column: String,
    /// What the column's values are: models that share it share their scopes. Without it, the column's name.
    pub kind: Option<String>,
}

pub fn read(reader: &mut Reader, folder: &std::path::Path, problems: &mut Problems) -> Option<ServerConfig> {
    let (value, pointer) = reader.take("server")?;
    let mut reader = Reader::new(value, &pointer, problems)?;
    let output = reader.string("output", problems);
    if output.is_none() && reader.take("output").is_none() {
        let problem = Problem::new(Severity::Error, Code::MissingKey, (Input::Config, &pointer), "`output` is missing");
        problems.push(problem.help("it is the folder for the server, such as ./src/server/sync"));
    }
    let frameworks = ServerFramework::ALL.map(|framework| (framework.word(), framework));
    let framework = reader.choice("framework", &frameworks, problems).unwrap_or_default();
    // Each of these has one value so far; others come with later versions.
    for (key, value) in [("orm", "none"), ("tables", "own")] {
        reader.choice(key, &[(value, ())], problems);
    }
    let row_level_security = reader.bool("row_level_security", problems).unwrap_or_default();
    let history = reader.bool("history", problems).unwrap_or_default();
    reader.finish(problems);
    Some(ServerConfig { output: below(folder, &output?), framework, row_level_security, history })
}

pub fn scope(reader: &mut Reader, problems: &mut Problems) -> Option<ScopeConfig> {
    match reader.take("scope")? {
        (value @ Value::Object(_), pointer) => {
            let mut reader = Reader::new(value, &pointer, problems)?;
            let column = reader.string("column", problems);
            if column.is_none() && reader.take("column").is_none() {
                let at = (Input::Config, pointer.as_str());
                let problem = Problem::new(Severity::Error, Code::MissingKey, at, "`column` is missing");
                problems.push(problem.help("it is the column that says whose row it is"));
            }
            let kind = reader.string("as", problems);
            reader.finish(problems);
            Some(ScopeConfig { column: column?, kind })
        }
        (value, pointer) => Some(ScopeConfig { column: string(value, &pointer, problems)?, kind: None }),
    }
}
