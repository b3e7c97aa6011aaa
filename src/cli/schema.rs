use std::io::Write;
use std::process::ExitCode;

/// The config's JSON schema.
const SCHEMA: &str = include_str!("../../templates/config/schema.json");

pub fn run() -> anyhow::Result<ExitCode> {
    std::io::stdout().lock().write_all(SCHEMA.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
