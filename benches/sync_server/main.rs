//! What the generated sync server costs on PostgreSQL, as ratios measured in one run: a push of 500 changes, beside one
//! statement that writes the same rows, and beside as many REST requests; clients on one scope and on many; a pull beside its
//! bare query; the first load beside `fetch` and `JSON.parse`.
//!
//! `cargo bench --bench sync_server` prints Markdown tables; with `-- push`, `-- scopes` or `-- pull`, those of that part.
//! `--quick` leaves the large sizes out.

#[path = "../../tests/sync_server/postgres.rs"]
mod postgres;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use postgres::Postgres;
use support::binary::sync_patterns;
use support::workspace::Workspace;

fn main() {
    let Some(postgres) = Postgres::shared() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = Workspace::for_sync_server("bench-sync-server");
    for file in ["openapi.yaml", "sync-patterns.config.yaml"] {
        let text = fs::read_to_string(root.join("tests/sync_server").join(file)).expect("text");
        workspace.write_file(file, &text);
    }
    let generated = sync_patterns(&["generate"], workspace.folder());
    assert_eq!(generated.code, 0, "{}", generated.stderr);
    fs::remove_dir_all(workspace.folder().join("src/generated")).expect("the client's folder removed");
    workspace.copy(&root.join("tests/sync_server/support"), "src/tests/support");
    workspace.copy(&root.join("benches/sync_server"), "src/bench");
    workspace.compile();
    let mut command = Command::new("node");
    command.arg("dist/bench/main.js").current_dir(workspace.folder()).env("SYNC_POSTGRES", &postgres.url);
    // Cargo adds an option of its own.
    command.args(std::env::args().skip(1).filter(|argument| argument != "--bench"));
    assert!(command.status().expect("Node").success(), "the bench fails");
}
