//! The application of `docs/sveltekit.md`, as its reader writes it: checked, built, and used in a browser.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::browser::{copy_example, example, install, workspace};
use crate::support::binary::sync_patterns;
use crate::support::chromium::chromium;
use crate::support::node::{newer_node, node, run_suite};
use crate::support::postgres::Postgres;

/// What is beside the page's files, and where it belongs.
const FILES: [(&str, &str); 5] = [
    ("app.html", "src/app.html"),
    ("openapi.yaml", "openapi.yaml"),
    ("package-lock.json", "package-lock.json"),
    ("package.json", "package.json"),
    ("tsconfig.json", "tsconfig.json"),
];

pub fn application() {
    let Some(chromium) = chromium() else { return };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = workspace().folder().join("sveltekit");
    for (name, to) in FILES {
        let text = fs::read_to_string(repository.join("tests/sveltekit").join(name)).expect("text");
        workspace().write_file(&format!("sveltekit/{to}"), &text);
    }
    let page = fs::read_to_string(repository.join("docs/sveltekit.md")).expect("the page");
    let written = write_files(&page);
    let expected = ["src/app.d.ts", "src/hooks.server.ts", "src/routes/+page.svelte", "src/routes/+page.ts"];
    assert_eq!(written, [&expected[..], &["src/server/sync.server.ts", "vite.config.ts"]].concat());
    let [config] = page.split("```yaml\n").skip(1).collect::<Vec<_>>()[..] else { panic!("one config") };
    let config = config.split("```").next().expect("its end");
    let start = "version: 1\nspec: ./openapi.yaml\noutput: ./src/generated\n";
    workspace().write_file("sveltekit/sync-patterns.config.yaml", &format!("{start}{config}"));
    let run = sync_patterns(&["generate"], &folder);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    install(&folder);
    let path = newer_node();
    for script in ["check", "build"] {
        npm_run(&folder, script, &path);
    }
    let mut node = node(workspace().folder());
    node.env("FOLDER", &folder).env("NEWER_NODE", &path);
    chromium.give_to(&mut node);
    run_suite(&mut node, "dist/browser/sveltekit.js", "");
}

/// The worked example with SvelteKit and Drizzle, after `npm ci` of its own lock file, with what its config generates now. On
/// PGlite, and on PostgreSQL where that is installed.
pub fn notes() {
    let Some(chromium) = chromium() else { return };
    let folder = workspace().folder().join("notes");
    copy_example(&example("notes"), workspace(), "notes");
    let run = sync_patterns(&["generate"], &folder);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    install(&folder);
    let path = newer_node();
    npm_run(&folder, "check", &path);
    let said = npm_run(&folder, "migrations", &path);
    assert!(said.contains("No schema changes"), "run `npm run migrations` in examples/notes: {said}");
    let postgres = Postgres::shared();
    let mut node = node(workspace().folder());
    node.env("FOLDER", &folder).env("NEWER_NODE", &path);
    node.env("POSTGRES", postgres.as_ref().map_or("", |postgres| &postgres.url));
    chromium.give_to(&mut node);
    run_suite(&mut node, "dist/browser/notes.js", "screenshots are in screenshots/notes-*.png");
}

/// Runs a script of an application's `package.json`, and gives what it says.
fn npm_run(folder: &Path, script: &str, path: &OsString) -> String {
    let run = Command::new("npm").args(["run", script]).current_dir(folder).env("PATH", path).output();
    let run = run.expect("npm on the PATH");
    let said = [run.stdout, run.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(run.status.success(), "{script}: {said}");
    said
}

/// The files of the page: each is called as the text before its block says last. Gives their names.
fn write_files(page: &str) -> Vec<String> {
    let mut written = Vec::new();
    for language in ["ts", "svelte"] {
        let fence = format!("```{language}\n");
        let parts: Vec<&str> = page.split(fence.as_str()).collect();
        for (before, rest) in parts.iter().zip(parts.iter().skip(1)) {
            let paragraph = before.trim_end().rsplit("\n\n").next().expect("a paragraph");
            let is_file = |name: &&str| name.starts_with("src/") || *name == "vite.config.ts";
            let name = paragraph.split('`').skip(1).step_by(2).filter(is_file).last().expect("a name");
            let text = rest.split("```").next().expect("its end");
            workspace().write_file(&format!("sveltekit/{name}"), text);
            written.push(name.to_owned());
        }
    }
    written.sort();
    written
}
