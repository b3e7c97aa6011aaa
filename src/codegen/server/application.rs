//! The module of the application that the server's code for a framework imports.

use crate::config::ServerConfig;

/// Its name beside the server's folder: `sync.server.js` for `src/server/sync`.
pub fn module(server: &ServerConfig) -> String {
    let folder = server.output.file_name().map_or_else(|| "sync".into(), |name| name.to_string_lossy());
    format!("{folder}.server.js")
}
