//! The command line.

mod ask;
mod base;
mod check;
mod diff;
mod generate;
mod git;
mod global_options;
mod ignore_files;
mod init;
mod inputs;
mod inspect;
mod invocation;
mod line_endings;
mod loading;
mod manual;
mod migrate;
mod project;
mod report;
mod schema;
mod target;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use global_options::{Color, Global};

const FIRST_STEPS: &str = "First steps:
  sync-patterns init          write a config for your backend's document
  sync-patterns inspect       see how the document is understood
  sync-patterns generate      write the client";

/// Generates a local-first client from an OpenAPI document: SQL for an embedded database, TypeScript types, and
/// the code that syncs.
#[derive(Debug, Parser)]
#[command(name = "sync-patterns", version, max_term_width = 100, after_help = FIRST_STEPS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the client into the output folder
    ///
    /// Writes only files that changed, removes its own files that are no longer generated, and never touches a file
    /// that it hasn't written.
    #[command(after_help = "Examples:
  sync-patterns generate                          as sync-patterns.config.yaml says
  sync-patterns generate --dry-run                what would be written
  sync-patterns generate --watch                  again when an input changes
  sync-patterns generate --spec openapi.json --output src/generated --all

Exit codes: 0 fine, 1 --check has found differences, 2 failed.")]
    Generate(generate::Generate),
    /// Compare the files in the output folder with what would be generated, and write nothing
    ///
    /// Lists files that are changed, missing, or no longer generated, each with a diff from the file to what it should
    /// be.
    #[command(after_help = "Example:
  sync-patterns check

Exit codes: 0 no differences, 1 differences, 2 failed.")]
    Check(check::Check),
    /// Say what a change of the API does on users' devices
    ///
    /// Compares the models of the document with those of an earlier schema.json: by default the one in the output
    /// folder, or that of a git revision (--base origin/main). Writes nothing.
    #[command(after_help = "Examples:
  sync-patterns diff                              what generating now would change
  sync-patterns diff --base origin/main --format markdown

Exit codes: 0 fine, 1 there are changes (with --exit-code), 2 failed.")]
    Diff(diff::Diff),
    /// Print the SQL that takes the sync server's tables to a new schema
    ///
    /// Prints what `schema.sql` doesn't do by itself. What loses data, or waits for a value or a decision, is commented out,
    /// with what it does to rows and to older clients.
    #[command(after_help = "Examples:
  sync-patterns migrate --from v1.4.0 > migration.sql
  sync-patterns migrate --from deployed.json      a schema.json that was kept

Exit codes: 0 fine, 2 failed.")]
    Migrate(migrate::Migrate),
    /// Write a config, with the models that are found in the document
    ///
    /// At a terminal, asks for what the flags don't say. Never overwrites a config. Prints which packages the generated
    /// client needs, and what to run next.
    #[command(
        mut_arg("config", |arg| arg.help("The config to write")),
        mut_arg("spec", |arg| arg.help("The OpenAPI document: a file, a URL, the address of a server (localhost:8000), or - for standard input")),
        mut_arg("output", |arg| arg.help("The folder to generate into [default: ./src/generated]")),
        mut_arg("adapter", |arg| arg.help("The local database [default: pglite]")),
        mut_arg("spec_refs", |arg| arg.help("Which other files the document may refer to [default: folder]")),
        after_help = "Examples:
  sync-patterns init                              asks
  sync-patterns init --spec openapi.json --model contacts=optimistic --model notes
  sync-patterns init --spec localhost:8000 --transport rest --all --dev-proxy
  sync-patterns init --spec openapi.json --all --framework vue --adapter sqlite
  sync-patterns init --ignore-files               later, for formatters and linters alone

Exit codes: 0 fine, 2 failed, nothing was written."
    )]
    Init(init::Init),
    /// Show how the document is understood
    ///
    /// Shows every model that is found, chosen or not, and what is left out, with the reason. With a model's name, shows
    /// that model in full: its fields with their types in the database and in TypeScript, its endpoints, how its writes
    /// are settled, what had to be guessed, and what the backend could add. Writes nothing.
    #[command(mut_arg("output", |arg| arg.hide(true)), after_help = "Examples:
  sync-patterns inspect                           every model
  sync-patterns inspect contacts                  one in full
  sync-patterns inspect --spec openapi.json       without a config
  sync-patterns inspect --format json | jq .models[].name
  sync-patterns inspect contacts --view           the data for templates of your own

Exit codes: 0 fine, 2 the document or the config has errors.")]
    Inspect(inspect::Inspect),
    /// Print the JSON schema of the config, for editors
    #[command(after_help = "Example:
  sync-patterns schema > sync-patterns.schema.json

and as the first line of the config, for editors with the YAML language server:
  # yaml-language-server: $schema=./sync-patterns.schema.json")]
    Schema,
    /// Print a script that completes commands and options in a shell
    #[command(after_help = "Examples:
  sync-patterns completions bash > ~/.local/share/bash-completion/completions/sync-patterns
  sync-patterns completions zsh > \"${fpath[1]}/_sync-patterns\"
  sync-patterns completions fish > ~/.config/fish/completions/sync-patterns.fish
  sync-patterns completions powershell >> $PROFILE")]
    Completions(manual::Completions),
    /// Print a manual page
    #[command(after_help = "Examples:
  sync-patterns man > ~/.local/share/man/man1/sync-patterns.1
  sync-patterns man generate > ~/.local/share/man/man1/sync-patterns-generate.1")]
    Man(manual::Manual),
}

/// Runs a command. Exit codes: 0 fine, 1 differences were found, 2 failed.
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
        Command::Init(args) => init::run(args, &cli.global),
        Command::Inspect(args) => inspect::run(args, &cli.global),
        Command::Schema => schema::run(),
        Command::Completions(args) => manual::completions(args, Cli::command()),
        Command::Man(args) => manual::page(args, Cli::command()),
        Command::Diff(args) => diff::run(args, &cli.global),
        Command::Migrate(args) => migrate::run(args, &cli.global),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If the message can't be written either, the exit code has to do.
            let _ = report::failure(&error, &cli.global);
            ExitCode::from(2)
        }
    }
}

/// Whether the reader of our output has closed it: `… | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
