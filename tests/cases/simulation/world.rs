//! One run: the database under test, the oracle beside it, the server behind it. Every step is done to all of them, and
//! then they are compared.

mod comparing;
mod rebuilding;
mod stream;
mod worker;
mod writing;

use std::collections::HashSet;

use serde_json::Value;
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;
use sync_patterns::model::{Field, Model};
use sync_patterns::names::sql::identifier;

use crate::simulation::oracle::{Key, Oracle, Status};
use crate::simulation::schedule::{Action, Dice, Schedule, Step};
use crate::simulation::server::Server;
use crate::simulation::values::sql;
use crate::support::database::{Database, SqlError};

type Outcome<T = ()> = Result<T, String>;

pub struct World<'a> {
    database: &'a mut dyn Database,
    files: &'a Files,
    oracle: Oracle,
    server: Server,
    transaction: usize,
    /// False until the next statement: nothing has happened to the database since it was compared.
    is_touched: bool,
    /// Every write id that an entry has had, and every key that the database has made.
    write_ids: HashSet<String>,
    made_keys: HashSet<String>,
}

/// Runs a schedule to its end and then until nothing is left to send; says where the contract was broken. The schema
/// must be there, and nothing in it.
pub fn run(database: &mut dyn Database, models: &[Model], files: &Files, schedule: &Schedule) -> Outcome {
    let mut world = World {
        database,
        files,
        oracle: Oracle::new(models.to_vec()),
        server: Server::new(models.to_vec()),
        transaction: 0,
        is_touched: true,
        write_ids: HashSet::new(),
        made_keys: HashSet::new(),
    };
    world.check().map_err(|error| format!("at the start: {error}"))?;
    for (number, step) in schedule.steps.iter().enumerate() {
        let at = |error: String| format!("step {number}, {step:?}: {error}");
        world.step(*step).map_err(at)?;
        world.check().map_err(at)?;
    }
    world.settle_everything().map_err(|error| format!("at the end: {error}"))?;
    world.empty().map_err(|error| format!("emptied: {error}"))
}

impl World<'_> {
    fn step(&mut self, Step(action, seed): Step) -> Outcome {
        let dice = &mut Dice(seed);
        match action {
            Action::Write => {
                self.transaction += 1;
                self.write(dice).map(|_| ())
            }
            Action::Transaction => self.write_many(dice),
            Action::Send => self.send(dice),
            Action::Foreign => self.foreign(dice),
            Action::Deliver => self.deliver(dice),
            Action::Refetch => self.refetch(dice),
            Action::Reject => self.reject(dice),
            Action::Retry => self.retry(dice),
            Action::Discard => self.discard(dice),
            Action::Rebuild => self.rebuild(dice),
        }
    }

    fn exec(&mut self, script: &str) -> Outcome {
        self.is_touched = true;
        self.database.exec(script).map_err(|error| format!("{}\n{script}", error.message))
    }

    /// A statement on the log, of one write.
    fn run(&mut self, statement: &str, write_id: &str) -> Outcome {
        self.is_touched = true;
        let error = |error: SqlError| format!("{}\n{statement}, {write_id}", error.message);
        self.database.run(statement, write_id).map_err(error)
    }

    fn adapter(&self) -> Adapter {
        self.database.adapter()
    }

    fn literal(&self, table: usize, name: &str, value: &Value) -> String {
        sql(self.adapter(), self.field(table, name).ty, value)
    }

    fn field(&self, table: usize, name: &str) -> &Field {
        self.oracle.models[table].fields.iter().find(|field| field.name == name).expect("a field")
    }

    fn matches(&self, table: usize, key: &Key) -> String {
        let pairs = self.oracle.models[table].key.iter().zip(key);
        let pairs = pairs.map(|(name, value)| format!("{} = {}", identifier(name), self.literal(table, name, value)));
        pairs.collect::<Vec<_>>().join(" AND ")
    }

    /// Until nothing is left to send, and what is shown is what the server has.
    fn settle_everything(&mut self) -> Outcome {
        let dice = &mut Dice(0);
        for _ in 0..1000 {
            let events = self.server.stream.drain(..).collect();
            self.receive(events, dice)?;
            self.check()?;
            if let Some(at) = (0..self.oracle.log.len()).find(|at| self.can_be_sent(*at)) {
                self.send_one(at, 9, dice)?;
                self.check()?;
                continue;
            }
            if !self.server.stream.is_empty() {
                continue;
            }
            // The stream has passed what was acknowledged; what was rejected the application discards.
            let done = self.oracle.log.iter().filter(|e| e.status != Status::Pending);
            let done: Vec<String> = done.filter_map(|e| e.write_id.clone()).collect();
            self.drop_entries(&done)?;
            self.check()?;
            if self.oracle.log.is_empty() {
                return self.compare_with_server();
            }
        }
        Err(format!("it never ends: {:#?}", self.oracle.log))
    }

    /// Leaves the database as it was before, for the next schedule.
    fn empty(&mut self) -> Outcome {
        for table in 0..self.oracle.models.len() {
            self.oracle.synced[table].clear();
            self.oracle.made[table].clear();
            let synced = identifier(&format!("{}_synced", self.oracle.models[table].name));
            self.exec(&format!("DELETE FROM {synced}"))?;
        }
        self.exec("DELETE FROM _made_keys")?;
        self.check()
    }
}
