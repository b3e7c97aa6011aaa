//! All local databases behind one trait, so that one text of a test serves all.

use std::sync::Mutex;

use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};
use sync_patterns::codegen::{self, Files, Settings, sql};
use sync_patterns::config::{Adapter, Framework, IdempotencyKey, Int64, USUAL_POLL};
use sync_patterns::model::Project;
use sync_patterns::names::sql::literal;
use sync_patterns::plan::Plan;

use super::indexed_db::IndexedDb;
use super::shell::Shell;

/// Column name to value, in the order of the columns. Integers are exact; whatever JSON has no type for comes as the
/// database's text. Booleans of SQLite are 0 and 1; JSON columns are text in both.
pub type Row = Map<String, Value>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    pub message: String,
    /// SQLSTATE in PostgreSQL, the extended result code in SQLite.
    pub code: String,
}

pub trait Database {
    fn adapter(&self) -> Adapter;

    /// Runs any number of statements.
    fn exec(&mut self, script: &str) -> Result<(), SqlError>;

    /// Runs one statement.
    fn query(&mut self, statement: &str) -> Result<Vec<Row>, SqlError>;

    /// Runs queries that will be asked again as they stand, with as little as possible for each.
    fn query_all(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, SqlError>;

    /// Runs one statement with a text for its `$1`. SQLite, which takes long to compile a statement on the log,
    /// compiles it once.
    fn run(&mut self, statement: &str, parameter: &str) -> Result<(), SqlError>;

    /// Runs the schema's files, the shared one first.
    fn load(&mut self, files: &Files) {
        for name in schema_order(files) {
            self.exec(&files[name]).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }

    /// Makes everything anew but the log, and the server's rows if they are to stay, by the code of an upgrade. A database
    /// with SQL gets that from whoever upgrades it.
    fn upgrade(&mut self, keeps_rows: bool) -> Result<(), SqlError> {
        let message = format!("upgrade({keeps_rows}) is for databases without SQL");
        Err(SqlError { message, code: String::new() })
    }
}

/// What makes a database of these models: SQL, or code where it has none.
///
/// # Panics
/// Where they can't be generated.
pub fn schema_of(project: &Project, adapter: Adapter) -> Files {
    let plan = Plan::of(project);
    if adapter != Adapter::IndexedDb {
        return sql::files(&plan, adapter, &Default::default()).expect("the schema");
    }
    let settings = Settings {
        adapter,
        int64: Int64::Bigint,
        framework: Framework::None,
        database: "test",
        electric_url: "/electric",
        api_base_url: "/api",
        sync_url: "/sync",
        idempotency_key: IdempotencyKey::Header,
        poll: USUAL_POLL,
        server: None,
        templates: None,
    };
    codegen::files(&plan, settings).expect("the client")
}

/// Names of the SQL files in the order in which they run.
pub fn schema_order(files: &Files) -> Vec<&String> {
    const SHARED: &str = "schema/_changes.sql";
    let mut names: Vec<&String> =
        files.keys().filter(|name| name.starts_with("schema/") && name.ends_with(".sql")).collect();
    names.sort_by_key(|name| *name != SHARED);
    names
}

/// An empty database.
///
/// # Panics
/// Where it doesn't open: Node is missing, or the npm packages don't install.
pub fn open(adapter: Adapter) -> Box<dyn Database> {
    match adapter {
        Adapter::Pglite => Box::new(Pglite::open()),
        Adapter::Sqlite => Box::new(Sqlite::open()),
        Adapter::IndexedDb => Box::new(IndexedDb::open()),
    }
}

/// A Node process with PGlite in it. Starting one takes a second or two, so a process that a test is done with serves
/// the next one.
pub struct Pglite {
    process: Option<Shell>,
}

/// How many requests a process answers before the next test gets another: PL/pgSQL keeps all the functions that a
/// session has ever run, and each schema that is dropped and made makes it slower.
const LIFETIME: usize = 10_000;

static IDLE: Mutex<Vec<Shell>> = Mutex::new(Vec::new());

/// What stands between one test and the next: the whole of it, and no setting of a session survives either.
const EMPTY: &str = "ROLLBACK; DISCARD ALL; DROP SCHEMA public CASCADE; CREATE SCHEMA public;";

impl Pglite {
    pub fn open() -> Self {
        let idle = IDLE.lock().ok().and_then(|mut idle| idle.pop());
        let fresh = idle.is_none();
        let mut database = Self { process: Some(idle.unwrap_or_else(|| Shell::start("pglite-shell.mjs"))) };
        if fresh {
            database.ask(&json!({ "open": true })).expect("PGlite opens");
        } else {
            for statement in EMPTY.split_inclusive(';') {
                database.exec(statement).expect("PGlite is empty again");
            }
        }
        database
    }

    /// How many notifications the session was sent since it was asked last.
    pub fn heard(&mut self) -> u64 {
        let rows = self.ask(&json!({ "heard": true })).expect("a number");
        rows.first().and_then(|row| row["number"].as_u64()).expect("a number")
    }

    /// Milliseconds that a query takes, measured in the process itself.
    pub fn time(&mut self, statement: &str) -> Result<f64, SqlError> {
        let rows = self.ask(&json!({ "time": statement }))?;
        Ok(rows.first().and_then(|row| row["ms"].as_f64()).expect("a time"))
    }

    fn ask(&mut self, request: &Value) -> Result<Vec<Row>, SqlError> {
        let mut answer = self.answer(request)?;
        Ok(serde_json::from_value(answer["rows"].take()).expect("rows"))
    }

    fn answer(&mut self, request: &Value) -> Result<Value, SqlError> {
        self.process.as_mut().expect("a process until drop").answer(request)
    }
}

impl Database for Pglite {
    fn adapter(&self) -> Adapter {
        Adapter::Pglite
    }

    fn exec(&mut self, script: &str) -> Result<(), SqlError> {
        self.ask(&json!({ "exec": script })).map(|_| ())
    }

    fn query(&mut self, statement: &str) -> Result<Vec<Row>, SqlError> {
        self.ask(&json!({ "query": statement }))
    }

    fn query_all(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, SqlError> {
        let mut answer = self.answer(&json!({ "queries": statements.join(";") }))?;
        Ok(serde_json::from_value(answer["results"].take()).expect("results"))
    }

    fn run(&mut self, statement: &str, parameter: &str) -> Result<(), SqlError> {
        // A parameter proper would cost more trips into the database.
        self.exec(&statement.replace("$1", &literal(parameter)))
    }
}

impl Drop for Pglite {
    fn drop(&mut self) {
        let Some(process) = self.process.take() else { return };
        // After a panic, whatever state it is in, the next test is better off with another.
        if std::thread::panicking() || process.answered > LIFETIME {
            process.end();
        } else if let Ok(mut idle) = IDLE.lock() {
            idle.push(process);
        }
    }
}

pub struct Sqlite {
    connection: rusqlite::Connection,
}

impl Sqlite {
    pub fn open() -> Self {
        let connection = rusqlite::Connection::open_in_memory().expect("SQLite opens");
        connection.set_prepared_statement_cache_capacity(64);
        Self { connection }
    }
}

fn rows(prepared: &mut rusqlite::Statement<'_>) -> Result<Vec<Row>, SqlError> {
    let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let mut rows = prepared.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut members = Row::new();
        for (index, name) in names.iter().enumerate() {
            members.insert(name.clone(), json_value(row.get_ref(index)?));
        }
        found.push(members);
    }
    Ok(found)
}

impl Database for Sqlite {
    fn adapter(&self) -> Adapter {
        Adapter::Sqlite
    }

    fn exec(&mut self, script: &str) -> Result<(), SqlError> {
        Ok(self.connection.execute_batch(script)?)
    }

    fn query(&mut self, statement: &str) -> Result<Vec<Row>, SqlError> {
        rows(&mut self.connection.prepare(statement)?)
    }

    fn query_all(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, SqlError> {
        statements.iter().map(|statement| rows(&mut *self.connection.prepare_cached(statement)?)).collect()
    }

    fn run(&mut self, statement: &str, parameter: &str) -> Result<(), SqlError> {
        self.connection.prepare_cached(statement)?.execute([parameter])?;
        Ok(())
    }
}

fn json_value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json!(bytes),
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map(|cause| cause.extended_code.to_string()).unwrap_or_default();
        // rusqlite appends the statement and the offset to some messages.
        let message = match &error {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        Self { message, code }
    }
}
