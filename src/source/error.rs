/// Why a text can't be read.
#[derive(Debug)]
pub struct SyntaxError {
    pub message: String,
    /// Line and column, both from 1.
    pub position: (usize, usize),
}
