//! A test program with a `main` of its own runs what that lists, and would pass over a `#[test]` in silence.

use std::fs;
use std::path::Path;

/// # Panics
/// Where there is one in the folder.
pub fn assert_no_test_is_passed_over(folder: &str) {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder));
}

fn check(folder: &Path) {
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            check(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            let attribute = text.lines().any(|line| line.trim_start().starts_with("#[test]"));
            assert!(!attribute, "{} has a #[test], which nothing runs: list a case instead", path.display());
        }
    }
}
