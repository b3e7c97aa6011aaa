//! What the command line offers besides generating: a first config, the config's schema, completions, manual pages.

#[path = "../support/mod.rs"]
mod support;

mod init;
mod manual;
mod packages;
#[cfg(unix)]
mod prompts;
mod schema;

use std::path::Path;

/// The repository.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
