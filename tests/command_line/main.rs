//! What the command line offers besides generating: the config's schema, completions, manual pages.

#[path = "../support/mod.rs"]
mod support;

mod manual;
mod schema;

use std::path::Path;

/// The repository.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
