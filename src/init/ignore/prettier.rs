//! Prettier: a line in `.prettierignore`, which is written as `.gitignore` is.

use super::pattern::{covers, pattern};
use crate::init::edit::{Edit, newline};

pub const FILE: &str = ".prettierignore";

pub const SIGNS: &[&str] = &[
    FILE,
    ".prettierrc",
    ".prettierrc.json",
    ".prettierrc.json5",
    ".prettierrc.yaml",
    ".prettierrc.yml",
    ".prettierrc.toml",
    ".prettierrc.js",
    ".prettierrc.mjs",
    ".prettierrc.cjs",
    ".prettierrc.ts",
    "prettier.config.js",
    "prettier.config.mjs",
    "prettier.config.cjs",
    "prettier.config.ts",
];

/// A slash in front ties it to the folder of the file.
pub fn line(path: &str) -> String {
    format!("/{}/", pattern(path))
}

pub fn edit(text: &str, path: &str) -> Edit {
    let lines = text.strip_prefix('\u{FEFF}').unwrap_or(text).lines().map(str::trim_end);
    let mut is_ignored = false;
    for line in lines {
        match line.strip_prefix('!') {
            Some(line) if covers(line, path) => is_ignored = false,
            None if covers(line, path) || covers(&any_depth(line), path) => is_ignored = true,
            _ => {}
        }
    }
    if is_ignored {
        return Edit::None;
    }
    let newline = newline(text);
    let separator = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
    Edit::Text(format!("{text}{separator}{}{newline}", line(path)))
}

/// A name without a slash in front of its end is one of any folder.
fn any_depth(line: &str) -> String {
    let is_name = !line.is_empty() && !line.trim_end_matches('/').contains('/');
    if is_name { format!("**/{line}") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::edit::tests::edited;

    #[test]
    fn a_line_is_added_once() {
        let added = |text: &str| edited(edit(text, "src/generated"));
        assert_eq!(added(""), "/src/generated/\n");
        assert_eq!(added("dist\n"), "dist\n/src/generated/\n");
        assert_eq!(added("# ours\ndist"), "# ours\ndist\n/src/generated/\n");
        assert_eq!(added("dist\r\n"), "dist\r\n/src/generated/\r\n");
        assert_eq!(added("src/generated\n!src/generated\n"), "src/generated\n!src/generated\n/src/generated/\n");
        for text in ["/src/generated/\n", "src/generated\n", "generated/\r\n", "**/generated", &added("dist\n")] {
            assert_eq!(edit(text, "src/generated"), Edit::None, "{text:?}");
        }
        assert_eq!(edit("dist", "app/[id]"), Edit::Text("dist\n/app/\\[id\\]/\n".to_owned()));
    }
}
