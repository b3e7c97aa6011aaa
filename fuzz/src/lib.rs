//! What the fuzz targets share: the program's steps, with what must be true after each.

pub mod making;
pub mod reading;
pub mod targets;

use std::time::Duration;
use std::{fs, thread};

/// As much as the program gives itself.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// What an input may take of a processor, several runs and their checks together. libFuzzer's own limit is for the time that
/// passes, which says little on a machine with other work.
const MOST_TIME: Duration = Duration::from_secs(10);

/// Runs on a thread like the program's own. Where it panics, libFuzzer has ended the process.
pub fn with_room(run: impl FnOnce() + Send) {
    let timed = || {
        run();
        if let Some(taken) = time_of_this_thread() {
            assert!(taken < MOST_TIME, "it took {taken:?}");
        }
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, timed);
        thread.expect("a thread").join().expect("an end without a panic");
    });
}

/// `None` where the system isn't Linux.
fn time_of_this_thread() -> Option<Duration> {
    let times = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    times.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
