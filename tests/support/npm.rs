//! The npm packages that tests run generated code with.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder with `node_modules`, installed on first use from `tests/npm/package-lock.json`.
///
/// # Panics
/// Where Node or npm is missing, or the install fails: a test that needs them can't tell anything without.
pub fn npm_harness() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm");
    // Test binaries run side by side; the first one installs, the others wait for it.
    let guard = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm.lock")).expect("a lock file");
    guard.lock().expect("the lock on the npm packages");
    let lock = fs::read_to_string(folder.join("package-lock.json")).expect("package-lock.json");
    let stamp = folder.join("node_modules/.installed-from");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return folder;
    }
    let install = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).output();
    let output = install.unwrap_or_else(|error| {
        panic!("these tests need Node 20 or later with npm on the PATH (`npm ci` did not start: {error})")
    });
    assert!(
        output.status.success(),
        "`npm ci` failed in {}:\n{}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    fs::write(&stamp, lock).expect("the stamp of the install");
    folder
}
