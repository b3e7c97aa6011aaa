//! How long tests wait for what is to come.

use std::time::Duration;

/// Generous, as `until` of the client's suites: on a busy machine, what takes a second may take a minute.
pub const PATIENCE: Duration = Duration::from_secs(240);
