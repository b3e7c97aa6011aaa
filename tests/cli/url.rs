//! A document at a URL.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::support::binary::{Run, sync_patterns};
use crate::support::web::{Answer, Server};

const SPEC: &str = include_str!("../../fixtures/contacts/openapi.yaml");
const HOME: &str = env!("CARGO_MANIFEST_DIR");

fn contacts() -> Server {
    Server::start(|_| Answer::ok("application/yaml", SPEC))
}

/// A run that needs no config.
fn generate(url: &str, more: &[&str]) -> Run {
    let arguments = [&["generate", "--output", "out", "--stdout", "--spec", url], more].concat();
    sync_patterns(&arguments, tempfile::tempdir().expect("a folder").path())
}

/// What is said of a run that fails.
fn failure(url: &str, more: &[&str]) -> String {
    let run = generate(url, more);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    run.stderr
}

#[test]
fn the_same_files_as_from_a_file() {
    let folder = Path::new(HOME).join("fixtures/contacts");
    let from_file = sync_patterns(&["generate", "--spec", "openapi.yaml", "--output", "out", "--stdout"], &folder);
    let server = contacts();
    let from_url = generate(&server.url("/openapi.yaml"), &[]);
    assert_eq!((from_url.code, from_url.stderr.as_str()), (0, ""));
    assert_eq!(from_url.stdout, from_file.stdout);
    // The name says nothing of the syntax, and `localhost` may be another address first.
    let url = server.url("/docs?format=openapi").replace("127.0.0.1", "localhost");
    assert_eq!(generate(&url, &[]).stdout, from_file.stdout);
}

#[test]
fn problems_name_the_url_and_the_line_and_no_password() {
    let broken = Server::start(|_| Answer::ok("application/json", "{\n  \"openapi\": \"3.0.0\",\n"));
    let stderr = failure(&broken.url("/openapi.json").replace("http://", "http://me:secret@"), &[]);
    assert!(stderr.contains(&format!("--> {}:", broken.url("/openapi.json"))), "{stderr}");
    assert!(!stderr.contains("secret"), "{stderr}");
}

#[test]
fn headers_from_the_command_line_and_from_the_config() {
    let server = Server::start(|request| {
        let is_known =
            request.header("authorization") == Some("Bearer t0ken") && request.header("x-tenant") == Some("7");
        if is_known { Answer::ok("application/yaml", SPEC) } else { Answer::status("401 Unauthorized") }
    });
    let url = server.url("/openapi.yaml");
    let stderr = failure(&url, &[]);
    assert!(stderr.contains("answers 401 Unauthorized") && stderr.contains("--header 'Authorization:"), "{stderr}");
    let run = generate(&url, &["--header", "Authorization: Bearer t0ken", "--header", "x-tenant: 7"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let wrong = generate(&url, &["--header", "Authorization"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("Name: value"), "{}", wrong.stderr);

    let folder = tempfile::tempdir().expect("a folder");
    let config = format!(
        "version: 1\nspec: {url}\noutput: out\nspec_headers:\n  Authorization: Bearer ${{TEST_TOKEN}}\n  X-Tenant: '8'\n"
    );
    std::fs::write(folder.path().join("sync-patterns.config.yaml"), config).expect("a config");
    let run = |token: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-patterns"));
        command.args(["generate", "--header", "x-tenant: 7"]).current_dir(&folder).env_remove("GITHUB_ACTIONS");
        match token {
            Some(token) => command.env("TEST_TOKEN", token),
            None => command.env_remove("TEST_TOKEN"),
        };
        let output = command.output().expect("a run");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (code, stderr) = run(None);
    assert_eq!(code, Some(2));
    let place = "--> sync-patterns.config.yaml:5:3 (/spec_headers/Authorization)";
    assert!(stderr.contains("no variable `TEST_TOKEN`") && stderr.contains(place), "{stderr}");
    assert_eq!(run(Some("t0ken")), (Some(0), String::new()), "the command line goes before the config");
    let (code, stderr) = run(Some("sec\nret"));
    assert!(code == Some(2) && stderr.contains("line break") && !stderr.contains("ret\n"), "{stderr}");
    // The config's headers are for the config's document.
    let elsewhere = Server::start(|request| {
        assert_eq!(request.header("authorization"), None);
        Answer::ok("application/yaml", SPEC)
    });
    let other = sync_patterns(&["generate", "--spec", &elsewhere.url("/")], folder.path());
    assert_eq!(other.code, 0, "{}", other.stderr);
}

#[test]
fn a_server_that_is_down() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let stderr = failure(&format!("http://127.0.0.1:{port}/openapi.json"), &[]);
    assert!(stderr.contains("the connection was refused") && stderr.contains("is the server running?"), "{stderr}");
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!("version: 1\nspec: http://localhost:{port}/openapi.json\noutput: out\nadaptor: x\n");
    std::fs::write(folder.path().join("sync-patterns.config.yaml"), config).expect("a config");
    let run = sync_patterns(&["generate"], folder.path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--> sync-patterns.config.yaml:2:1 (/spec)\n  help: is the server"), "{}", run.stderr);
    assert!(run.stderr.contains("unknown key `adaptor`"), "the config's other problems too: {}", run.stderr);
}

#[test]
fn answers_that_are_no_document() {
    let server = Server::start(|request| match request.path.as_str() {
        "/missing" => Answer::status("404 Not Found"),
        "/broken" => Answer::status("500 Internal Server Error"),
        "/docs" => Answer::ok("text/html; charset=utf-8", "<!doctype html><title>API</title>"),
        "/login" => Answer::ok("application/json", "\n <html>"),
        "/empty" => Answer::ok("application/json", ""),
        _ => Answer::ok("application/json", "{\"detail\": \"fine\"}"),
    });
    for (path, expected) in [
        ("/missing", "answers 404 Not Found"),
        ("/broken", "answers 500 Internal Server Error"),
        ("/docs", "is a web page, not an OpenAPI document"),
        ("/login", "is a web page, not an OpenAPI document"),
        ("/empty", "the file is empty"),
        ("/health", "not an OpenAPI document: it has neither `openapi` nor `swagger`"),
    ] {
        let stderr = failure(&server.url(path), &[]);
        assert!(
            stderr.contains(expected) && stderr.contains("help: ") && stderr.contains(path),
            "{expected}: {stderr}"
        );
    }
    let stderr = failure("http://", &[]);
    assert!(stderr.contains("`http://` isn't a URL"), "{stderr}");
}

#[test]
fn redirects_stay_within_the_origin() {
    let other = Server::start(|request| {
        assert_eq!(request.header("x-api-key"), None, "a key went to another server");
        Answer::ok("application/yaml", SPEC)
    });
    let elsewhere = other.url("/openapi.yaml");
    let server = Server::start(move |request| match request.path.as_str() {
        "/openapi" => Answer::redirect("/v1/openapi.yaml"),
        "/v1/openapi.yaml" => Answer::ok("application/yaml", SPEC),
        "/circle" => Answer::redirect("circle"),
        _ => Answer::redirect(&elsewhere),
    });
    let key = ["--header", "X-Api-Key: secret"];
    assert_eq!(generate(&server.url("/openapi"), &key).code, 0);
    let stderr = failure(&server.url("/away"), &key);
    assert!(stderr.contains(&format!("redirects to {}", other.url("/openapi.yaml"))), "{stderr}");
    assert!(stderr.contains("help: give that URL instead"), "{stderr}");
    assert!(other.paths().is_empty(), "nothing was asked there");
    assert!(failure(&server.url("/circle"), &key).contains("redirects too often"));
}

#[test]
fn a_server_that_takes_too_long_or_says_too_much() {
    // Takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/openapi.json", silent.local_addr().expect("an address"));
    let stderr = failure(&url, &["--timeout", "1"]);
    assert!(stderr.contains("took longer than 1 s") && stderr.contains("--timeout"), "{stderr}");
    let large = Server::start(|_| Answer("200 OK", Vec::new(), vec![b' '; 101 * 1024 * 1024]));
    let stderr = failure(&large.url("/openapi.json"), &[]);
    assert!(stderr.contains("answers with more than 100 MB"), "{stderr}");
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_this_machine() {
    let server = contacts();
    let output = Command::new(env!("CARGO_BIN_EXE_sync-patterns"))
        .args(["generate", "--output", "out", "--stdout", "--spec", &server.url("/openapi.yaml")])
        .envs([
            ("http_proxy", "http://127.0.0.1:1"),
            ("HTTP_PROXY", "http://127.0.0.1:1"),
            ("ALL_PROXY", "http://127.0.0.1:1"),
        ])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .expect("a run");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
