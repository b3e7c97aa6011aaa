//! Breaks lines of rendered SQL that are too long: before clauses, behind commas, inside brackets, and at last at any blank.
//! Lines that fit stay as the template has them.

use super::lines::lines;
use crate::codegen::width::{WIDTH, width};

/// The text with every line as short as it can be broken to.
pub fn laid_out(text: String) -> String {
    let is_short = |line: &str| line.len() <= WIDTH || line.strip_suffix('\n').is_some_and(|line| line.len() <= WIDTH);
    if lines(&text).all(is_short) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut quote = None;
    for line in lines(&text) {
        let starts_in_quote = quote.is_some();
        let (code, newline) = line.strip_suffix('\n').map_or((line, ""), |code| (code, "\n"));
        let has_comment = scan(code, &mut quote, |_| {}).is_some();
        // A literal or name that has a line break of its own is left alone, and so are comments.
        if width(code) <= WIDTH || starts_in_quote || quote.is_some() || has_comment {
            out.push_str(line);
            continue;
        }
        let text = code.trim_start_matches(' ');
        let mut lines = Vec::new();
        lay_out(&mut lines, code.len() - text.len(), text);
        out.push_str(&lines.join("\n"));
        out.push_str(newline);
    }
    out
}

/// A character outside of quotes.
pub struct Mark {
    at: usize,
    byte: u8,
}

/// Tells of every blank, comma and bracket of a line outside of quotes. Gives where a comment begins.
pub fn scan(text: &str, quote: &mut Option<u8>, mut tell: impl FnMut(Mark)) -> Option<usize> {
    let mut previous = 0;
    for (at, byte) in text.bytes().enumerate() {
        match *quote {
            Some(open) if byte == open => *quote = None,
            Some(_) => {}
            None => match byte {
                b'\'' | b'"' => *quote = Some(byte),
                b'-' if previous == b'-' => return Some(at - 1),
                b' ' | b',' | b'(' | b')' | b'[' | b']' => tell(Mark { at, byte }),
                _ => {}
            },
        }
        previous = byte;
    }
    None
}

/// What is outside of all brackets of a text.
#[derive(Default)]
struct TopLevel {
    blanks: Vec<usize>,
    commas: Vec<usize>,
    /// The places of a bracket and of the one that closes it.
    brackets: Vec<(usize, usize)>,
}

impl TopLevel {
    fn of(text: &str) -> Self {
        let mut top = Self::default();
        let mut open: Vec<usize> = Vec::new();
        scan(text, &mut None, |mark| match mark.byte {
            b'(' | b'[' => open.push(mark.at),
            b')' | b']' => {
                let start = open.pop();
                top.brackets.extend(start.filter(|_| open.is_empty()).map(|start| (start, mark.at)));
            }
            b',' if open.is_empty() => top.commas.push(mark.at),
            b' ' if open.is_empty() => top.blanks.push(mark.at),
            _ => {}
        });
        top
    }
}

/// Words that a clause of a statement begins with.
const CLAUSES: &[&str] = &[
    "SELECT",
    "FROM",
    "LEFT JOIN",
    "CROSS JOIN",
    "JOIN",
    "WHERE",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "VALUES",
    "UNION",
];
/// Words that a branch of CASE begins with.
const BRANCHES: &[&str] = &["WHEN", "ELSE", "END"];
/// What follows from a condition.
const CONSEQUENCES: &[&str] = &["THEN"];
/// Words that a further condition begins with.
const CONDITIONS: &[&str] = &["AND", "OR"];

/// Where the text has one of the words behind a blank, outside of brackets.
fn words_at(text: &str, top: &TopLevel, words: &[&str]) -> Vec<usize> {
    let is_word = |at: usize| {
        let after = text.get(at + 1..).unwrap_or_default();
        let before = text.get(..at).unwrap_or_default();
        // The second word of `LEFT JOIN`, `DELETE FROM` and `IS DISTINCT FROM` begins nothing.
        let is_second = ["LEFT", "CROSS", "DELETE", "DISTINCT"].iter().any(|first| before.ends_with(first));
        !is_second
            && words.iter().any(|word| {
                after.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(', ',']))
            })
    };
    top.blanks.iter().copied().filter(|at| is_word(*at)).collect()
}

/// Breaks at these blanks: what is before the first, and the rest further to the right by `step`.
fn break_at(lines: &mut Vec<String>, indent: usize, text: &str, blanks: &[usize], step: usize) {
    let mut start = 0;
    for end in blanks.iter().copied().chain([text.len()]) {
        let part = text.get(start..end).unwrap_or_default().trim();
        let step = if start == 0 || part.starts_with("END") { 0 } else { step };
        lay_out(lines, indent + step, part);
        start = end;
    }
}

fn lay_out(lines: &mut Vec<String>, indent: usize, text: &str) {
    if indent + width(text) <= WIDTH {
        lines.push(format!("{}{text}", " ".repeat(indent)));
        return;
    }
    let top = TopLevel::of(text);
    let clauses = words_at(text, &top, CLAUSES);
    if !clauses.is_empty() {
        return break_at(lines, indent, text, &clauses, 0);
    }
    let behind_commas: Vec<usize> = top.commas.iter().map(|at| at + 1).filter(|at| top.blanks.contains(at)).collect();
    if !behind_commas.is_empty() {
        let step = if text.starts_with("SELECT ") { 2 } else { 0 };
        return break_at(lines, indent, text, &behind_commas, step);
    }
    for words in [BRANCHES, CONSEQUENCES, CONDITIONS] {
        let blanks = words_at(text, &top, words);
        if !blanks.is_empty() {
            return break_at(lines, indent, text, &blanks, 2);
        }
    }
    let widest =
        top.brackets.iter().copied().filter(|(open, close)| close - open > 1).max_by_key(|(open, close)| close - open);
    if let Some((open, close)) = widest
        && let (Some(head), Some(inner), Some(tail)) = (text.get(..=open), text.get(open + 1..close), text.get(close..))
    {
        lay_out(lines, indent, head);
        lay_out(lines, indent + 2, inner);
        return lay_out(lines, indent, tail);
    }
    let fitting = top.blanks.iter().copied().take_while(|at| indent + text.get(..*at).map_or(0, width) <= WIDTH);
    match fitting.last().or(top.blanks.first().copied()) {
        Some(at) => break_at(lines, indent, text, &[at], 2),
        None => lines.push(format!("{}{text}", " ".repeat(indent))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_fit_stay() {
        let text = "SELECT a FROM b;\n-- it's\n".to_owned();
        assert_eq!(laid_out(text.clone()), text);
    }

    #[test]
    fn long_lines_are_broken_by_structure() {
        let (a, b) = ("a".repeat(60), "b".repeat(60));
        let text = format!(
            "  SELECT \"{a}\" FROM t WHERE x = (1) AND y IN (SELECT \"{a}\" FROM u WHERE \"{b}\" = 1);\nEND;\n"
        );
        let expected = format!(
            "  SELECT \"{a}\"\n  FROM t\n  WHERE x = (1)\n    AND y IN (\n      SELECT \"{a}\"\n      FROM u\n      WHERE \"{b}\" = 1\n    );\nEND;\n"
        );
        assert_eq!(laid_out(text), expected);
    }

    #[test]
    fn quotes_hide_what_is_inside() {
        let literal = format!("'{} AND ('", "x ".repeat(80));
        assert_eq!(laid_out(format!("{literal}\n")), format!("{literal}\n"));
        let text = format!("f({literal}, 1)");
        assert_eq!(laid_out(text), format!("f(\n  {literal},\n  1\n)"));
        let with_break = format!("'{}\n{}', 'b c'\n", "a ".repeat(70), "b ".repeat(70));
        assert_eq!(laid_out(with_break.clone()), with_break);
    }
}
