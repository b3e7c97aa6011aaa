//! What the generated sync server costs on PostgreSQL, as ratios measured in one run: a push of 500 changes, beside one
//! statement that writes the same rows, and beside as many REST requests; clients on one scope and on many; a pull beside its
//! bare query; the first load beside `fetch` and `JSON.parse`.
//!
//! `cargo bench --bench sync_server` prints Markdown tables; with `-- push`, `-- scopes` or `-- pull`, those of that part.
//! `--quick` leaves the large sizes out.

#[path = "../../tests/sync_server/servers.rs"]
mod servers;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::process::Command;

use servers::{generate_servers, home};
use support::postgres::Postgres;
use support::workspace::Workspace;

fn main() {
    let Some(postgres) = Postgres::shared() else { return };
    let workspace = Workspace::for_sync_server("bench-sync-server");
    generate_servers(&workspace);
    workspace.copy(&home().join("support"), "src/tests/support");
    workspace.copy(&home().join("../../benches/sync_server"), "src/bench");
    workspace.compile();
    let mut command = Command::new("node");
    command.arg("dist/bench/main.js").current_dir(workspace.folder()).env("SYNC_POSTGRES", &postgres.url);
    // Cargo adds an option of its own.
    command.args(std::env::args().skip(1).filter(|argument| argument != "--bench"));
    assert!(command.status().expect("Node").success(), "the bench fails");
}
