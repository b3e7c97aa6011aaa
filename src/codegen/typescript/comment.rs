//! Descriptions as `/** */` comments.

use crate::codegen::width::{WIDTH, width};
use crate::names::ts::comment_lines;

/// The text of one comment, before it has a place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Comment {
    lines: Vec<String>,
    tags: Vec<&'static str>,
}

impl Comment {
    pub fn new(text: Option<&str>, deprecated: bool) -> Self {
        Self {
            lines: text.map(comment_lines).unwrap_or_default(),
            tags: if deprecated { vec!["@deprecated"] } else { Vec::new() },
        }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.tags.is_empty()
    }

    /// The comment as whole lines, `indent` spaces from the left; empty where there is nothing to say.
    pub fn text(&self, indent: usize) -> String {
        let margin = " ".repeat(indent);
        let room = WIDTH.saturating_sub(indent + " * ".len());
        let prose = self.lines.iter().flat_map(|line| wrap(line, room)).map(without_tag);
        let lines: Vec<String> = prose.chain(self.tags.iter().map(|tag| (*tag).to_owned())).collect();
        match lines.as_slice() {
            [] => String::new(),
            [line] if indent + "/**  */".len() + width(line.trim()) <= WIDTH => {
                format!("{margin}/** {} */\n", line.trim())
            }
            lines => {
                let body: String =
                    lines.iter().map(|line| format!("{margin} * {line}").trim_end().to_owned() + "\n").collect();
                format!("{margin}/**\n{body}{margin} */\n")
            }
        }
    }
}

/// A description can't speak to tools: `@ts-expect-error` at the start of a line would be an instruction.
fn without_tag(line: String) -> String {
    let text = line.trim_start();
    match line.strip_suffix(text) {
        Some(margin) if text.starts_with('@') => format!("{margin}\\{text}"),
        _ => line,
    }
}

/// Breaks a line between words where it is longer than `room`; what follows keeps its indentation.
fn wrap(line: &str, room: usize) -> Vec<String> {
    if width(line) <= room {
        return vec![line.to_owned()];
    }
    let margin = line.strip_suffix(line.trim_start()).unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    let mut current = margin.to_owned();
    for word in line.split_whitespace() {
        let is_first = current.len() == margin.len();
        if !is_first && width(&current) + 1 + width(word) > room {
            lines.push(std::mem::replace(&mut current, margin.to_owned()));
        } else if !is_first {
            current.push(' ');
        }
        current.push_str(word);
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, indent: usize) -> String {
        Comment::new(Some(text), false).text(indent)
    }

    #[test]
    fn short_text_takes_one_line() {
        assert_eq!(text("Given name.\n", 2), "  /** Given name. */\n");
        assert_eq!(Comment::new(None, true).text(0), "/** @deprecated */\n");
        assert_eq!(text(" \r\n ", 0), "");
    }

    #[test]
    fn long_text_is_wrapped_and_keeps_its_lines() {
        let wrapped = text(&format!("{}\r\n\r\n  - item {}", "word ".repeat(30), "more ".repeat(30)), 2);
        assert!(wrapped.lines().all(|line| line.len() <= WIDTH), "{wrapped}");
        assert!(wrapped.contains("\n   *\n   *   - item more"), "{wrapped}");
        assert!(wrapped.contains("\n   *   more"), "{wrapped}");
    }

    #[test]
    fn descriptions_give_no_instructions() {
        assert_eq!(text("@ts-expect-error", 0), "/** \\@ts-expect-error */\n");
        assert_eq!(text("a */ b", 0), "/** a *\\/ b */\n");
    }
}
