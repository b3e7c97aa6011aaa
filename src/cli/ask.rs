//! Asks questions at a terminal, on standard error.

use std::io::IsTerminal;

use anyhow::anyhow;
use dialoguer::console::Term;
use dialoguer::{Confirm, Input, MultiSelect, Select};

/// Whether there is a terminal to ask at.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Shows the cursor again when Ctrl-C ends the program: lists of choices hide it.
pub fn show_cursor_on_interrupt() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        let _ = Term::stderr().show_cursor();
        std::process::exit(INTERRUPTED);
    })?;
    Ok(())
}

/// The exit code of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

pub fn text(question: &str, default: Option<&str>) -> anyhow::Result<String> {
    let mut input = Input::<String>::new().with_prompt(question);
    if let Some(default) = default {
        input = input.default(default.to_owned());
    }
    answered(input.interact_text())
}

pub fn yes(question: &str) -> anyhow::Result<bool> {
    answered(Confirm::new().with_prompt(question).default(true).interact())
}

/// Returns the number of the choice.
pub fn choice(question: &str, choices: &[&str], default: usize) -> anyhow::Result<usize> {
    answered(Select::new().with_prompt(question).items(choices).default(default).interact())
}

/// Returns the numbers of the choices.
pub fn choices(question: &str, choices: &[(String, bool)]) -> anyhow::Result<Vec<usize>> {
    let question = format!("{question} (space chooses, a all, enter goes on)");
    answered(MultiSelect::new().with_prompt(question).items_checked(choices.iter().cloned()).interact())
}

fn answered<T>(answer: dialoguer::Result<T>) -> anyhow::Result<T> {
    answer.map_err(|error| {
        let dialoguer::Error::IO(error) = error;
        if error.kind() == std::io::ErrorKind::Interrupted {
            let _ = Term::stderr().show_cursor();
            std::process::exit(INTERRUPTED);
        }
        anyhow!(
            "can't ask at this terminal: {error}\n  help: answer with flags; `sync-patterns init --help` lists them"
        )
    })
}
