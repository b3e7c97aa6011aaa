//! One test for each fixture, document and range of random schedules.

mod corpus;
mod fixtures;
mod fuzz;
mod kinds;
mod layout;
mod mutations;
mod offers;
mod remedies;
mod requests;
mod round_trip;
mod server;
mod simulation;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::thread;

use libtest_mimic::Arguments;
use support::trial::case;
use sync_patterns::config::Adapter;

const ADAPTERS: [(&str, Adapter); 2] = [("pglite", Adapter::Pglite), ("sqlite", Adapter::Sqlite)];
/// The databases with SQL, and the one without.
const STORES: [(&str, Adapter); 3] =
    [("pglite", Adapter::Pglite), ("sqlite", Adapter::Sqlite), ("indexeddb", Adapter::IndexedDb)];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Half of the time they wait for Node.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * cores);
    let corpus = corpus::cases(arguments.nocapture);
    let listed = case("no_test_is_passed_over", || support::listed::assert_no_test_is_passed_over("cases"));
    let documents = [fixtures::cases(), kinds::cases(), remedies::cases()];
    let quick = [layout::cases(), mutations::cases(), fuzz::cases(), vec![listed]];
    let parts = [round_trip::cases(), corpus, simulation::cases()].into_iter().chain(documents).chain(quick);
    libtest_mimic::run(&arguments, parts.flatten().collect()).exit_code()
}

/// What the environment says a number is, or this.
fn setting(name: &str, otherwise: u64) -> u64 {
    let told = std::env::var(name);
    told.map_or(otherwise, |told| told.parse().unwrap_or_else(|_| panic!("{name} is no number: {told}")))
}
