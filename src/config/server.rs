//! What the config says of the sync server.

use std::path::PathBuf;

use serde_json::Value;

use super::choices::{ImportExtension, ServerFramework};
use super::keys::{Reader, string};
use super::paths::below;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child};

/// Where the endpoints of SvelteKit are, unless the config says otherwise: those of the usual `sync_url`.
const ROUTES: &str = "./src/routes/api/sync";

/// The generated sync server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Relative to the config's folder.
    pub output: PathBuf,
    pub framework: ServerFramework,
    /// Where SvelteKit's endpoints are, relative to the config's folder.
    pub routes: PathBuf,
    pub orm: ServerOrm,
    /// `output` as the config has it.
    pub written_output: String,
    /// Whether the database itself hides rows of other scopes.
    pub row_level_security: bool,
    /// Whether every change of every row is kept.
    pub history: bool,
    pub tables: ServerTables,
    /// `None`: nothing is said, and who runs the files decides.
    pub import_extension: Option<ImportExtension>,
}

/// Whose the tables of the models are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerTables {
    /// The sync server's.
    #[default]
    Own,
    /// Another application's, which has them already.
    Existing,
}

impl ServerTables {
    const ALL: [(&'static str, ServerTables); 2] = [("own", Self::Own), ("existing", Self::Existing)];
}

/// What else the tables are written down for, beside SQL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerOrm {
    #[default]
    None,
    Drizzle,
}

impl ServerOrm {
    const ALL: [(&'static str, ServerOrm); 2] = [("none", Self::None), ("drizzle", Self::Drizzle)];
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
    let routes = routes(&mut reader, framework, problems);
    let orm = reader.choice("orm", &ServerOrm::ALL, problems).unwrap_or_default();
    let tables = reader.choice("tables", &ServerTables::ALL, problems).unwrap_or_default();
    let import_extension = import_extension(&mut reader, problems);
    let row_level_security = reader.bool("row_level_security", problems).unwrap_or_default();
    let history = reader.bool("history", problems).unwrap_or_default();
    reader.finish(problems);
    if row_level_security && tables == ServerTables::Existing {
        let at = child(&pointer, "row_level_security");
        let message = "`row_level_security` makes policies, and those of `tables: existing` are the application's";
        let problem = Problem::new(Severity::Error, Code::Contradiction, (Input::Config, &at), message);
        problems.push(problem.help("remove one of the two; policies of yours find the user's scopes in `app.scopes`"));
    }
    let written_output = output?;
    Some(ServerConfig {
        output: below(folder, &written_output),
        framework,
        routes: below(folder, &routes),
        orm,
        written_output,
        row_level_security,
        history,
        tables,
        import_extension,
    })
}

pub fn import_extension(reader: &mut Reader, problems: &mut Problems) -> Option<ImportExtension> {
    let extensions = ImportExtension::ALL.map(|extension| (extension.word(), extension));
    reader.choice("import_extension", &extensions, problems)
}

/// Only SvelteKit finds its endpoints by their folder.
fn routes(reader: &mut Reader, framework: ServerFramework, problems: &mut Problems) -> String {
    let Some(routes) = reader.string("routes", problems) else { return ROUTES.to_owned() };
    if framework != ServerFramework::Sveltekit {
        let at = reader.pointer_of("routes");
        let message = "`routes` is where the endpoints of SvelteKit are, and `framework` is another one";
        let problem = Problem::new(Severity::Error, Code::Contradiction, (Input::Config, &at), message);
        problems.push(problem.help("set `framework: sveltekit`, or leave out `routes`"));
    }
    routes
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
