//! Prints completions for shells, and manual pages.

use std::io::Write;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::diagnostics::{all_of, closest};

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub struct Manual {
    /// The command, instead of the whole program
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub fn completions(args: &Completions, mut program: Command) -> anyhow::Result<ExitCode> {
    // Into memory first: the generator panics where a pipe is closed early.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "sync-patterns", &mut script);
    let mut script = String::from_utf8(script)?;
    if args.shell == Shell::Bash {
        // clap uses two names for the state of a program with a hyphen: https://github.com/clap-rs/clap/issues/6421.
        script = script.replace("sync__subcmd__patterns", "sync__patterns");
    }
    std::io::stdout().lock().write_all(script.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub fn page(args: &Manual, mut program: Command) -> anyhow::Result<ExitCode> {
    // Adds the global options to each command.
    program.build();
    let command = match &args.command {
        None => program,
        Some(name) => program.find_subcommand(name).cloned().ok_or_else(|| unknown(name, &program))?,
    };
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    std::io::stdout().lock().write_all(&page)?;
    Ok(ExitCode::SUCCESS)
}

fn unknown(name: &str, program: &Command) -> anyhow::Error {
    let known: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    let help = match closest(name, known.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("commands are {}", all_of(&known, 20)),
    };
    anyhow!("there is no command `{name}`\n  help: {help}")
}
