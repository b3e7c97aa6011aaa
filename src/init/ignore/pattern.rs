//! Patterns for paths, in the language that all of the tools read.

/// A path as a pattern: what has a meaning there is escaped.
pub fn pattern(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for character in path.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '!' | '#' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

/// Whether a pattern that somebody wrote leaves out the folder: itself, or every folder of its name.
pub fn covers(written: &str, path: &str) -> bool {
    let written = written.trim_start_matches("./").trim_start_matches('/');
    let written = written.strip_suffix("/**").or_else(|| written.strip_suffix("/*")).unwrap_or(written);
    let written = written.trim_end_matches('/');
    let path = pattern(path);
    match written.strip_prefix("**/") {
        Some(end) => path == end || path.ends_with(&format!("/{end}")),
        None => path == written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_covers() {
        for written in ["src/api", "/src/api/", "./src/api/**", "src/api/*", "**/api", "**/src/api/**"] {
            assert!(covers(written, "src/api"), "{written}");
        }
        for written in ["api", "src", "src/api2", "**/pi", "src/**/api", ""] {
            assert!(!covers(written, "src/api"), "{written}");
        }
    }
}
