//! The program as a user runs it: its commands, options, messages and files.

mod architecture;
mod check;
mod dev_proxy;
mod diff;
#[cfg(unix)]
mod docs;
mod ignore_files;
mod init;
mod inspect;
mod limits;
mod loading;
mod manual;
mod migrate;
mod packages;
#[cfg(unix)]
mod pages;
#[cfg(unix)]
mod prompts;
#[cfg(unix)]
mod recipes;
mod review_diffs;
mod schema;
mod split_documents;
mod templates;
mod url;
mod watch;
mod writing;

use std::path::Path;

/// The repository.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
