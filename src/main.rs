use std::process::ExitCode;
use std::thread;

use mimalloc::MiMalloc;

/// A document is a great many small pieces, and glibc asks the system for little at a time outside of the first thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Room for documents as deep as they may be: a program's first thread has 1 MB on Windows.
const STACK_BYTES: usize = 64 * 1024 * 1024;

fn main() -> ExitCode {
    let program =
        thread::Builder::new().name("main".to_owned()).stack_size(STACK_BYTES).spawn(sync_patterns::cli::main);
    // Where it panicked, it has said so itself.
    program.map_or(ExitCode::FAILURE, |program| program.join().unwrap_or(ExitCode::from(101)))
}
