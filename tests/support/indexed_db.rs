//! The store of `adapter: indexeddb` behind the trait of the databases: `npm/indexeddb-shell.mjs` has the generated code do what a
//! statement says.

use std::sync::Mutex;

use serde_json::{Value, json};
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;

use super::database::{Database, Row, SqlError};
use super::shell::Shell;

/// A process that a test is done with serves the next one.
static IDLE: Mutex<Vec<Shell>> = Mutex::new(Vec::new());

pub struct IndexedDb {
    shell: Option<Shell>,
}

impl IndexedDb {
    pub fn open() -> Self {
        let idle = IDLE.lock().ok().and_then(|mut idle| idle.pop());
        Self { shell: Some(idle.unwrap_or_else(|| Shell::start("indexeddb-shell.mjs"))) }
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
        } else if let Ok(mut idle) = IDLE.lock() {
            idle.push(shell);
        }
    }
}
