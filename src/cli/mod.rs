//! The command line.

mod check;
mod diff;
mod generate;
mod git;
mod inputs;
mod line_endings;
mod project;
mod report;
mod watch;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::diagnostics::Format;

/// Generates a local-first client from an OpenAPI document: SQL for an embedded database, TypeScript types, and
/// the code that syncs.
#[derive(Debug, Parser)]
#[command(name = "sync-patterns", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Args)]
struct Global {
    /// Print warnings and errors only
    #[arg(short, long, global = true)]
    quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// How problems are told [default: text, or github under GitHub Actions]
    #[arg(long, global = true, value_enum)]
    message_format: Option<Format>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the client into the output folder
    ///
    /// Only files that changed are written, files of ours that are no longer generated are removed, and files
    /// that sync-patterns didn't write are never touched.
    #[command(after_help = "Exit codes: 0 fine, 1 where --check finds differences, 2 could not.")]
    Generate(generate::Generate),
    /// Compare the files in the output folder with what would be generated, and write nothing
    ///
    /// Lists files that are changed, missing, or no longer generated, each with a diff from what is there to what
    /// should be.
    #[command(after_help = "Exit codes: 0 as generated, 1 something differs, 2 could not.")]
    Check(check::Check),
    /// Say what a change of the API does on users' devices
    ///
    /// Compares the models that the document gives now with those of an earlier schema.json: by default the one
    /// that was generated last, or that of a git revision (--base origin/main). Nothing is written.
    #[command(after_help = "Exit codes: 0 fine, 1 there are changes (with --exit-code), 2 could not.")]
    Diff(diff::Diff),
}

/// Runs a command. Exit codes: 0 fine, 1 what was compared differs, 2 could not.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.global.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let result = match &cli.command {
        Command::Generate(args) => generate::run(args, &cli.global),
        Command::Check(args) => check::run(args, &cli.global),
        Command::Diff(args) => diff::run(args, &cli.global),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even that can't be written, the exit code is all that is left to say.
            let _ = report::failure(&error, &cli.global);
            ExitCode::from(2)
        }
    }
}

/// Whoever read our output has seen enough: `… | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
