//! Random schedules of everything that can happen to a local database, against an oracle that folds the log by the
//! contract's words. `SYNC_PATTERNS_SCHEDULES=10000 cargo test --test simulation` runs more of them;
//! `SYNC_PATTERNS_SEED=7` runs one again.

mod oracle;
mod schedule;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod values;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use schedule::Schedule;
use support::{database, models};
use sync_patterns::model::{FieldType, Method, Model};
use sync_patterns::target::{Adapter, Files, sql};

/// Schedules that have failed once, one a line.
const REGRESSIONS: &str = include_str!("regressions.jsonl");

#[test]
fn sqlite() {
    simulate(Adapter::Sqlite, 200);
}

#[test]
fn pglite() {
    simulate(Adapter::Pglite, 24);
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

fn simulate(adapter: Adapter, schedules: u64) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seeds = match setting("SYNC_PATTERNS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("SYNC_PATTERNS_SCHEDULES").unwrap_or(schedules),
    };
    let pairs: Vec<Pair> = pairs().into_iter().map(|models| Pair::new(models, adapter)).collect();
    for line in REGRESSIONS.lines() {
        let schedule: Schedule = serde_json::from_str(line).expect("a schedule");
        if let Err(error) = run(adapter, &pairs, &schedule) {
            panic!("{line}\n{error}");
        }
    }
    for seed in seeds {
        let schedule = Schedule::random(seed, pairs.len());
        if run(adapter, &pairs, &schedule).is_ok() {
            continue;
        }
        let tries = if adapter == Adapter::Sqlite { 1000 } else { 100 };
        let shortest = schedule.shrink(tries, |shorter| run(adapter, &pairs, shorter).is_err());
        let error = run(adapter, &pairs, &shortest).expect_err("it failed before");
        panic!(
            "{error}\n\nSYNC_PATTERNS_SEED={seed} cargo test --test simulation\nor as a line of regressions.jsonl:\n{}",
            serde_json::to_string(&shortest).expect("JSON")
        );
    }
}

struct Pair {
    models: [Model; 2],
    files: Files,
}

impl Pair {
    fn new(models: [Model; 2], adapter: Adapter) -> Self {
        let files = sql::files(&models::project(models.clone()), adapter).expect("the schema");
        Self { models, files }
    }
}

fn run(adapter: Adapter, pairs: &[Pair], schedule: &Schedule) -> Result<(), String> {
    let Pair { models, files } = pairs.get(schedule.models).expect("a pair of models");
    let attempt = || {
        let mut database = database::open(adapter);
        database.load(files);
        world::run(database.as_mut(), models, files, schedule)
    };
    catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| Err("a panic".into()))
}
