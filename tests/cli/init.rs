//! What `init` writes where nobody is asked.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::cli::home;
use crate::support::binary::{sync_patterns, sync_patterns_with_input};
use crate::support::web::{Answer, Server};

const CONFIG: &str = "sync-patterns.config.yaml";

/// A folder with a fixture's document.
fn project(fixture: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let document = home().join("fixtures").join(fixture).join("openapi.yaml");
    fs::copy(document, folder.path().join("openapi.yaml")).expect("a copy");
    folder
}

fn config(folder: &Path) -> String {
    fs::read_to_string(folder.join(CONFIG)).expect("the config")
}

/// The names of the models that `generate` makes.
fn generated(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let run = sync_patterns(&[&["generate", "--message-format", "json"], arguments].concat(), folder);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).expect("a summary");
    summary["models"].as_array().expect("models").iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_config_by_flags_alone() {
    let folder = project("nested-paths");
    let arguments = [
        "init",
        "--spec",
        "openapi.yaml",
        "--output",
        "./src/client",
        "--adapter",
        "sqlite",
        "--framework",
        "vue",
        "--model",
        "projects=optimistic",
        "--model",
        "tasks",
        "--database",
        "my app",
        "--electric-url",
        "/electric",
        "--api-base-url",
        "https://example.org",
    ];
    let run = sync_patterns(&arguments, folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("by_flags", config(folder.path()));
    insta::assert_snapshot!("by_flags_told", run.stdout);
    assert_eq!(generated(folder.path(), &[]), ["projects", "tasks"]);
    assert!(folder.path().join("src/client/db/collection/hooks/use-row.ts").exists());
}

/// The sync server is generated beside the client, and its packages are named.
#[test]
fn with_a_sync_server() {
    let folder = project("nested-paths");
    let run = sync_patterns(
        &["init", "--spec", "openapi.yaml", "--transport", "push-pull", "--model", "projects"],
        folder.path(),
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains(" zod@") && run.stdout.contains(" pg@"), "{}", run.stdout);
    let text = config(folder.path());
    assert!(text.contains("\ntransport: push-pull #"), "{text}");
    assert!(text.contains("\nserver:\n  output: ./src/server/sync\n"), "{text}");
    assert_eq!(generated(folder.path(), &[]), ["projects"]);
    assert!(folder.path().join("src/server/sync/schema.sql").exists());
    assert!(!folder.path().join("src/server/sync/tanstack-start.ts").exists());
    assert!(folder.path().join("src/generated/db/transport/push-pull/push.ts").exists());
}

/// In an application of TanStack Start, the server is a part of it.
#[test]
fn with_a_sync_server_in_tanstack_start() {
    let folder = project("nested-paths");
    let packages = r#"{ "dependencies": { "@tanstack/react-start": "1.169.5" } }"#;
    fs::write(folder.path().join("package.json"), packages).expect("a file");
    fs::write(folder.path().join("vite.config.ts"), "export default { plugins: [] };\n").expect("a file");
    let run = sync_patterns(
        &["init", "--spec", "openapi.yaml", "--transport", "push-pull", "--model", "projects"],
        folder.path(),
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(!run.stdout.contains("CORS"), "no other server is asked: {}", run.stdout);
    assert!(config(folder.path()).contains("\n  framework: tanstack-start #"), "{}", config(folder.path()));
    assert_eq!(generated(folder.path(), &[]), ["projects"]);
    assert!(folder.path().join("src/server/sync/tanstack-start.ts").exists());
}

/// In one of SvelteKit, its endpoints are among the routes.
#[test]
fn with_a_sync_server_in_sveltekit() {
    let folder = project("nested-paths");
    let packages = r#"{ "devDependencies": { "@sveltejs/kit": "3.2.0", "svelte": "5.57.3" } }"#;
    fs::write(folder.path().join("package.json"), packages).expect("a file");
    let run = sync_patterns(
        &["init", "--spec", "openapi.yaml", "--transport", "push-pull", "--model", "projects"],
        folder.path(),
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let text = config(folder.path());
    assert!(text.contains("\n  framework: sveltekit # docs/sveltekit.md "), "{text}");
    assert!(text.contains("\nframework: svelte #"), "{text}");
    assert_eq!(generated(folder.path(), &[]), ["projects"]);
    assert!(folder.path().join("src/routes/api/sync/push/+server.ts").exists());
}

#[test]
fn without_a_terminal_the_document_must_be_named() {
    let folder = project("nested-paths");
    let run = sync_patterns(&["init"], folder.path());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    for flag in ["--spec", "--output", "--adapter", "--framework", "--model", "--all"] {
        assert!(run.stderr.contains(flag), "{flag}: {}", run.stderr);
    }
    assert!(!folder.path().join(CONFIG).exists());
}

/// Nothing is chosen for the user: what was found stands there to be chosen from.
#[test]
fn nothing_is_chosen() {
    let folder = project("errors/nothing-chosen");
    let run = sync_patterns(&["init", "--yes"], folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "--yes takes the document that lies there");
    assert!(run.stdout.contains("Choose models in it: remove the # before their lines. Then:"), "{}", run.stdout);
    let text = config(folder.path());
    assert!(text.contains("spec: ./openapi.yaml\n"), "{text}");
    assert!(text.contains("\n  # contacts: { local_first: false } # /contacts: read-only\n"), "{text}");
    assert_eq!(sync_patterns(&["generate"], folder.path()).code, 2);
    fs::write(folder.path().join(CONFIG), text.replace("  # contacts", "  contacts")).expect("a file");
    assert_eq!(generated(folder.path(), &[]), ["contacts"]);
}

#[test]
fn every_model() {
    let folder = project("nested-paths");
    let run = sync_patterns(&["init", "--spec", "openapi.yaml", "--all", "--model", "tasks=optimistic"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("4 of 4 models chosen"), "{}", run.stdout);
    assert!(config(folder.path()).contains("\nsync: all\n"));
    assert_eq!(generated(folder.path(), &[]), ["projects", "projects_comments", "tasks", "tasks_comments"]);
}

#[test]
fn where_a_new_database_comes_from() {
    let folder = project("contacts");
    let run = sync_patterns(&["init", "--spec", "openapi.yaml", "--all", "--output", "./client"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let script = "./client/db/store/sql/pglite/initial-data.mjs";
    assert!(run.stdout.contains(&format!("  node {script} public/database.tar.gz\n")), "{}", run.stdout);
    generated(folder.path(), &[]);
    assert!(folder.path().join(script).is_file());
}

#[test]
fn a_config_is_never_overwritten() {
    let folder = project("contacts");
    fs::write(folder.path().join(CONFIG), "mine\n").expect("a file");
    let run = sync_patterns(&["init", "--spec", "openapi.yaml"], folder.path());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    let expected = "error: sync-patterns.config.yaml exists already, and is not overwritten\n  \
                    help: edit it, or write another with --config; --ignore-files edits only the files of formatters and \
                    linters\n";
    assert_eq!(run.stderr, expected);
    assert_eq!(config(folder.path()), "mine\n");
}

#[test]
fn what_cant_be_written_is_refused() {
    let folder = project("contacts");
    let refused = |arguments: &[&str], message: &str| {
        let run = sync_patterns(&[&["init", "--spec", "openapi.yaml"], arguments].concat(), folder.path());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert!(!folder.path().join(CONFIG).exists(), "{arguments:?}");
    };
    refused(
        &["--model", "contcts"],
        "no model `contcts` was found; nothing was written\n  help: did you mean `contacts`?",
    );
    refused(&["--model", "contacts=live"], "`live` is neither `optimistic` nor `confirmed`");
    refused(&["--electric-url", "localhost:3000"], "`localhost:3000` isn't a URL");
    refused(&["--database", ""], "the value is empty");
    refused(&["--config", "nowhere/x.yaml"], "can't write nowhere/x.yaml");
    refused(&["--spec", "other.yaml"], "cannot be used multiple times");
    let missing = sync_patterns(&["init", "--spec", "other.yaml"], folder.path());
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("can't read the OpenAPI document other.yaml"), "{}", missing.stderr);
    let none = sync_patterns_with_input(
        &["init", "--spec", "-"],
        folder.path(),
        b"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{}}}",
    );
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("no models were found in <stdin>; nothing was written"), "{}", none.stderr);
    assert!(!folder.path().join(CONFIG).exists());
}

/// Paths are the user's, from where they are; those in the file are from where it is.
#[test]
fn a_config_in_another_folder() {
    let folder = project("contacts");
    fs::create_dir_all(folder.path().join("web/app")).expect("a folder");
    let arguments = ["init", "--config", "web/app/c.yaml", "--spec", "openapi.yaml", "--output", "web/app/src/client"];
    let run = sync_patterns(&arguments, folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("sync-patterns generate --config web/app/c.yaml"), "{}", run.stdout);
    let text = fs::read_to_string(folder.path().join("web/app/c.yaml")).expect("the config");
    assert!(text.contains("\nspec: ../../openapi.yaml\noutput: ./src/client\n"), "{text}");
    assert_eq!(generated(folder.path(), &["--config", "web/app/c.yaml"]), ["contacts", "notes"]);
    assert!(folder.path().join("web/app/src/client/index.ts").exists());
    assert_eq!(generated(&folder.path().join("web/app"), &["--config", "c.yaml"]), ["contacts", "notes"]);
}

#[test]
fn a_document_at_a_url() {
    let text = fs::read_to_string(home().join("fixtures/contacts/openapi.yaml")).expect("the document");
    let server = Server::start(move |request| match request.header("authorization") {
        Some("Bearer x") => Answer::ok("application/yaml", &text),
        _ => Answer::status("401 Unauthorized"),
    });
    let folder = tempfile::tempdir().expect("a folder");
    let url = server.url("/openapi.yaml");
    let refused = sync_patterns(&["init", "--spec", &url], folder.path());
    assert_eq!(refused.code, 2);
    assert!(!folder.path().join(CONFIG).exists());
    let arguments = ["init", "--spec", &url, "--header", "Authorization: Bearer x", "--spec-refs", "files"];
    let run = sync_patterns(&arguments, folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let text = config(folder.path());
    assert!(text.contains(&format!("\nspec: {url}\nspec_refs: files #")), "{text}");
    assert!(!text.contains("Bearer"), "no secret is written: {text}");
    assert!(text.contains(&format!("\napi_base_url: {}\n", server.url(""))), "its paths are at the same place: {text}");
}

#[test]
fn what_the_folder_says() {
    let folder = project("contacts");
    fs::write(folder.path().join("package.json"), r#"{ "devDependencies": { "svelte": "5.0.0" } }"#).expect("a file");
    fs::write(folder.path().join("pnpm-lock.yaml"), "").expect("a file");
    let run = sync_patterns(&["init", "--spec", "openapi.yaml", "--message-format", "json"], folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(config(folder.path()).contains("\nframework: svelte #"));
    let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((&told["config"], &told["models"]), (&CONFIG.into(), &serde_json::json!(["contacts", "notes"])));
    let install = told["install"].as_str().expect("a command");
    assert!(install.starts_with("pnpm add --save-exact ") && install.contains("@tanstack/svelte-db@"), "{install}");
}

/// Each model of each fixture can be chosen by the name under which it is listed.
#[test]
fn what_is_listed_can_be_chosen() {
    let mut count = 0;
    for entry in fs::read_dir(home().join("fixtures")).expect("the fixtures") {
        let document = entry.expect("an entry").path().join("openapi.yaml");
        if !document.exists() {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let spec = document.to_string_lossy();
        let run = sync_patterns(&["init", "--spec", &spec], folder.path());
        assert_eq!(run.code, 0, "{spec}: {}", run.stderr);
        let text = config(folder.path());
        let listed = text.matches("  # ").count();
        fs::write(folder.path().join(CONFIG), text.replace("\n  # ", "\n  ")).expect("a file");
        assert_eq!(generated(folder.path(), &[]).len(), listed, "{text}");
        count += listed;
    }
    assert!(count > 20, "{count} models");
}

/// `GET` a list of objects with these properties.
fn listing(properties: &str) -> String {
    let rows = format!(r#"{{"type":"array","items":{{"type":"object","properties":{{{properties}}}}}}}"#);
    let content = format!(r#"{{"application/json":{{"schema":{rows}}}}}"#);
    format!(r#"{{"get":{{"responses":{{"200":{{"description":"","content":{content}}}}}}}}}"#)
}

fn document(paths: &[(&str, &str)]) -> String {
    let paths: Vec<String> =
        paths.iter().map(|(path, properties)| format!(r#""{path}":{}"#, listing(properties))).collect();
    format!(r#"{{"openapi":"3.1.0","info":{{"title":"x","version":"1"}},"paths":{{{}}}}}"#, paths.join(","))
}

const WITH_KEY: &str = r#""id":{"type":"string"}"#;

#[test]
fn names_that_need_care() {
    let text = document(&[("/2fa-codes", WITH_KEY), ("/no", WITH_KEY), ("/null", WITH_KEY)]);
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("my spec, draft #1.json"), text).expect("a file");
    let arguments = ["--model", "2fa_codes=optimistic", "--model", "no", "--model", "null"];
    let run = sync_patterns(&[&["init", "--spec", "my spec, draft #1.json"], &arguments[..]].concat(), folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(generated(folder.path(), &[]), ["api_2fa_codes", "no", "null"]);
}

/// A collection whose rows have no key is called as a model is, and isn't meant.
#[test]
fn a_name_that_is_shared() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = document(&[("/admin/targets", r#""name":{"type":"string"}"#), ("/targets", WITH_KEY)]);
    fs::write(folder.path().join("openapi.json"), text).expect("a file");
    let run = sync_patterns(&["init", "--spec", "openapi.json", "--model", "targets"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(generated(folder.path(), &[]), ["targets"]);
}
