//! What the generated client costs, as ratios measured in one run: until a change of a row is in its collection, beside
//! PGlite's live queries; the first sync, beside plain SQL; sending what is pending, beside a plain loop; and the size of
//! the client in files and in a bundle.
//!
//! `cargo bench --bench client` prints Markdown tables. Behind `--`, `--quick` leaves the large sizes out, and `pglite`,
//! `sqlite` or `size` takes only that part.

#[path = "../../tests/support/mod.rs"]
mod support;

mod document;

use std::path::Path;
use std::process::{Command, Stdio};

use support::binary::sync_patterns;
use support::workspace::Workspace;

const PARTS: [&str; 3] = ["pglite", "sqlite", "size"];

fn main() {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let parts = if PARTS.iter().any(|part| asked(part)) {
        PARTS.into_iter().filter(|part| asked(part)).collect()
    } else {
        PARTS.to_vec()
    };
    for part in parts {
        let workspace = Workspace::new(&format!("bench-{part}"));
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/client");
        if part == "size" {
            for count in [1, 10, 50] {
                generate(&workspace, count, "pglite", "react", &format!("models-{count}"));
            }
            workspace.copy(&sources.join("size"), "src");
        } else {
            generate(&workspace, 1, part, "none", "src/client");
            workspace.copy(&sources.join("script"), "src/bench");
            workspace.copy(&sources.join(part), "src/bench");
        }
        workspace.compile();
        let script = if part == "size" { "dist/size.js" } else { "dist/bench/main.js" };
        run(&workspace, script, asked("--quick"));
    }
}

/// A client of so many models.
fn generate(workspace: &Workspace, models: usize, adapter: &str, framework: &str, output: &str) {
    workspace.write_file("openapi.json", &document::document(models).to_string());
    workspace.write_file(
        "sync-patterns.config.yaml",
        &format!("version: 1\nspec: ./openapi.json\noutput: ./{output}\nadapter: {adapter}\nframework: {framework}\n"),
    );
    let run = sync_patterns(&["generate", "--quiet"], workspace.folder());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

fn run(workspace: &Workspace, script: &str, quick: bool) {
    let status = Command::new("node")
        .args(["--enable-source-maps", "--expose-gc", script])
        .args(quick.then_some("--quick"))
        .stdin(Stdio::null())
        .current_dir(workspace.folder())
        .status()
        .expect("Node on the PATH");
    assert!(status.success(), "{script}");
}
