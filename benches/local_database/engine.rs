//! Both databases with a clock. PGlite's is read in its own process, so that no pipe is measured.

use std::time::Instant;

use serde_json::Value;
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;

use crate::support::database::{Database, Pglite, schema_order};

pub struct Engine {
    pub adapter: Adapter,
    connection: Connection,
}

enum Connection {
    Pglite(Pglite),
    Sqlite(rusqlite::Connection),
}

impl Engine {
    /// An empty database in memory.
    pub fn open(adapter: Adapter) -> Self {
        let connection = match adapter {
            Adapter::Pglite => Connection::Pglite(Pglite::open()),
            _ => {
                let connection = rusqlite::Connection::open_in_memory().expect("SQLite opens");
                connection.set_prepared_statement_cache_capacity(64);
                Connection::Sqlite(connection)
            }
        };
        Self { adapter, connection }
    }

    pub fn load(&mut self, files: &Files) {
        for name in schema_order(files) {
            self.exec(&files[name]);
        }
    }

    pub fn exec(&mut self, script: &str) {
        let result = match &mut self.connection {
            Connection::Pglite(database) => database.exec(script).map_err(|error| error.message),
            Connection::Sqlite(connection) => connection.execute_batch(script).map_err(|error| error.to_string()),
        };
        result.unwrap_or_else(|error| panic!("{error}\n{script}"));
    }

    /// Milliseconds that one statement takes with all of its rows read. SQLite's is prepared before, as a runtime that
    /// keeps its statements has it.
    pub fn time(&mut self, statement: &str) -> f64 {
        match &mut self.connection {
            Connection::Pglite(database) => {
                database.time(statement).unwrap_or_else(|error| panic!("{error:?}\n{statement}"))
            }
            Connection::Sqlite(connection) => {
                let mut prepared =
                    connection.prepare_cached(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
                let start = Instant::now();
                let mut rows = prepared.query([]).expect("a query");
                while let Some(row) = rows.next().unwrap_or_else(|error| panic!("{error}\n{statement}")) {
                    for column in 0..row.as_ref().column_count() {
                        std::hint::black_box(row.get_ref(column).expect("a value"));
                    }
                }
                start.elapsed().as_secs_f64() * 1_000.0
            }
        }
    }

    /// The median of several runs, after one that doesn't count.
    pub fn median(&mut self, statement: &str, runs: usize) -> f64 {
        self.time(statement);
        median((0..runs).map(|_| self.time(statement)).collect())
    }

    pub fn count(&mut self, relation: &str) -> i64 {
        let statement = format!("SELECT count(*) AS number FROM {relation}");
        match &mut self.connection {
            Connection::Pglite(database) => {
                database.query(&statement).expect("a count")[0].get("number").and_then(Value::as_i64).expect("a number")
            }
            Connection::Sqlite(connection) => connection.query_row(&statement, [], |row| row.get(0)).expect("a count"),
        }
    }
}

pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
