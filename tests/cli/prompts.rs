//! `init` at a terminal: a real one, on which the questions are answered.

use std::fs;
use std::path::Path;
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};
use tempfile::TempDir;

use crate::home;

const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";

fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let document = home().join("fixtures/nested-paths/openapi.yaml");
    fs::copy(document, folder.path().join("openapi.yaml")).expect("a copy");
    folder
}

fn at_a_terminal(arguments: &[&str], folder: &Path) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-patterns"));
    command.args(arguments).current_dir(folder).env("TERM", "xterm").env_remove("GITHUB_ACTIONS");
    spawn_command(command, Some(20_000)).expect("a terminal")
}

fn press(session: &mut PtySession, keys: &str) {
    session.send(keys).expect("keys");
    session.flush().expect("keys");
}

#[test]
fn the_questions_are_answered() {
    let folder = project();
    let mut session = at_a_terminal(&["init"], folder.path());
    session.exp_string("OpenAPI document [./openapi.yaml]").expect("the document");
    press(&mut session, ENTER);
    session.exp_string("Folder to generate into [./src/generated]").expect("the folder");
    press(&mut session, &format!("app/client{ENTER}"));
    session.exp_string("Framework").expect("the framework");
    session.exp_string("none").expect("the last of the list");
    press(&mut session, &format!("{DOWN}{ENTER}"));
    session.exp_string("Local database").expect("the database");
    session.exp_string("sqlite").expect("the last of the list");
    press(&mut session, &format!("{DOWN}{ENTER}"));
    session.exp_string("Models to sync").expect("the models");
    session.exp_string("tasks_comments").expect("the last of the list");
    press(&mut session, &format!(" {DOWN}{DOWN} {ENTER}"));
    session.exp_string("Models whose writes are saved before the server answers").expect("the modes");
    session.exp_string("tasks").expect("the last of the list");
    press(&mut session, &format!("{DOWN} {ENTER}"));
    session.exp_string("2 of 4 models chosen").expect("the summary");
    session.exp_string("npm install --save-exact @sqlite.org/sqlite-wasm@").expect("the packages");
    session.exp_string("sync-patterns generate").expect("the next command");
    session.exp_eof().expect("the end");

    let config = fs::read_to_string(folder.path().join("sync-patterns.config.yaml")).expect("the config");
    for line in [
        "\nspec: ./openapi.yaml\n",
        "\noutput: app/client\n",
        "\nadapter: sqlite #",
        "\nframework: vue #",
        "\n  projects: { local_first: false } #",
        "\n  # projects_comments: ",
        "\n  tasks: { local_first: true } #",
        "\n  # tasks_comments: ",
    ] {
        assert!(config.contains(line), "{line:?} in\n{config}");
    }
}

/// What a flag says isn't asked for.
#[test]
fn flags_answer_questions() {
    let folder = project();
    let flags = ["--spec", "openapi.yaml", "--output", "out", "--framework", "none", "--adapter", "pglite"];
    let mut session = at_a_terminal(&[&["init"], &flags[..]].concat(), folder.path());
    let before = session.exp_string("Models to sync").expect("the models");
    assert!(!before.contains("OpenAPI") && !before.contains("Framework"), "{before}");
    session.exp_string("tasks_comments").expect("the last of the list");
    press(&mut session, ENTER);
    session.exp_string("0 of 4 models chosen").expect("the summary");
    session.exp_eof().expect("the end");

    let other = project();
    let mut session = at_a_terminal(&[&["init", "--model", "tasks"], &flags[..]].concat(), other.path());
    let all = session.exp_eof().expect("the end");
    assert!(all.contains("1 of 4 models chosen") && !all.contains("Models to sync"), "{all}");

    let third = project();
    let mut session = at_a_terminal(&["init", "--yes"], third.path());
    let all = session.exp_eof().expect("the end");
    assert!(all.contains("0 of 4 models chosen") && !all.contains("Models to sync"), "{all}");
}

/// Files of formatters and linters are edited where somebody says so.
#[test]
fn the_offer_to_edit_files_of_formatters() {
    let question = "Tell Prettier (.prettierignore) to leave the generated folder alone";
    for (answer, is_edited) in [("n", false), ("y", true)] {
        let folder = project();
        fs::write(folder.path().join("package.json"), r#"{ "devDependencies": { "prettier": "3" } }"#).expect("a file");
        let flags = ["init", "--spec", "openapi.yaml", "--output", "out", "--framework", "none", "--adapter", "pglite"];
        let mut session = at_a_terminal(&[&flags[..], &["--model", "tasks"]].concat(), folder.path());
        session.exp_string(question).expect("the offer");
        press(&mut session, &format!("{answer}{ENTER}"));
        session.exp_string("1 of 4 models chosen").expect("the summary");
        session.exp_eof().expect("the end");
        assert_eq!(folder.path().join(".prettierignore").exists(), is_edited);
    }
}

/// A model that the document chooses is chosen from the start, and who takes it away leaves it out.
#[test]
fn what_the_document_chooses_can_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(home().join("fixtures/contacts/openapi.yaml"), folder.path().join("openapi.yaml")).expect("a copy");
    let flags = ["--spec", "openapi.yaml", "--output", "out", "--framework", "none", "--adapter", "pglite"];
    let mut session = at_a_terminal(&[&["init"], &flags[..]].concat(), folder.path());
    session.exp_string("notes").expect("the last of the list");
    press(&mut session, &format!("{DOWN} {ENTER}"));
    session.exp_string("Models whose writes").expect("the modes");
    session.exp_string("contacts").expect("the only one");
    press(&mut session, ENTER);
    session.exp_string("1 of 2 models chosen").expect("the summary");
    session.exp_eof().expect("the end");
    let config = fs::read_to_string(folder.path().join("sync-patterns.config.yaml")).expect("the config");
    assert!(config.contains("\n  contacts: { local_first: true } #"), "{config}");
    assert!(config.contains("\n  notes: false #"), "{config}");
}

#[test]
fn stopping_writes_nothing_and_shows_the_cursor() {
    let folder = project();
    let mut session = at_a_terminal(&["init", "--spec", "openapi.yaml", "--output", "out"], folder.path());
    session.exp_string("\u{1b}[?25l").expect("the cursor is hidden");
    session.exp_string("Framework").expect("the framework");
    session.exp_string("none").expect("the last of the list");
    press(&mut session, "\u{3}");
    session.exp_string("\u{1b}[?25h").expect("the cursor is back");
    session.exp_eof().expect("the end");
    assert!(!folder.path().join("sync-patterns.config.yaml").exists());
}
