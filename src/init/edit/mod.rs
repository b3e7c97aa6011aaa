//! How a file of a tool is changed.

pub mod javascript;
pub mod object;

#[derive(Debug, PartialEq, Eq)]
pub enum Edit {
    /// The file has the rule.
    None,
    /// The file's text with the rule.
    Text(String),
    /// The file is written in a way that can't be edited safely.
    ByHand,
}

/// The line ending that a text uses.
pub fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The new text of a file.
    pub fn edited(edit: Edit) -> String {
        match edit {
            Edit::Text(text) => Some(text),
            _ => None,
        }
        .unwrap()
    }
}
