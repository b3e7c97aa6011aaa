//! The generated client end to end: in Node, with Electric alone, with servers of the usual kinds, and in Chromium.

mod browser;
mod electric;
mod loading;
#[path = "../servers/mod.rs"]
mod servers;
mod suites;
#[path = "../support/mod.rs"]
mod support;
mod sveltekit;

use std::process::ExitCode;
use std::{iter, thread};

use libtest_mimic::{Arguments, Trial};
use support::trial::case;

const ADAPTERS: [&str; 3] = ["pglite", "sqlite", "indexeddb"];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of the time they wait: for a server that is down, or for what a person would see.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(3 * cores);
    let listed = case("no_test_is_passed_over", || {
        ["client", "servers"].into_iter().for_each(support::listed::assert_no_test_is_passed_over);
    });
    let parts = [browser::cases(), suites::cases(), servers::cases(), electric::cases(), vec![listed]];
    libtest_mimic::run(&arguments, in_turns(parts)).exit_code()
}

/// One of each part in turn: a part's first test compiles for the others, which wait for it. The browser's, which take longest,
/// are still among the first.
fn in_turns(parts: [Vec<Trial>; 5]) -> Vec<Trial> {
    let mut parts = parts.map(Vec::into_iter);
    let turns = iter::from_fn(|| Some(parts.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()));
    turns.take_while(|turn| !turn.is_empty()).flatten().collect()
}
