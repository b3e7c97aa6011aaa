//! How the program was started.

/// Set by the npm package's launcher: `npx sync-patterns`, for instance.
const VARIABLE: &str = "SYNC_PATTERNS_COMMAND";

/// What the user types to start the program.
pub fn command() -> String {
    let is_typed = |command: &String| !command.trim().is_empty() && !command.chars().any(char::is_control);
    std::env::var(VARIABLE).ok().filter(is_typed).unwrap_or_else(|| "sync-patterns".to_owned())
}
