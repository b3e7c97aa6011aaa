use std::time::Duration;

use crate::config::References;

/// A document larger than this isn't read.
pub const MAX_BYTES: u64 = 100 * 1024 * 1024;

/// How documents are fetched.
#[derive(Debug, Clone)]
pub struct Access {
    /// Sent to the origin of the document, and to no other.
    pub headers: Vec<(String, String)>,
    /// For the whole of one request.
    pub timeout: Duration,
    pub references: References,
}
