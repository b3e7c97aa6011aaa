//! Generated SQL keeps to 120 columns. A line may be longer only where it is one name or literal, with the punctuation
//! that belongs to it: there is no blank outside of quotes to break it at.

use std::fs;
use std::path::Path;

use sync_patterns::codegen::{Files, sql};
use sync_patterns::config::Adapter;
use sync_patterns::plan::Plan;

use crate::support::binary::sync_patterns;
use crate::support::models;

const WIDTH: usize = 120;

/// Lines, each with the line breaks that stand inside of quotes.
fn lines(sql: &str) -> Vec<String> {
    let (mut lines, mut line, mut quote) = (Vec::new(), String::new(), None);
    for character in sql.chars() {
        let is_comment = line.trim_start().starts_with("--");
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') if !is_comment => quote = Some(character),
            (None, '\n') => {
                lines.push(std::mem::take(&mut line));
                continue;
            }
            _ => {}
        }
        line.push(character);
    }
    assert_eq!(quote, None, "a quote that nothing closes");
    lines
}

fn can_be_broken(line: &str) -> bool {
    let mut quote = None;
    line.trim_start().chars().any(|character| {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, ' ') => return true,
            _ => {}
        }
        false
    })
}

fn check(what: &str, sql: &str) {
    for line in lines(sql) {
        // A literal with a line break isn't broken again.
        let is_short = line.chars().count() <= WIDTH || line.contains('\n');
        assert!(is_short || !can_be_broken(&line), "{what}: {line}");
        assert_eq!(line.trim_end(), line, "{what}: a blank at the end");
    }
}

#[test]
fn no_line_of_a_fixtures_sql_is_too_long() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for entry in fs::read_dir(root.join("fixtures")).expect("the fixtures") {
        let folder = entry.expect("an entry").path();
        let home = if folder.join("sync-patterns.config.yaml").exists() { &folder } else { root };
        if folder.ends_with("errors") {
            continue;
        }
        for adapter in ["pglite", "sqlite"] {
            let run = sync_patterns(&["generate", "--adapter", adapter, "--stdout"], home);
            assert_eq!(run.code, 0, "{}: {}", folder.display(), run.stderr);
            let files = run.stdout.split("==> ").filter_map(|part| part.split_once(" <==\n"));
            for (path, text) in files.filter(|(path, _)| path.ends_with(".sql")) {
                check(&format!("{} {adapter} {path}", folder.display()), text);
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked} files");
}

#[test]
fn no_line_with_long_names_is_too_long() {
    let project = models::everything();
    for adapter in [Adapter::Pglite, Adapter::Sqlite] {
        let files: Files = sql::files(&Plan::of(&project), adapter, &Default::default()).expect("the schema");
        for (path, text) in files {
            check(&format!("{adapter:?} {path}"), &text);
        }
    }
}
