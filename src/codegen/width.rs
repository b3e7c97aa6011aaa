//! The width that generated text keeps to.

use unicode_width::UnicodeWidthStr;

pub const WIDTH: usize = 120;

/// The columns that a text takes.
pub fn width(text: &str) -> usize {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain { text.len() } else { UnicodeWidthStr::width(text) }
}
