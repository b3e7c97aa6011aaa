//! The generated client end to end: in Node, with Electric alone, and in Chromium.

mod browser;
mod electric;
mod suites;
#[path = "../support/mod.rs"]
mod support;

use std::process::{Command, ExitCode};
use std::thread;

use libtest_mimic::{Arguments, Trial};

const ADAPTERS: [&str; 2] = ["pglite", "sqlite"];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of the time they wait: for a server that is down, or for what a person would see.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(3 * cores);
    let listed = case("no_test_is_passed_over", || support::listed::assert_no_test_is_passed_over("client"));
    // The browser's go first: they take longest.
    let parts = [browser::cases(), suites::cases(), electric::cases(), vec![listed]];
    libtest_mimic::run(&arguments, parts.into_iter().flatten().collect()).exit_code()
}

/// A test that fails where it panics.
fn case(name: impl Into<String>, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, || {
        test();
        Ok(())
    })
}

/// Runs a file of tests with Node's runner.
///
/// # Panics
/// With what it prints, where one fails.
fn run_suite(node: &mut Command, file: &str, hint: &str) {
    node.args(["--enable-source-maps", "--test-force-exit", "--test-reporter=spec", file]);
    let output = node.output().expect("Node on the PATH");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{file}: {hint}\n{text}");
}
