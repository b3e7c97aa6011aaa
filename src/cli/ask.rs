//! Asks questions at a terminal, on standard error.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

use anyhow::anyhow;
use dialoguer::console::Term;
use dialoguer::{MultiSelect, Select};

/// Whether there is a terminal to ask at.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Shows the cursor again when Ctrl-C ends the program: lists of choices hide it.
pub fn show_cursor_on_interrupt() -> anyhow::Result<()> {
    ctrlc::set_handler(|| cancel())?;
    Ok(())
}

/// The exit code of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

fn cancel() -> ! {
    let _ = Term::stderr().show_cursor();
    let _ = writeln!(anstream::stderr(), "\ncancelled: nothing was written");
    std::process::exit(INTERRUPTED);
}

/// Says something between the questions.
pub fn say(text: &str) -> io::Result<()> {
    writeln!(anstream::stderr(), "{text}")
}

/// A line, without the blanks and quotes around it. The end of the input cancels, as Ctrl-C does.
pub fn text(question: &str, default: Option<&str>) -> anyhow::Result<String> {
    loop {
        let usual = default.map_or_else(String::new, |default| format!(" [{default}]"));
        let mut out = anstream::stderr();
        write!(out, "{question}{usual}: ")?;
        out.flush()?;
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(0) => cancel(),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                say("that isn't UTF-8 text")?;
                continue;
            }
            Err(error) => return Err(unusable(&error)),
        }
        let answer = line.trim();
        let bare = ['"', '\''].iter().find_map(|quote| answer.strip_prefix(*quote)?.strip_suffix(*quote));
        match (bare.unwrap_or(answer), default) {
            ("", None) => {}
            ("", Some(default)) => return Ok(default.to_owned()),
            (answer, _) => return Ok(answer.to_owned()),
        }
    }
}

pub fn yes(question: &str, default: bool) -> anyhow::Result<bool> {
    let usual = if default { "Y/n" } else { "y/N" };
    loop {
        match text(question, Some(usual))?.to_ascii_lowercase().as_str() {
            "y/n" => return Ok(default),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => say("answer y or n")?,
        }
    }
}

/// Returns the number of the choice.
pub fn choice(question: &str, choices: &[&str], default: usize) -> anyhow::Result<usize> {
    answered(Select::new().with_prompt(question).items(choices).default(default).interact_opt())
}

/// Returns the numbers of the choices.
pub fn choices(question: &str, choices: &[(String, bool)]) -> anyhow::Result<Vec<usize>> {
    let question = format!("{question} (space chooses, a all, enter goes on)");
    answered(MultiSelect::new().with_prompt(question).items_checked(choices.iter().cloned()).interact_opt())
}

fn answered<T>(answer: dialoguer::Result<Option<T>>) -> anyhow::Result<T> {
    match answer {
        Ok(Some(answer)) => Ok(answer),
        // Escape.
        Ok(None) => cancel(),
        Err(dialoguer::Error::IO(error))
            if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::UnexpectedEof) =>
        {
            cancel()
        }
        Err(dialoguer::Error::IO(error)) => Err(unusable(&error)),
    }
}

fn unusable(error: &io::Error) -> anyhow::Error {
    anyhow!("can't ask at this terminal: {error}\n  help: answer with flags; `sync-patterns init --help` lists them")
}
