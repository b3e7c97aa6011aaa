//! The npm packages with this build of the program, installed in a project as a user does it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::packaging::{repository, run, succeed};

/// A row of `platforms.json`.
pub struct Platform {
    pub name: String,
    pub target: String,
    pub json: Value,
}

impl Platform {
    pub fn program(&self) -> &'static str {
        if self.json["os"] == "win32" { "sync-patterns.exe" } else { "sync-patterns" }
    }
}

pub fn platforms() -> Vec<Platform> {
    let text = fs::read_to_string(repository().join("packaging/npm/platforms.json")).expect("platforms.json");
    let rows: Vec<Value> = serde_json::from_str(&text).expect("a list");
    let string = |row: &Value, key: &str| row[key].as_str().expect("a string").to_owned();
    rows.into_iter()
        .map(|row| Platform { name: string(&row, "name"), target: string(&row, "target"), json: row })
        .collect()
}

/// The platform that the tests run on.
fn this_platform() -> Platform {
    let libc = if cfg!(target_env = "musl") { "musl" } else { "glibc" };
    let node = succeed(Command::new("node").args(["-p", "`${process.platform} ${process.arch}`"]));
    let fits = |platform: &Platform| {
        let named =
            format!("{} {}", platform.json["os"].as_str().unwrap_or(""), platform.json["cpu"].as_str().unwrap_or(""));
        named == node.trim() && platform.json.get("libc").is_none_or(|required| required == libc)
    };
    platforms().into_iter().find(fits).expect("a platform that has a package")
}

pub fn build(arguments: &[&str], folder: &Path) -> std::process::Output {
    run(Command::new("node").arg(repository().join("packaging/npm/build.mjs")).args(arguments).current_dir(folder))
}

/// An empty folder, the same one in each run.
pub fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder of an earlier run removed");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The tarballs with this build of the program: its package, and the launcher.
pub fn tarballs() -> &'static [PathBuf] {
    static TARBALLS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    TARBALLS.get_or_init(|| {
        let folder = empty_folder("this-platform");
        let platform = this_platform();
        let binaries = folder.join("binaries").join(&platform.target);
        fs::create_dir_all(&binaries).expect("a folder");
        let program = binaries.join(platform.program());
        fs::copy(env!("CARGO_BIN_EXE_sync-patterns"), &program).expect("the program");
        strip(&program);
        let output = build(&["--binaries", "binaries", "--out", "out", "--platforms", &platform.name], &folder);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        printed.lines().map(|line| folder.join(line)).collect()
    })
}

/// Takes away what only a debugger reads, as a release does: packing that takes npm most of its time. Where there is no `strip`
/// it stays. On macOS a program would lose its signature.
fn strip(program: &Path) {
    if cfg!(target_os = "linux") {
        let _ = Command::new("strip").arg(program).status();
    }
}

/// An empty project with packages installed, from the tarballs and from nowhere else.
pub fn project(name: &str, packages: &[PathBuf]) -> PathBuf {
    let folder = empty_folder(name);
    fs::write(folder.join("package.json"), r#"{ "private": true }"#).expect("a file");
    let options = ["install", "-D", "--offline", "--no-audit", "--no-fund", "--cache", ".npm"];
    succeed(Command::new("npm").args(options).args(packages).current_dir(&folder));
    folder
}

/// The project with both packages.
pub fn installed() -> &'static Path {
    static PROJECT: OnceLock<PathBuf> = OnceLock::new();
    PROJECT.get_or_init(|| project("installed", tarballs()))
}
