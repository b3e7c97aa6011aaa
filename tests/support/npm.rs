//! The npm packages that tests run generated code with.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder with the tools and the newest packages that the client runs with.
///
/// # Panics
/// As [`installed`].
pub fn npm_harness() -> PathBuf {
    installed("tests/npm")
}

/// The folder with the set of packages in which every framework has an adapter, and Electric a collection.
///
/// # Panics
/// As [`installed`].
pub fn npm_frameworks() -> PathBuf {
    installed("tests/npm/frameworks")
}

/// The folder with the formatters and linters that generated files are hidden from.
///
/// # Panics
/// As [`installed`].
pub fn npm_formatters() -> PathBuf {
    installed("tests/npm/formatters")
}

/// The folder with a Chromium.
///
/// # Panics
/// As [`installed`].
pub fn npm_chromium() -> PathBuf {
    installed("tests/npm/chromium")
}

/// The folder with what the generated sync server runs with.
///
/// # Panics
/// As [`installed`].
pub fn npm_sync_server() -> PathBuf {
    installed("tests/npm/sync-server")
}

/// The example with TanStack Start, whose packages tests of its server functions run with.
///
/// # Panics
/// As [`installed`].
pub fn npm_start_example() -> PathBuf {
    installed("examples/code-review")
}

/// The folder with SQLite for Node as applications use it.
///
/// # Panics
/// As [`installed`].
pub fn npm_better_sqlite3() -> PathBuf {
    installed("tests/npm/better-sqlite3")
}

/// The folder with a newer Node.
///
/// # Panics
/// As [`installed`].
pub fn npm_node() -> PathBuf {
    installed("tests/npm/node")
}

/// The folder with an old SQLite.
///
/// # Panics
/// As [`installed`].
pub fn npm_sqlite_old() -> PathBuf {
    installed("tests/npm/sqlite-old")
}

/// The folder with a PGlite of another PostgreSQL.
///
/// # Panics
/// As [`installed`].
pub fn npm_pglite_old() -> PathBuf {
    installed("tests/npm/pglite-old")
}

/// A folder with its `node_modules`, installed on first use from its `package-lock.json`.
///
/// # Panics
/// Where Node or npm is missing, or the install fails: a test that needs them can't tell anything without.
fn installed(relative: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(relative);
    // Test binaries run side by side; the first one installs, the others wait for it.
    let name = format!("{}.lock", relative.replace('/', "-"));
    let guard = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)).expect("a lock file");
    guard.lock().expect("the lock on the npm packages");
    let lock = fs::read_to_string(folder.join("package-lock.json")).expect("package-lock.json");
    let stamp = folder.join("node_modules/.installed-from");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return folder;
    }
    let mut install = Command::new("npm");
    // What has to be compiled is compiled in a third of the time where nothing is optimized.
    install.args(["ci", "--no-audit", "--no-fund"]).envs([("CFLAGS", "-O0"), ("CXXFLAGS", "-O0")]);
    let install = install.current_dir(&folder).output();
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

/// Lets sources in `folder` import the packages of another.
pub fn link_packages(packages: &Path, folder: &Path) {
    #[cfg(unix)]
    use std::os::unix::fs::symlink;
    #[cfg(windows)]
    use std::os::windows::fs::symlink_dir as symlink;
    symlink(packages.join("node_modules"), folder.join("node_modules")).expect("a link to the npm packages");
}
