//! Random schedules of everything that can happen to a local database, against an oracle that folds the log by the
//! contract's words. `SYNC_PATTERNS_SCHEDULES=10000 cargo test --test cases simulation` runs more of them, and with
//! `SYNC_PATTERNS_FIRST_SEED=10000` other ones, so that a long run can be split; `SYNC_PATTERNS_SEED=7` runs one again.
//! `SYNC_PATTERNS_CHROMIUM_SCHEDULES` are run on the IndexedDB of a browser.

mod oracle;
mod schedule;
mod server;
mod values;
mod world;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::chromium::chromium;
use crate::support::database::{self, Database};
use crate::support::indexed_db::IndexedDb;
use crate::support::models;
use crate::support::size::is_long;
use crate::{case, setting};
use libtest_mimic::Trial;
use schedule::Schedule;
use sync_patterns::codegen::Files;
use sync_patterns::config::Adapter;
use sync_patterns::model::{FieldType, Method, Model};

/// Schedules that have failed once, one a line.
const REGRESSIONS: &str = include_str!("regressions.jsonl");

/// A database as the schedules run in it.
#[derive(Clone, Copy)]
struct Engine {
    name: &'static str,
    adapter: Adapter,
    open: fn() -> Box<dyn Database>,
    /// How many tries may shorten a schedule that has failed.
    tries: usize,
}

const PGLITE: Engine =
    Engine { name: "pglite", adapter: Adapter::Pglite, open: || database::open(Adapter::Pglite), tries: 100 };
const SQLITE: Engine =
    Engine { name: "sqlite", adapter: Adapter::Sqlite, open: || database::open(Adapter::Sqlite), tries: 1000 };
const INDEXED_DB: Engine =
    Engine { name: "indexeddb", adapter: Adapter::IndexedDb, open: || database::open(Adapter::IndexedDb), tries: 100 };
/// IndexedDB as a browser has it.
const CHROMIUM: Engine = Engine { name: "chromium", adapter: Adapter::IndexedDb, open: open_in_chromium, tries: 100 };

fn open_in_chromium() -> Box<dyn Database> {
    Box::new(IndexedDb::open_in(chromium().expect("a Chromium")))
}

impl Engine {
    /// Where there is no Chromium, that is said.
    fn is_missing(self) -> bool {
        self.name == CHROMIUM.name && chromium().is_none()
    }
}

/// Tests that the schedules of an adapter are shared out to, as long as each has a few of them.
const TESTS: u64 = 8;

pub fn cases() -> Vec<Trial> {
    let schedules = |usual| setting("SYNC_PATTERNS_SCHEDULES", usual);
    let mut engines = vec![(PGLITE, schedules(16)), (SQLITE, schedules(200)), (INDEXED_DB, schedules(16))];
    let in_chromium = setting("SYNC_PATTERNS_CHROMIUM_SCHEDULES", if is_long() { 40 } else { 0 });
    if in_chromium > 0 {
        engines.push((CHROMIUM, in_chromium));
    }
    engines.into_iter().flat_map(|(engine, schedules)| cases_of(engine, schedules)).collect()
}

fn cases_of(engine: Engine, schedules: u64) -> Vec<Trial> {
    let first = setting("SYNC_PATTERNS_FIRST_SEED", 0);
    let seeds = match std::env::var_os("SYNC_PATTERNS_SEED") {
        Some(_) => Range { start: setting("SYNC_PATTERNS_SEED", 0), end: setting("SYNC_PATTERNS_SEED", 0) + 1 },
        None => first..first + schedules,
    };
    let length = ((seeds.end - seeds.start) / TESTS).clamp(8, 250);
    let name = engine.name;
    let mut cases = vec![case(format!("simulation::{name}::regressions"), move || regressions(engine))];
    for start in seeds.clone().step_by(length as usize) {
        let range = start..(start + length).min(seeds.end);
        let name = format!("simulation::{name}::seeds_{start}_to_{}", range.end - 1);
        cases.push(case(name, move || simulate(engine, range)));
    }
    cases
}

/// Two models at a time, so that what is meant for one shows where it reaches the other.
fn pairs() -> Vec<[Model; 2]> {
    let mut put = models::countries();
    for operation in put.operations.update.iter_mut() {
        operation.method = Method::Put;
    }
    vec![
        [models::contacts(), models::events()],
        [models::tickets(), models::documents()],
        [put, models::memberships()],
        [models::measurements(), models::settings()],
        [small("user_notes"), small("userxnotes")],
    ]
}

/// Few columns, so that many writes meet.
fn small(name: &str) -> Model {
    let mut model = models::wildcard(name);
    model.fields.push(models::FieldBuilder::nullable(models::field("done", FieldType::Boolean)));
    models::crud(model, Method::Patch)
}

fn regressions(engine: Engine) {
    if engine.is_missing() {
        return;
    }
    let pairs = pairs_for(engine.adapter);
    for line in REGRESSIONS.lines() {
        let schedule: Schedule = serde_json::from_str(line).expect("a schedule");
        if let Err(error) = run_afresh(engine, &pairs, &schedule) {
            panic!("{line}\n{error}");
        }
    }
}

fn pairs_for(adapter: Adapter) -> Vec<Pair> {
    pairs().into_iter().map(|models| Pair::new(models, adapter)).collect()
}

fn simulate(engine: Engine, seeds: Range<u64>) {
    if engine.is_missing() {
        return;
    }
    let pairs = pairs_for(engine.adapter);
    let mut schedules: Vec<(u64, Schedule)> = seeds.map(|seed| (seed, Schedule::random(seed, pairs.len()))).collect();
    // One pair after the other, so that most find the schema there.
    schedules.sort_by_key(|(_, schedule)| schedule.models);
    let mut used = None;
    for (seed, schedule) in &schedules {
        if let Err(error) = run_in(&mut used, engine, &pairs, schedule) {
            fail(engine, &pairs, *seed, schedule, &error);
        }
    }
}

/// Tells of a schedule that has failed: as short as it can be, and as it fails in a database of its own.
fn fail(engine: Engine, pairs: &[Pair], seed: u64, schedule: &Schedule, error: &str) -> ! {
    let again = format!("SYNC_PATTERNS_SEED={seed} cargo test --test cases simulation");
    if run_afresh(engine, pairs, schedule).is_ok() {
        panic!("{error}\n\nonly in a database that has been through others, so not by {again}");
    }
    let shortest = schedule.clone().shrink(engine.tries, |shorter| run_afresh(engine, pairs, shorter).is_err());
    let error = run_afresh(engine, pairs, &shortest).expect_err("it failed before");
    let line = serde_json::to_string(&shortest).expect("JSON");
    panic!("{error}\n\n{again}\nor as a line of regressions.jsonl:\n{line}");
}

struct Pair {
    models: [Model; 2],
    files: Files,
}

impl Pair {
    fn new(models: [Model; 2], adapter: Adapter) -> Self {
        let files = database::schema_of(&models::project(models.clone()), adapter);
        Self { models, files }
    }
}

/// A database with the schema of a pair, and no data.
struct Used {
    pair: usize,
    schedules: usize,
    database: Box<dyn Database>,
}

/// What a database goes through before there is another.
const SCHEDULES_IN_ONE: usize = 100;

fn run_afresh(engine: Engine, pairs: &[Pair], schedule: &Schedule) -> Result<(), String> {
    run_in(&mut None, engine, pairs, schedule)
}

/// Runs a schedule in the database that the one before has left, if it is of the same pair, and leaves it in turn.
fn run_in(used: &mut Option<Used>, engine: Engine, pairs: &[Pair], schedule: &Schedule) -> Result<(), String> {
    let Pair { models, files } = pairs.get(schedule.models).expect("a pair of models");
    let left = used.take();
    let attempt = || -> Result<Used, String> {
        let fits = |used: &Used| used.pair == schedule.models && used.schedules < SCHEDULES_IN_ONE;
        let mut used = left.filter(fits).unwrap_or_else(|| {
            let mut database = (engine.open)();
            database.load(files);
            Used { pair: schedule.models, schedules: 0, database }
        });
        used.schedules += 1;
        world::run(used.database.as_mut(), models, files, schedule)?;
        Ok(used)
    };
    let left = catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| Err("a panic".into()))?;
    *used = Some(left);
    Ok(())
}
