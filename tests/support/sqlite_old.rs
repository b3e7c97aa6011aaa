//! An SQLite that is older than all that are supported, from an npm package.

use std::io::Write;
use std::process::{Command, Stdio};

use super::npm::npm_sqlite_old;

/// The newest that a package has of those that are no newer than 3.40, which is what is promised.
const VERSION: &str = "3.39.3";

/// Runs a script in an empty database. Returns a line for each row of its queries, or what is wrong.
///
/// # Panics
/// Where it is another SQLite: that says nothing of this one.
pub fn run(script: &str) -> Result<String, String> {
    let mut node = Command::new("node")
        .arg("run.mjs")
        .current_dir(npm_sqlite_old())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Node on the PATH");
    let mut input = node.stdin.take().expect("stdin");
    input.write_all(script.as_bytes()).expect("the script");
    drop(input);
    let output = node.wait_with_output().expect("an end");
    let printed = String::from_utf8(output.stdout).expect("text");
    let (version, rows) = printed.split_once('\n').expect("a version");
    assert_eq!(version, VERSION, "the SQLite that the package has");
    if output.status.success() {
        Ok(rows.to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
