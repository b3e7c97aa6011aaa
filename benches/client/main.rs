//! What the generated client costs, as ratios measured in one run: until a change of a row is in its collection, beside
//! PGlite's live queries; the commits of quick writes; the first sync, beside plain SQL; sending what is pending, beside a
//! plain loop, by requests to an API and by push and pull; until a poke has brought an edit to another client; a pull of a
//! list that hasn't changed, beside `fetch` and `JSON.parse`; what rows cost in memory; the size of the client in files and
//! in a bundle; and until a page in Chromium has a collection that is ready.
//!
//! `cargo bench --bench client` prints Markdown tables. Behind `--`, `--quick` leaves the large sizes out, and `pglite`,
//! `sqlite`, `pull`, `memory`, `push`, `open`, `browser` or `size` takes only that part; `changes`, `quick`, `load` or `drain` takes
//! only that of the first two.

#[path = "../../tests/support/mod.rs"]
mod support;

mod document;
mod lists;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::binary::sync_patterns;
use support::chromium::chromium;
use support::npm::{link_packages, npm_sync_server};
use support::postgres::Postgres;
use support::workspace::Workspace;

const PARTS: [&str; 8] = ["pglite", "sqlite", "pull", "memory", "push", "open", "browser", "size"];
const ADAPTERS: [&str; 2] = ["sqlite", "pglite"];
/// Those of browsers.
const STORES: [&str; 3] = ["pglite", "sqlite", "indexeddb"];
/// What can be asked of a client that syncs by streams.
const STREAMED: [&str; 4] = ["changes", "quick", "load", "drain"];

fn main() {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let is_quick = asked("--quick");
    let is_all = !PARTS.iter().any(|part| asked(part));
    for part in PARTS.into_iter().filter(|part| is_all || asked(part)) {
        match part {
            "size" => size(is_quick),
            "open" | "browser" => in_browser(part, is_quick),
            "push" => pushed(is_quick),
            "pull" | "memory" => ADAPTERS.into_iter().for_each(|adapter| polled(part, adapter, is_quick)),
            adapter => {
                let of_it: Vec<_> = STREAMED.into_iter().filter(|what| asked(what)).collect();
                streamed(adapter, is_quick, &of_it);
            }
        }
    }
}

/// What an application's client costs that syncs by streams.
fn streamed(adapter: &str, is_quick: bool, of_it: &[&str]) {
    let workspace = Workspace::new(&format!("bench-{adapter}"));
    generate(&workspace, &with_children(), adapter, "electric", "none", "src/client");
    workspace.copy(&sources("script"), "src/bench");
    workspace.copy(&sources(adapter), "src/bench");
    workspace.compile();
    run(&workspace, "dist/bench/main.js", is_quick, of_it);
}

/// `contacts`, and `tasks`, each of which refers to one of them.
fn with_children() -> serde_json::Value {
    let names = [("contacts", "Contact"), ("tasks", "Task")];
    let mut document = document::of(names.into_iter().map(|(name, schema)| (name.to_owned(), schema.to_owned())));
    for schema in ["Task", "TaskCreate", "TaskUpdate"] {
        document["components"]["schemas"][schema]["properties"]["contact_id"] =
            serde_json::json!({ "type": ["string", "null"], "format": "uuid" });
    }
    document
}

/// What one costs that reads the API's lists. `script`: what is measured.
fn polled(script: &str, adapter: &str, is_quick: bool) {
    let workspace = Workspace::new(&format!("bench-{script}-{adapter}"));
    generate(&workspace, &lists::document(), adapter, "rest", "none", "src/client");
    workspace.copy(&sources("pull"), "src/bench");
    workspace.copy(&sources(adapter), "src/bench");
    for shared in ["report.ts", "rows.ts"] {
        let text = fs::read_to_string(sources("script").join(shared)).expect("a script");
        workspace.write_file(&format!("src/bench/{shared}"), &text);
    }
    workspace.compile();
    run(&workspace, &format!("dist/bench/{script}.js"), is_quick, &[]);
}

/// What one costs whose server is a sync server on PostgreSQL, in a thread of its own.
fn pushed(is_quick: bool) {
    for adapter in ADAPTERS {
        let Some(postgres) = Postgres::shared() else { return };
        let workspace = Workspace::new(&format!("bench-push-{adapter}"));
        for folder in ["server", "thread"] {
            for part in ["src", "dist"] {
                let folder = workspace.folder().join(part).join("bench").join(folder);
                fs::create_dir_all(&folder).expect("a folder");
                link_packages(&npm_sync_server(), &folder);
            }
        }
        let more = "sync_url: /sync\nserver:\n  output: ./src/bench/server\n";
        generate_with(&workspace, &document::document(1), adapter, "push-pull", "none", "src/client", more);
        workspace.copy(&sources("push"), "src/bench");
        for shared in ["report.ts", "rows.ts", "until.ts"] {
            let text = fs::read_to_string(sources("script").join(shared)).expect("a script");
            workspace.write_file(&format!("src/bench/{shared}"), &text);
        }
        workspace.compile();
        let mut node = Command::new("node");
        node.env("SYNC_POSTGRES", &postgres.url).env("BENCH_ADAPTER", adapter);
        execute(node, &workspace, "dist/bench/main.js", is_quick, &[]);
    }
}

/// Pages that open a database, beside one that does nothing but create a PGlite (`open`); and pages with rows, beside one that
/// has IndexedDB alone (`browser`).
fn in_browser(part: &str, is_quick: bool) {
    let Some(chromium) = chromium() else { return };
    let workspace = Workspace::new(&format!("bench-{part}"));
    let page = |name: &str, script: &str| {
        let text = fs::read_to_string(sources(part).join("pages").join(script)).expect("a page");
        workspace.write_file(&format!("{name}/page.ts"), &text);
        workspace.write_file(
            &format!("{name}/index.html"),
            "<!doctype html><title>Opening</title><script type=\"module\" src=\"page.ts\"></script>",
        );
    };
    page("bare", "bare.ts");
    for adapter in STORES {
        page(adapter, "client.ts");
        generate(&workspace, &document::document(1), adapter, "rest", "none", &format!("{adapter}/client"));
    }
    for (folder, file) in [(part, "main.ts"), ("open", "site.ts"), ("script", "report.ts")] {
        let text = fs::read_to_string(sources(folder).join(file)).expect("a script");
        workspace.write_file(&format!("src/{file}"), &text);
    }
    workspace.compile();
    let mut node = Command::new("node");
    chromium.give_to(&mut node);
    execute(node, &workspace, "dist/main.js", is_quick, &[]);
}

fn size(is_quick: bool) {
    let workspace = Workspace::new("bench-size");
    for count in [1, 10, 50] {
        let document = document::document(count);
        generate(&workspace, &document, "pglite", "electric", "react", &format!("models-{count}"));
    }
    for adapter in STORES {
        generate(&workspace, &document::document(1), adapter, "rest", "none", &format!("store-{adapter}"));
    }
    workspace.copy(&sources("size"), "src");
    workspace.compile();
    run(&workspace, "dist/size.js", is_quick, &[]);
}

fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/client").join(folder)
}

fn generate(
    workspace: &Workspace,
    document: &serde_json::Value,
    adapter: &str,
    transport: &str,
    framework: &str,
    output: &str,
) {
    generate_with(workspace, document, adapter, transport, framework, output, "");
}

/// `more`: lines that the config has as well.
fn generate_with(
    workspace: &Workspace,
    document: &serde_json::Value,
    adapter: &str,
    transport: &str,
    framework: &str,
    output: &str,
    more: &str,
) {
    workspace.write_file("openapi.json", &document.to_string());
    workspace.write_file(
        "sync-patterns.config.yaml",
        &format!(
            "version: 1\nspec: ./openapi.json\noutput: ./{output}\nadapter: {adapter}\ntransport: {transport}\n\
             framework: {framework}\n{more}"
        ),
    );
    let run = sync_patterns(&["generate", "--quiet"], workspace.folder());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

fn run(workspace: &Workspace, script: &str, quick: bool, of_it: &[&str]) {
    execute(Command::new("node"), workspace, script, quick, of_it);
}

fn execute(mut node: Command, workspace: &Workspace, script: &str, quick: bool, of_it: &[&str]) {
    let status = node
        .args(["--enable-source-maps", "--expose-gc", script])
        .args(quick.then_some("--quick"))
        .args(of_it)
        // As applications are built: otherwise, TanStack DB keeps a copy of each row to find mistakes of its sources.
        .env("NODE_ENV", "production")
        .stdin(Stdio::null())
        .current_dir(workspace.folder())
        .status()
        .expect("Node on the PATH");
    assert!(status.success(), "{script}");
}
