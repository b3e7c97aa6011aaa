//! Tests that are made when their program runs.

use std::env;
use std::time::Instant;

use libtest_mimic::Trial;

/// A test that fails where it panics. With `SYNC_PATTERNS_TIMES` it says how long it took.
pub fn case(name: impl Into<String>, test: impl FnOnce() + Send + 'static) -> Trial {
    let name = name.into();
    let timed = env::var_os("SYNC_PATTERNS_TIMES").map(|_| name.clone());
    Trial::test(name, move || {
        let start = Instant::now();
        test();
        if let Some(name) = timed {
            eprintln!("{:6.1} s {name}", start.elapsed().as_secs_f64());
        }
        Ok(())
    })
}
