//! `init` finds a backend by its address, and has the development server reach it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::binary::{Run, sync_patterns};
use crate::support::project::SPEC;
use crate::support::web::{Answer, Server};

const VITE: &str = "import { defineConfig } from 'vite'\n\nexport default defineConfig({\n  plugins: [],\n})\n";

/// The worked example's, as a backend gives it.
fn document() -> String {
    serde_saphyr::from_str::<Value>(SPEC).expect("YAML").to_string()
}

/// A backend with its document where one framework has it, and a page for people everywhere else.
fn backend(place: &'static str) -> Server {
    let document = document();
    Server::start(move |request| match request.path.as_str() {
        path if path == place => Answer::ok("application/json", &document),
        "/" => Answer::ok("text/html", "<!doctype html>"),
        _ => Answer::status("404 Not Found"),
    })
}

fn address(server: &Server) -> String {
    server.url("").trim_start_matches("http://").to_owned()
}

fn init(folder: &Path, spec: &str, flags: &[&str]) -> Run {
    let run = sync_patterns(&[&["init", "--spec", spec], flags].concat(), folder);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("a file")
}

fn config(folder: &Path) -> String {
    text(folder, "sync-patterns.config.yaml")
}

#[test]
fn documents_are_found_where_frameworks_have_them() {
    for place in ["/openapi.json", "/v3/api-docs", "/swagger/v1/swagger.json", "/api/schema/"] {
        let server = backend(place);
        let folder = tempfile::tempdir().expect("a folder");
        init(folder.path(), &address(&server), &[]);
        let expected = format!("\nspec: {}\n", server.url(place));
        assert!(config(folder.path()).contains(&expected), "{}", config(folder.path()));
        assert!(config(folder.path()).contains(&format!("\napi_base_url: {}\n", server.url(""))));
    }
    // Below the path that was given, before those of the server.
    let server = backend("/crm/openapi.json");
    let folder = tempfile::tempdir().expect("a folder");
    init(folder.path(), &format!("{}/crm", address(&server)), &[]);
    assert!(config(folder.path()).contains(&format!("\nspec: {}\n", server.url("/crm/openapi.json"))));
}

#[test]
fn a_server_without_a_document() {
    let server = backend("/nowhere-usual.json");
    let folder = tempfile::tempdir().expect("a folder");
    let run = sync_patterns(&["init", "--spec", &address(&server)], folder.path());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    let expected = "is a web page, not an OpenAPI document, and none is where frameworks serve it (/openapi.json, ";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    assert!(run.stderr.contains("help: give the URL of the document itself"), "{}", run.stderr);
    let closed = sync_patterns(&["init", "--spec", "localhost:1"], folder.path());
    assert!(closed.stderr.contains("nothing answers at http://localhost:1/"), "{}", closed.stderr);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn nothing_is_edited_or_saved_without_being_told() {
    let server = backend("/openapi.json");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("vite.config.ts"), VITE).expect("a file");
    let run = init(folder.path(), &address(&server), &[]);
    assert!(run.stdout.contains("With `--dev-proxy`,\ninit lets Vite pass /api on to http://"), "{}", run.stdout);
    assert!(config(folder.path()).contains("\ntransport: electric #"), "{}", config(folder.path()));
    assert_eq!(text(folder.path(), "vite.config.ts"), VITE);
    assert!(!folder.path().join("openapi.json").exists());
    let other = tempfile::tempdir().expect("a folder");
    fs::write(other.path().join("vite.config.ts"), VITE).expect("a file");
    let run = init(other.path(), &address(&server), &["--no-dev-proxy"]);
    assert!(!run.stdout.contains("CORS"), "{}", run.stdout);
}

#[test]
fn by_flags_alone() {
    let server = backend("/openapi.json");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("vite.config.ts"), VITE).expect("a file");
    let flags =
        ["--transport", "rest", "--save-spec", "--dev-proxy", "--adapter", "sqlite", "--message-format", "json"];
    let told: Value = serde_json::from_str(&init(folder.path(), &address(&server), &flags).stdout).expect("JSON");
    assert_eq!(told["proxy"]["edited"], true);
    assert_eq!((&told["proxy"]["server"], &told["proxy"]["api_base_url"]), (&"vite".into(), &"/api".into()));
    assert_eq!(told["copy"], "openapi.json");
    let install = told["install"].as_str().expect("a command");
    assert!(!install.contains("electric"), "{install}");
    assert_eq!(text(folder.path(), "openapi.json"), document());
    let written = config(folder.path());
    for line in ["\nspec: ./openapi.json\n", "\ntransport: rest #", "\napi_base_url: /api\n"] {
        assert!(written.contains(line), "{line:?} in\n{written}");
    }
    let vite = text(folder.path(), "vite.config.ts");
    assert!(vite.contains("      '/api': {\n        target: 'http://127.0.0.1:"), "{vite}");
    // The copy suffices from now on.
    drop(server);
    assert_eq!(sync_patterns(&["generate"], folder.path()).code, 0);
}

/// What was there isn't overwritten by a copy, unless it is one.
#[test]
fn a_copy_overwrites_nothing() {
    let server = backend("/openapi.json");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("openapi.json"), "mine\n").expect("a file");
    let refused = sync_patterns(&["init", "--spec", &address(&server), "--save-spec"], folder.path());
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("openapi.json exists already, and isn't what http://"), "{}", refused.stderr);
    assert_eq!(text(folder.path(), "openapi.json"), "mine\n");
    fs::write(folder.path().join("openapi.json"), document()).expect("a file");
    init(folder.path(), &address(&server), &["--save-spec"]);
}

/// A config that isn't understood, and a server whose file can't be edited: the lines are printed.
#[test]
fn what_is_left_to_people() {
    let server = backend("/openapi.json");
    for (file, content) in [
        ("vite.config.ts", "export default mergeConfig(base, { plugins: [] });\n"),
        ("webpack.config.js", "module.exports = { mode: 'development' };\n"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(file), content).expect("a file");
        let run = init(folder.path(), &address(&server), &["--dev-proxy"]);
        assert!(run.stdout.contains(&format!("\nAdd these lines to {file}, so that ")), "{}", run.stdout);
        assert!(run.stdout.contains(&format!("target: \"{}\"", server.url(""))), "{}", run.stdout);
        assert_eq!(text(folder.path(), file), content);
        assert!(config(folder.path()).contains("\napi_base_url: /api\n"));
    }
}

/// The default is where the document says that the API is, in a file as well.
#[test]
fn the_base_url_of_a_file() {
    for (servers, expected) in [
        ("", "http://localhost:8000"),
        ("servers: [{ url: /v1 }]\n", "http://localhost:8000/v1"),
        ("servers: [{ url: 'https://api.example.org/v2/' }]\n", "https://api.example.org/v2"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("openapi.yaml"), format!("{servers}{SPEC}")).expect("a file");
        init(folder.path(), "openapi.yaml", &["--transport", "rest"]);
        let written = config(folder.path());
        assert!(written.contains(&format!("\napi_base_url: {expected}\n")), "{written}");
        assert!(!written.contains("electric_url"), "{written}");
    }
}

#[test]
fn what_cannot_be_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("openapi.yaml"), SPEC).expect("a file");
    let flags = ["init", "--spec", "openapi.yaml", "--collections", "electric", "--transport", "rest"];
    let run = sync_patterns(&flags, folder.path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("reads from Electric, and `--transport rest` from the API"), "{}", run.stderr);
    for pair in [["--dev-proxy", "--no-dev-proxy"], ["--save-spec", "--no-save-spec"]] {
        assert_eq!(sync_patterns(&[&["init", "--spec", "openapi.yaml"], &pair[..]].concat(), folder.path()).code, 2);
    }
}
