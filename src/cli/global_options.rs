//! Options of every command.

use clap::{Args, ValueEnum};

use crate::diagnostics::Format;

#[derive(Debug, Args)]
pub struct Global {
    /// Print warnings and errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// How to print messages [default: text, or github under GitHub Actions]
    #[arg(long, global = true, value_enum)]
    pub message_format: Option<Format>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl Global {
    /// How to print messages: as asked for, or as fits where the program runs.
    pub fn format(&self) -> Format {
        let under_github = || std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        self.message_format.unwrap_or_else(|| if under_github() { Format::Github } else { Format::Text })
    }
}
