//! What `cargo install` compiles.

use std::path::Path;
use std::process::Command;

use crate::packaging::{repository, succeed};
use crate::support::size::is_long;

fn cargo(arguments: &[&str]) -> String {
    succeed(Command::new(env!("CARGO")).args(arguments).current_dir(repository()))
}

#[test]
fn the_crate_is_the_sources_the_templates_and_the_pages() {
    let files = cargo(&["package", "--list", "--allow-dirty", "--offline"]);
    // Windows has backslashes here.
    let files = files.replace('\\', "/");
    let others: Vec<&str> = files
        .lines()
        .filter(|file| !["src/", "templates/", "docs/"].iter().any(|folder| file.starts_with(folder)))
        .collect();
    let expected = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig", "LICENSE", "README.md"];
    assert_eq!(others.iter().filter(|file| !expected.contains(file)).collect::<Vec<_>>(), Vec::<&&str>::new());
    for needed in ["LICENSE", "README.md", "docs/backend.md", "templates/README.md"] {
        assert!(files.lines().any(|file| file == needed), "{needed}");
    }
}

/// In a long run: the compiler takes its time.
#[test]
fn the_crate_builds_by_itself() {
    if !is_long() {
        return;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let target = target.to_str().expect("UTF-8");
    cargo(&["package", "--allow-dirty", "--offline", "--locked", "--target-dir", target]);
}
