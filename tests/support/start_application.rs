//! A TanStack Start application around a generated sync server, with the packages of the example.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::binary::sync_patterns;
use super::npm::{link_packages, npm_start_example};

/// What the application's config has of its server.
const SERVER: &str = "transport: push-pull\nserver:\n  output: ./src/server/sync\n  framework: tanstack-start\n";

/// Writes the application of `tests/server_functions` to a new folder, with the server of a document.
pub fn write_application(to: &Path, document: &Path, config: &str) {
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server_functions"), to);
    fs::write(to.join("sync-patterns.config.yaml"), format!("{config}{SERVER}")).expect("the config");
    fs::write(to.join("package.json"), r#"{ "type": "module" }"#).expect("a package");
    let run = sync_patterns(&["generate", "--spec", &document.to_string_lossy()], to);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    link_packages(&npm_start_example(), to);
}

/// Builds it for browsers and for Node, in `dist`.
pub fn build_application(folder: &Path) {
    succeed(folder, "vite/bin/vite.js", &["build", "--logLevel", "warn"]);
}

/// Checks the types of the generated functions, and of what the application says to them.
pub fn type_check_application(folder: &Path) {
    succeed(folder, "typescript/bin/tsc", &["--project", "."]);
}

fn succeed(folder: &Path, program: &str, arguments: &[&str]) {
    let program: PathBuf = folder.join("node_modules").join(program);
    let output = Command::new("node").arg(program).args(arguments).current_dir(folder).output().expect("Node");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the application") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file");
        }
    }
}
