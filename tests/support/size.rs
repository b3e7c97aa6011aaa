//! How much a run tests.

use std::env;

/// Whether it is as long as in CI: see "Sizes" in the README of the tests.
pub fn is_long() -> bool {
    env::var("SYNC_PATTERNS_PAIRS").is_ok_and(|pairs| pairs == "all")
}
