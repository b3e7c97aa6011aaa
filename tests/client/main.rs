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
use std::thread;

use libtest_mimic::{Arguments, Trial};

const ADAPTERS: [&str; 3] = ["pglite", "sqlite", "indexeddb"];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of the time they wait: for a server that is down, or for what a person would see.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(3 * cores);
    let listed = case("no_test_is_passed_over", || {
        ["client", "servers"].into_iter().for_each(support::listed::assert_no_test_is_passed_over);
    });
    // The browser's go first: they take longest.
    let parts = [browser::cases(), servers::cases(), suites::cases(), electric::cases(), vec![listed]];
    libtest_mimic::run(&arguments, parts.into_iter().flatten().collect()).exit_code()
}

/// A test that fails where it panics.
fn case(name: impl Into<String>, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, || {
        test();
        Ok(())
    })
}
