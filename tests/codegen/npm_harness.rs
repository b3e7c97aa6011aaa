//! The npm packages install, and are the versions asked for.

use std::process::Command;

#[test]
fn typescript_runs() {
    let folder = crate::support::npm::npm_harness();
    for (package, version) in [("typescript", "7."), ("typescript5", "5.")] {
        let tsc = folder.join("node_modules").join(package).join("bin/tsc");
        let output = Command::new("node").arg(tsc).arg("--version").output().expect("node");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(&format!("Version {version}")), "{package}: {text}");
    }
}
