//! What `cargo install` compiles.

use std::path::Path;
use std::process::Command;

use crate::{repository, succeed};

fn cargo(arguments: &[&str]) -> String {
    succeed(Command::new(env!("CARGO")).args(arguments).current_dir(repository()))
}

#[test]
fn the_crate_is_the_sources_and_the_templates() {
    let files = cargo(&["package", "--list", "--allow-dirty", "--offline"]);
    // Windows has backslashes here.
    let files = files.replace('\\', "/");
    let others: Vec<&str> =
        files.lines().filter(|file| !file.starts_with("src/") && !file.starts_with("templates/")).collect();
    let expected = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig", "LICENSE", "README.md"];
    assert_eq!(others.iter().filter(|file| !expected.contains(file)).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert!(files.lines().any(|file| file == "LICENSE") && files.lines().any(|file| file == "README.md"));
}

#[test]
fn the_crate_builds_by_itself() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let target = target.to_str().expect("UTF-8");
    cargo(&["package", "--allow-dirty", "--offline", "--locked", "--target-dir", target]);
}
