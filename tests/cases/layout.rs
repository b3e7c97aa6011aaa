//! Generated SQL keeps to 120 columns. A line may be longer only where it is one name or literal, with the punctuation
//! that belongs to it: there is no blank outside of quotes to break it at.

use libtest_mimic::Trial;
use sync_patterns::codegen::{Files, sql};
use sync_patterns::plan::Plan;

use crate::support::models;
use crate::{ADAPTERS, case};

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

/// Names of 63 bytes, and every kind of column.
pub fn cases() -> Vec<Trial> {
    let cases = ADAPTERS.map(|(name, adapter)| {
        case(format!("layout::{name}::long_names"), move || {
            let project = models::everything();
            check_files(&sql::files(&Plan::of(&project), adapter, &Default::default()).expect("the schema"));
        })
    });
    cases.into()
}

/// Checks all SQL files.
pub fn check_files(files: &Files) {
    let sql: Vec<_> = files.iter().filter(|(path, _)| path.ends_with(".sql")).collect();
    assert!(!sql.is_empty(), "no SQL");
    for (path, text) in sql {
        check(path, text);
    }
}
