use std::process::ExitCode;
use std::thread;

use libmimalloc_sys::{mi_option_set_default, mi_option_t};
use mimalloc::MiMalloc;

/// A document is a great many small pieces, and glibc asks the system for little at a time outside of the first thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Room for documents as deep as they may be: a program's first thread has 1 MB on Windows.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// `mi_option_purge_delay`, in milliseconds.
const PURGE_DELAY: mi_option_t = 15;

fn main() -> ExitCode {
    // A run is over before the usual second has passed: memory is given back as soon as it is free.
    // SAFETY: no other thread runs yet, and a number that is no option is passed over.
    unsafe { mi_option_set_default(PURGE_DELAY, 0) };
    // Where that fails, there is a pool of threads already.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build_global();
    let program =
        thread::Builder::new().name("main".to_owned()).stack_size(STACK_BYTES).spawn(sync_patterns::cli::main);
    // Where it panicked, it has said so itself.
    program.map_or(ExitCode::FAILURE, |program| program.join().unwrap_or(ExitCode::from(101)))
}
