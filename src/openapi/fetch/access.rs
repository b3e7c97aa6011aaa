use std::time::Duration;

use crate::config::References;

/// The maximum size of a document.
pub const MAX_BYTES: u64 = 100 * 1024 * 1024;

/// How documents are fetched.
#[derive(Debug, Clone)]
pub struct Access {
    /// Sent to the origin of the document only.
    pub headers: Vec<(String, String)>,
    /// The timeout of one request.
    pub timeout: Duration,
    pub references: References,
}
