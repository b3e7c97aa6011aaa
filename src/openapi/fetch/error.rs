use std::fmt;

/// Why a document can't be read, and what to do.
#[derive(Debug, Clone)]
pub struct ReadError {
    pub message: String,
    pub help: Option<String>,
    /// Whether a server has answered, and has no document there.
    pub is_answer: bool,
}

impl ReadError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, is_answer: false }
    }

    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub fn answered(self) -> Self {
        Self { is_answer: true, ..self }
    }
}

impl std::error::Error for ReadError {}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
    }
}
