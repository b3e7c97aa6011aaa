//! The store of `adapter: indexeddb` behind the trait of the databases: `npm/indexeddb-shell.mjs` has the generated code do what a
//! statement says, and `npm/indexeddb-chromium-shell.mjs` has it do that in a page.

use std::sync::Mutex;

use serde_json::{Value, json};
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;

use super::chromium::Chromium;
use super::database::{Database, Row, SqlError};
use super::shell::Shell;

/// Processes that tests are done with.
type Idle = Mutex<Vec<Shell>>;

static IN_NODE: Idle = Mutex::new(Vec::new());
static IN_CHROMIUM: Idle = Mutex::new(Vec::new());

pub struct IndexedDb {
    shell: Option<Shell>,
    /// Where the process serves the next test.
    idle: &'static Idle,
}

impl IndexedDb {
    pub fn open() -> Self {
        Self::among(&IN_NODE, || Shell::start("indexeddb-shell.mjs"))
    }

    /// The browser's own.
    pub fn open_in(chromium: &Chromium) -> Self {
        let start = || Shell::start_with("indexeddb-chromium-shell.mjs", |node| chromium.give_to(node));
        Self::among(&IN_CHROMIUM, start)
    }

    fn among(idle: &'static Idle, start: impl FnOnce() -> Shell) -> Self {
        let shell = idle.lock().ok().and_then(|mut idle| idle.pop());
        Self { shell: Some(shell.unwrap_or_else(start)), idle }
    }

    fn ask(&mut self, request: &Value) -> Result<Value, SqlError> {
        self.shell.as_mut().expect("a process until drop").answer(request)
    }

    fn rows(&mut self, request: &Value) -> Result<Vec<Row>, SqlError> {
        Ok(serde_json::from_value(self.ask(request)?["rows"].take()).expect("rows"))
    }
}

impl Database for IndexedDb {
    fn adapter(&self) -> Adapter {
        Adapter::IndexedDb
    }

    fn exec(&mut self, script: &str) -> Result<(), SqlError> {
        self.ask(&json!({ "exec": script })).map(|_| ())
    }

    fn query(&mut self, statement: &str) -> Result<Vec<Row>, SqlError> {
        self.rows(&json!({ "query": statement }))
    }

    fn query_all(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, SqlError> {
        let mut answer = self.ask(&json!({ "queries": statements }))?;
        Ok(serde_json::from_value(answer["results"].take()).expect("results"))
    }

    fn run(&mut self, statement: &str, parameter: &str) -> Result<(), SqlError> {
        self.rows(&json!({ "query": statement, "parameters": [parameter] })).map(|_| ())
    }

    fn load(&mut self, files: &Files) {
        self.ask(&json!({ "load": files })).unwrap_or_else(|error| panic!("{error:?}"));
    }

    fn upgrade(&mut self, keeps_rows: bool) -> Result<(), SqlError> {
        self.ask(&json!({ "rebuild": keeps_rows })).map(|_| ())
    }
}

impl Drop for IndexedDb {
    fn drop(&mut self) {
        let Some(shell) = self.shell.take() else { return };
        if std::thread::panicking() {
            shell.end();
        } else if let Ok(mut idle) = self.idle.lock() {
            idle.push(shell);
        }
    }
}
