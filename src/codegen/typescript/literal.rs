//! JSON values as text: in TypeScript, and in JSON files. Both break over lines as Prettier would leave them.

use crate::codegen::width::{WIDTH, width};
use crate::names::{json, ts};
use serde_json::{Map, Number, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    TypeScript,
    Json,
}

/// A string, number, boolean or null as a TypeScript literal; `null` for anything else.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => ts::string(text),
        Value::Number(number) => self::number(number),
        Value::Bool(value) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => "null".to_owned(),
    }
}

/// Without what JavaScript can do without: the zero of `1.0`, the sign of `1e+300`.
fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
        _ => number.to_string().replace("e+", "e"),
    }
}

impl Language {
    /// Lays out `value` from `column` on, in a line indented by `indent`, with `after` columns of text behind it.
    ///
    /// The text around it is the template's. Its width is given here because it decides whether the value breaks, and
    /// only who has the value knows where: the filter `fit` sees text, and would join objects that stay broken.
    pub fn text(self, value: &Value, indent: usize, column: usize, after: usize) -> String {
        let mut out = String::new();
        self.write(&mut out, value, indent, column, after);
        out
    }

    /// Lays out an array or an object over several lines, whatever its width.
    pub fn lines(self, value: &Value) -> String {
        let mut out = String::new();
        self.write_lines(&mut out, value, 0);
        out
    }

    fn write(self, out: &mut String, value: &Value, indent: usize, column: usize, after: usize) {
        let room = WIDTH.saturating_sub(column + after).max("[]".len());
        let start = out.len();
        if self.flat(out, value).is_none() || width(behind(out, start)) > room {
            out.truncate(start);
            self.write_lines(out, value, indent);
        }
    }

    fn write_lines(self, out: &mut String, value: &Value, indent: usize) {
        let end = if self == Self::TypeScript { "," } else { "" };
        let comma_behind = |index: usize, count: usize| if index + 1 < count { 1 } else { end.len() };
        match value {
            Value::Array(items) if items.len() > 1 && items.iter().all(Value::is_number) => {
                let items: Vec<String> = items.iter().map(|item| self.scalar(item)).collect();
                let lines = fill(&items, WIDTH.saturating_sub(indent + 2), end.len());
                block(out, ['[', ']'], indent, end, lines.iter(), |out, _, line| out.push_str(line));
            }
            Value::Array(items) => block(out, ['[', ']'], indent, end, items.iter(), |out, index, item| {
                self.write(out, item, indent + 2, indent + 2, comma_behind(index, items.len()));
            }),
            Value::Object(members) => {
                block(out, ['{', '}'], indent, end, members.iter(), |out, index, (name, value)| {
                    let key = self.key(name);
                    let column = indent + 2 + width(&key) + ": ".len();
                    out.extend([key.as_str(), ": "]);
                    self.write(out, value, indent + 2, column, comma_behind(index, members.len()));
                });
            }
            value => out.push_str(&self.scalar(value)),
        }
    }

    /// An object on one line of its own, indented by `indent` and with a comma behind it, or as `text` has it where that
    /// doesn't fit: for lists that read as a table.
    pub fn row(self, members: Vec<(&str, Value)>, indent: usize) -> String {
        let mut out = "{ ".to_owned();
        let is_flat = members.iter().enumerate().all(|(index, (name, value))| {
            out.push_str(if index == 0 { "" } else { ", " });
            self.flat_member(&mut out, name, value).is_some()
        });
        out.push_str(" }");
        if is_flat && indent + width(&out) + ",".len() <= WIDTH {
            return out;
        }
        let members: Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.text(&Value::Object(members), indent, indent, ",".len())
    }

    /// The value on one line. `None` where it has several: an object of several members, and a list of lists, whose
    /// differences read better then. What is in `out` behind its end is then of no use.
    fn flat(self, out: &mut String, value: &Value) -> Option<()> {
        match value {
            Value::Array(items) => {
                let is_matrix = items.iter().all(|item| item.as_array().is_some_and(|inner| inner.len() > 1));
                if is_matrix && items.len() > 1 {
                    return None;
                }
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    self.flat(out, item)?;
                }
                out.push(']');
            }
            Value::Object(members) if members.len() > 1 => return None,
            Value::Object(members) => match members.iter().next() {
                None => out.push_str("{}"),
                Some((name, value)) => {
                    out.push_str("{ ");
                    self.flat_member(out, name, value)?;
                    out.push_str(" }");
                }
            },
            value => out.push_str(&self.scalar(value)),
        }
        Some(())
    }

    fn flat_member(self, out: &mut String, name: &str, value: &Value) -> Option<()> {
        out.push_str(&self.key(name));
        out.push_str(": ");
        self.flat(out, value)
    }

    fn scalar(self, value: &Value) -> String {
        match self {
            Self::TypeScript => scalar(value),
            Self::Json if value.is_number() => scalar(value),
            Self::Json => value.as_str().map_or_else(|| value.to_string(), json::string),
        }
    }

    fn key(self, name: &str) -> String {
        match self {
            Self::TypeScript => ts::property_key(name),
            Self::Json => json::string(name),
        }
    }
}

/// What was written since `out` had a length.
fn behind(out: &str, start: usize) -> &str {
    out.get(start..).unwrap_or_default()
}

/// Items in brackets, each on lines of its own, with `end` behind the last.
fn block<T>(
    out: &mut String,
    [open, close]: [char; 2],
    indent: usize,
    end: &str,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, usize, T),
) {
    out.push(open);
    for (index, item) in items.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n(' ', indent + 2));
        write(out, index, item);
    }
    out.push_str(end);
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(close);
}

/// As many items to a line as fit into `room` with the comma behind them. `end`: the width of the last one's.
fn fill(items: &[String], room: usize, end: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let comma = if index + 1 < items.len() { 1 } else { end };
        match lines.last_mut() {
            Some(line) if width(line) + ", ".len() + width(item) + comma <= room => *line = format!("{line}, {item}"),
            _ => lines.push(item.clone()),
        }
    }
    lines
}
