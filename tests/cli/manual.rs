//! Completions, manual pages and help texts.

use std::process::Command;

use crate::cli::home;
use crate::support::binary::sync_patterns;

/// Every command, as `--help` lists them.
fn commands() -> Vec<String> {
    let help = sync_patterns(&["-h"], home()).stdout;
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    names.filter(|name| name != "help").collect()
}

#[test]
fn every_command_has_a_help_text_with_an_example() {
    let commands = commands();
    assert!(commands.iter().any(|name| name == "generate"), "{commands:?}");
    for command in &commands {
        let run = sync_patterns(&[command, "--help"], home());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let example = format!("  sync-patterns {command}");
        let (_, examples) = run.stdout.split_once("\nExample").unwrap_or_else(|| panic!("{command}: {}", run.stdout));
        assert!(examples.contains(&example), "{command}: {}", run.stdout);
        assert!(run.stdout.lines().all(|line| line.len() <= 100), "{command}: {}", run.stdout);
    }
}

#[test]
fn every_command_is_in_the_pages() {
    let page = std::fs::read_to_string(home().join("docs/cli.md")).expect("the page");
    let table = page.split("\n\n").find(|part| part.starts_with("| command |")).expect("the table");
    for command in commands() {
        let is_row =
            |line: &&str| line.trim_start_matches("| ").trim_start_matches('[').starts_with(&format!("`{command}"));
        let row = table.lines().find(is_row);
        assert!(row.is_some(), "{command} has no row in the table of commands");
    }
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = sync_patterns(&["completions", shell], home());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
        for command in commands() {
            assert!(run.stdout.contains(&command), "{shell} knows {command}");
        }
        assert!(run.stdout.contains("message-format"), "{shell} knows the options");
    }
    let unknown = sync_patterns(&["completions", "tcsh"], home());
    assert_eq!(unknown.code, 2);
}

/// Bash itself reads the script, and completes by it.
#[test]
fn bash_completes() {
    let script = sync_patterns(&["completions", "bash"], home()).stdout;
    let ask = "COMP_WORDS=(sync-patterns inspect --fo); COMP_CWORD=2; \
               _sync__patterns sync-patterns --fo inspect; echo \"${COMPREPLY[@]}\"";
    let run = Command::new("bash").args(["-c", &format!("{script}\n{ask}")]).output().expect("bash runs");
    let (answer, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert_eq!((answer.trim(), errors.as_ref()), ("--format", ""));
}

#[test]
fn manual_pages() {
    let program = sync_patterns(&["man"], home());
    assert_eq!((program.code, program.stderr.as_str()), (0, ""));
    assert!(program.stdout.contains(".TH sync-patterns 1"), "{}", program.stdout);
    for command in commands() {
        let page = sync_patterns(&["man", &command], home());
        assert_eq!((page.code, page.stderr.as_str()), (0, ""), "{command}");
        assert!(page.stdout.contains(&format!(".TH sync-patterns-{command} 1")), "{}", page.stdout);
        assert!(page.stdout.contains("message\\-format"), "{command} has the options that all have");
        let listed = format!("sync\\-patterns\\-{command}(1)");
        assert!(program.stdout.contains(&listed), "{command} is in the program's page");
    }
    let unknown = sync_patterns(&["man", "gnerate"], home());
    assert_eq!(unknown.code, 2);
    assert_eq!(unknown.stderr, "error: there is no command `gnerate`\n  help: did you mean `generate`?\n");
}
