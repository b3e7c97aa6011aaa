//! `init` at a terminal: a real one, on which the questions are answered.

use std::fs;
use std::path::Path;
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};
use tempfile::TempDir;

use crate::cli::home;
use crate::support::patience::PATIENCE;
use crate::support::web::{Answer, Server};

const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";

const DOCUMENT: &str = "openapi: 3.1.0
info: { title: x, version: '1' }
paths:
  /tasks:
    get: { responses: { 200: { description: '', content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Task' } } } } } } }
    post:
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/Task' } } } }
      responses: { 201: { description: '', content: { application/json: { schema: { $ref: '#/components/schemas/Task' } } } } }
components: { schemas: { Task: { type: object, required: [id], properties: { id: { type: string }, title: { type: string } } } } }
";

fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let document = home().join("fixtures/nested-paths/openapi.yaml");
    fs::copy(document, folder.path().join("openapi.yaml")).expect("a copy");
    folder
}

fn at_a_terminal(arguments: &[&str], folder: &Path) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-patterns"));
    command.args(arguments).current_dir(folder).env("TERM", "xterm").env_remove("GITHUB_ACTIONS");
    spawn_command(command, Some(PATIENCE.as_millis() as u64)).expect("a terminal")
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
    session.exp_string("How rows come in").expect("the transport");
    session.exp_string("electric: live, as they change; needs PostgreSQL").expect("the last of the list");
    press(&mut session, ENTER);
    session.exp_string("Local database").expect("the database");
    session.exp_string("indexeddb: the browser's own").expect("the last of the list");
    press(&mut session, &format!("{DOWN}{ENTER}"));
    session.exp_string("Framework").expect("the framework");
    session.exp_string("none").expect("the last of the list");
    press(&mut session, &format!("{DOWN}{ENTER}"));
    session.exp_string("Folder to generate into [./src/generated]").expect("the folder");
    press(&mut session, &format!("app/client{ENTER}"));
    session.exp_string("Where the API is, before the document's paths [http://localhost:8000]").expect("the API");
    press(&mut session, &format!("ftp://x{ENTER}"));
    session.exp_string("`ftp://x` isn't a URL").expect("an answer to it");
    session.exp_string("Where the API is").expect("the question again");
    press(&mut session, &format!("localhost:9000/v1{ENTER}"));
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
        "\ntransport: rest #",
        "\napi_base_url: http://localhost:9000/v1\n",
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
    let flags = [
        "--spec",
        "openapi.yaml",
        "--output",
        "out",
        "--framework",
        "none",
        "--adapter",
        "pglite",
        "--transport",
        "rest",
        "--api-base-url",
        "/api",
    ];
    let mut session = at_a_terminal(&[&["init"], &flags[..]].concat(), folder.path());
    let before = session.exp_string("Models to sync").expect("the models");
    assert!(!before.contains("OpenAPI") && !before.contains("Framework"), "{before}");
    session.exp_string("tasks_comments").expect("the last of the list");
    press(&mut session, ENTER);
    session.exp_string("No model is chosen: the space bar chooses. Go on without [y/N]").expect("the doubt");
    press(&mut session, ENTER);
    session.exp_string("tasks_comments").expect("the list again");
    press(&mut session, ENTER);
    session.exp_string("Go on without [y/N]").expect("the doubt");
    press(&mut session, &format!("perhaps{ENTER}"));
    session.exp_string("answer y or n").expect("an answer to it");
    press(&mut session, &format!("y{ENTER}"));
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
        let flags = [
            "init",
            "--spec",
            "openapi.yaml",
            "--output",
            "out",
            "--framework",
            "none",
            "--adapter",
            "pglite",
            "--transport",
            "rest",
            "--api-base-url",
            "/api",
        ];
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
    let flags = [
        "--spec",
        "openapi.yaml",
        "--output",
        "out",
        "--framework",
        "none",
        "--adapter",
        "pglite",
        "--transport",
        "rest",
        "--api-base-url",
        "/api",
    ];
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

/// What `init` says after the key at the first question of each kind, and that it has written nothing.
fn cancelled(folder: &Path, flags: &[&str], question: &str, key: &str) {
    let mut session = at_a_terminal(&[&["init"], flags].concat(), folder);
    session.exp_string(question).expect("the question");
    press(&mut session, key);
    session.exp_string("cancelled: nothing was written").expect("the last line");
    session.exp_eof().expect("the end");
    let status = format!("{:?}", session.process().wait().expect("its end"));
    assert!(status.starts_with("Exited(") && status.ends_with(", 130)"), "{status}");
}

#[test]
fn cancelling_writes_nothing() {
    let server = Server::start(|_| Answer::ok("application/yaml", DOCUMENT));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("package.json"), r#"{ "devDependencies": { "vite": "8", "prettier": "3" } }"#)
        .expect("a file");
    let before = fs::read_dir(folder.path()).expect("the folder").count();
    let url = server.url("");
    let all = ["--spec", &url, "--framework", "none", "--adapter", "pglite", "--transport", "rest", "--output", "out"];
    let all = [&all[..], &["--model", "tasks"]].concat();
    let (control_c, control_d, escape) = ("\u{3}", "\u{4}", "\u{1b}");
    for key in [control_c, control_d] {
        cancelled(folder.path(), &[], "OpenAPI document", key);
        cancelled(folder.path(), &all, "Save a copy as openapi.yaml, for CI", key);
        cancelled(folder.path(), &[&all[..], &["--save-spec"]].concat(), "so that the API needs no CORS [Y/n]", key);
        let flags = [&all[..], &["--save-spec", "--dev-proxy"]].concat();
        cancelled(folder.path(), &flags, "leave the generated folder alone [Y/n]", key);
    }
    for key in [control_c, escape] {
        cancelled(folder.path(), &["--spec", &url, "--no-save-spec"], "electric: live", key);
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), before, "nothing is there that wasn't");
}

/// A document that isn't there, one without models, and one that isn't any are asked for again.
#[test]
fn a_wrong_answer_is_asked_for_again() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("empty.json"), r#"{"openapi":"3.1.0","paths":{"/a":{}}}"#).expect("a file");
    fs::write(folder.path().join("broken.json"), "{").expect("a file");
    fs::write(folder.path().join("tasks.yaml"), DOCUMENT).expect("a file");
    let mut session = at_a_terminal(&["init"], folder.path());
    let question = "OpenAPI document (a file, or where the backend runs, such as localhost:8000): ";
    for (answer, said) in [
        ("", ""),
        ("nowhere.json", "can't read the OpenAPI document nowhere.json"),
        ("empty.json", "no models were found in empty.json"),
        ("broken.json", "1 error, nothing was written"),
        ("localhost:1", "nothing answers at http://localhost:1/"),
    ] {
        session.exp_string(question).expect("the question");
        press(&mut session, &format!("{answer}{ENTER}"));
        session.exp_string(said).expect("what is wrong");
    }
    session.exp_string(question).expect("the question");
    // As it is pasted from a file of Windows, and from an explorer.
    press(&mut session, "  \"tasks.yaml\"  \r");
    session.exp_string("How rows come in").expect("the next question");
    press(&mut session, "\u{3}");
    session.exp_eof().expect("the end");
}

/// From the address of a server to a config: the document is found, copied, and reached through the proxy.
#[test]
fn a_backend_that_runs() {
    let server = Server::start(|request| match request.path.as_str() {
        "/v3/api-docs" => Answer::ok("application/yaml", DOCUMENT),
        "/" => Answer::ok("text/html", "<html>"),
        _ => Answer::status("404 Not Found"),
    });
    let folder = tempfile::tempdir().expect("a folder");
    let address = server.url("").replace("http://", "");
    let vite = "export default defineConfig({\n  plugins: [vue()],\n})\n";
    fs::write(folder.path().join("vite.config.ts"), vite).expect("a file");
    let flags = ["--framework", "none", "--adapter", "sqlite", "--output", "out", "--model", "tasks=optimistic"];
    let mut session = at_a_terminal(&[&["init"], &flags[..]].concat(), folder.path());
    session.exp_string("OpenAPI document").expect("the document");
    press(&mut session, &format!("{address}{ENTER}"));
    session.exp_string("Save a copy as openapi.yaml").expect("the offer of a copy");
    press(&mut session, ENTER);
    session.exp_string("How rows come in").expect("the transport");
    session.exp_string("push-pull").expect("the last of the list");
    press(&mut session, ENTER);
    session.exp_string("+  server: {").expect("the change");
    let offer = format!("Let Vite's development server pass /api on to {}, as above", server.url(""));
    session.exp_string(&offer).expect("the offer of a proxy");
    press(&mut session, ENTER);
    session.exp_string("1 of 1 model chosen").expect("the summary");
    session.exp_string("vite.config.ts is edited").expect("the edit");
    session.exp_eof().expect("the end");

    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
    assert_eq!(read("openapi.yaml"), DOCUMENT);
    let url = server.url("/v3/api-docs");
    let config = read("sync-patterns.config.yaml");
    for line in [
        &format!(
            "\n# A copy of {url}. After the API has changed: curl -o ./openapi.yaml '{url}'\nspec: ./openapi.yaml\n"
        ),
        "\ntransport: rest #",
        &format!("\n# The development server passes /api on to {};", server.url("")),
        "\napi_base_url: /api\n",
        "\n  tasks: { local_first: true } #",
    ] {
        assert!(config.contains(line), "{line:?} in\n{config}");
    }
    assert!(!config.contains("electric_url"), "{config}");
    assert!(read("vite.config.ts").ends_with("  plugins: [vue()],\n})\n"));
    assert!(read("vite.config.ts").contains(&format!("target: \"{}\",", server.url(""))));
}

#[test]
fn stopping_writes_nothing_and_shows_the_cursor() {
    let folder = project();
    let mut session = at_a_terminal(&["init", "--spec", "openapi.yaml", "--output", "out"], folder.path());
    session.exp_string("\u{1b}[?25l").expect("the cursor is hidden");
    session.exp_string("How rows come in").expect("the transport");
    session.exp_string("push-pull").expect("the last of the list");
    press(&mut session, "\u{3}");
    session.exp_string("\u{1b}[?25h").expect("the cursor is back");
    session.exp_eof().expect("the end");
    assert!(!folder.path().join("sync-patterns.config.yaml").exists());
}
