//! Prints aligned columns of text.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::diagnostics::clean;

/// A table for a terminal. Control characters are removed from cells: a name in a document can't move the cursor.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(header: &[&str]) -> Self {
        Self { header: header.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    pub fn headless() -> Self {
        Self::new(&[])
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    pub fn print(&self, out: &mut impl Write, indent: &str) -> io::Result<()> {
        let mut widths: Vec<usize> = Vec::new();
        for line in std::iter::once(&self.header).chain(&self.rows) {
            widths.resize(widths.len().max(line.len()), 0);
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.width());
            }
        }
        if !self.header.is_empty() {
            let dim = Style::new().dimmed();
            writeln!(out, "{indent}{dim}{}{dim:#}", padded(&self.header, &widths))?;
        }
        for row in &self.rows {
            writeln!(out, "{indent}{}", padded(row, &widths))?;
        }
        Ok(())
    }
}

/// Without spaces at the end of the line.
fn padded(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
    }
    line.trim_end().to_owned()
}

/// Text on one line, cut at a width.
pub fn cut(text: &str, width: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.width() <= width {
        return line;
    }
    let mut short = String::new();
    for character in line.chars() {
        if short.width() + 2 > width {
            break;
        }
        short.push(character);
    }
    format!("{}…", short.trim_end())
}
