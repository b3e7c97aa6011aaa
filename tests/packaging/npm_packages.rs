//! What the npm packages say of themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::packaging::npm::{build, empty_folder, platforms};
use crate::packaging::succeed;

/// The manifests of all packages, by name, with a few bytes in place of each program.
fn manifests(folder: &Path) -> BTreeMap<String, Value> {
    for platform in platforms() {
        let binaries = folder.join("binaries").join(&platform.target);
        fs::create_dir_all(&binaries).expect("a folder");
        fs::write(binaries.join(platform.program()), &platform.target).expect("a file");
    }
    let source = "https://example.org/sync-patterns";
    let output = build(&["--binaries", "binaries", "--out", "out", "--repository", source], folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let manifests = printed.lines().map(|tarball| {
        let text = succeed(Command::new("tar").args(["-xzOf", tarball, "package/package.json"]).current_dir(folder));
        let manifest: Value = serde_json::from_str(&text).expect("JSON");
        (manifest["name"].as_str().expect("a name").to_owned(), manifest)
    });
    manifests.collect()
}

#[test]
fn every_platform_has_a_package_and_the_launcher_wants_each() {
    let manifests = manifests(&empty_folder("all-platforms"));
    let launcher = &manifests["@pattern-stack/sync-patterns"];
    let mut wanted = BTreeMap::new();
    for platform in platforms() {
        let name = format!("@pattern-stack/sync-patterns-{}", platform.name);
        let manifest = &manifests[&name];
        assert_eq!(manifest["os"], json!([platform.json["os"]]));
        assert_eq!(manifest["cpu"], json!([platform.json["cpu"]]));
        assert_eq!(manifest.get("libc"), platform.json.get("libc").map(|libc| json!([libc])).as_ref());
        wanted.insert(name, json!(env!("CARGO_PKG_VERSION")));
    }
    assert_eq!(launcher["optionalDependencies"], json!(wanted));
    assert_eq!(manifests.len(), wanted.len() + 1);
    for (name, manifest) in &manifests {
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"), "{name}");
        assert_eq!(manifest["license"], "MIT", "{name}");
        assert_eq!(manifest["repository"]["url"], "git+https://example.org/sync-patterns.git", "{name}");
        assert_eq!(manifest["homepage"], "https://example.org/sync-patterns#readme", "{name}");
        // Nothing runs at the install, and nothing else is installed.
        assert!(manifest.get("scripts").is_none() && manifest.get("dependencies").is_none(), "{name}");
    }
}

#[test]
fn a_program_that_is_missing_stops_the_build() {
    let folder = empty_folder("nothing-built");
    let output = build(&["--binaries", "binaries", "--out", "out"], &folder);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).replace('\\', "/");
    for platform in platforms() {
        assert!(message.contains(&format!("binaries/{}/{}", platform.target, platform.program())), "{message}");
    }
    assert!(!folder.join("out").exists());
}
