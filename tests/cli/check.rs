//! `check`: what is on disk against what would be generated.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::cli::home;
use crate::support::binary::sync_patterns;
use crate::support::project::{Project, SPEC};
use serde_json::Value;

/// Runs git as it is on a machine that nobody has configured.
fn git(folder: &Path, arguments: &[&str]) -> Output {
    let nothing = if cfg!(windows) { "NUL" } else { "/dev/null" };
    Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", nothing)
        .output()
        .expect("git")
}

/// One file changed by the document, one removed, and one that is no longer generated.
fn outdated() -> Project {
    let project = Project::new();
    project.generate();
    let ours = fs::read(project.path("src/generated/types/notes.ts")).expect("types");
    project.write("src/generated/types/people.ts", ours);
    fs::remove_file(project.path("src/generated/db/client/values.ts")).expect("a file");
    project.write("openapi.yaml", SPEC.replace("Somebody that the team knows.", "Somebody we know."));
    project
}

#[test]
fn what_was_just_generated_is_as_generated() {
    let project = Project::new();
    project.generate();
    for arguments in [&["check"][..], &["generate", "--check"]] {
        let run = project.run(arguments);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.ends_with("files in src/generated: all as generated\n"), "{}", run.stdout);
    }
    let quiet = project.run(&["check", "--quiet"]);
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (0, "", ""));
}

#[test]
fn differences_are_told_and_nothing_is_written() {
    let project = outdated();
    let before = project.files();
    let types = fs::read_to_string(project.path("src/generated/types/contacts.ts")).expect("types");
    let run = project.run(&["check"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for expected in [
        "changed: src/generated/types/contacts.ts\n--- a/src/generated/types/contacts.ts\n+++ b/src/generated/types/contacts.ts\n@@ ",
        "-/** Somebody that the team knows. */\n+/** Somebody we know. */\n",
        "missing: src/generated/db/client/values.ts\n--- /dev/null\n+++ b/src/generated/db/client/values.ts\n@@ -0,0 +1,",
        "no longer generated: src/generated/types/people.ts\n--- a/src/generated/types/people.ts\n+++ /dev/null\n@@ -1,",
        "src/generated isn't as generated: 1 changed, 1 missing, 1 stale, ",
        "help: run `sync-patterns generate`",
    ] {
        assert!(run.stdout.contains(expected), "{expected}\nisn't in\n{}", run.stdout);
    }
    assert_eq!(project.files(), before);
    assert_eq!(fs::read_to_string(project.path("src/generated/types/contacts.ts")).expect("types"), types);
    let quiet = project.run(&["generate", "--check", "--quiet"]);
    assert_eq!(quiet.code, 1);
    assert!(quiet.stdout.starts_with("missing: src/generated/db/client/values.ts\nchanged: "), "{}", quiet.stdout);
    assert!(!quiet.stdout.contains("@@"), "{}", quiet.stdout);
}

#[test]
fn git_can_apply_what_check_prints() {
    let project = outdated();
    let run = project.run(&["check"]);
    project.write("check.patch", &run.stdout);
    let applied = git(project.folder.path(), &["apply", "check.patch"]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let after = project.run(&["check"]);
    assert_eq!(after.code, 0, "{}", after.stdout);
}

/// Commits all files, and checks them out again.
fn commit_and_check_out(project: &Project) {
    let commands: &[&[&str]] = &[
        &["add", "--all"],
        &["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "--message", "Generated"],
        &["rm", "--quiet", "-r", "--cached", "."],
        &["reset", "--quiet", "--hard"],
    ];
    for command in commands {
        let output = git(project.folder.path(), command);
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The folder's `.gitattributes` keeps git from changing line endings, and `check` names the setting where it is missing.
#[test]
fn line_endings_that_git_makes() {
    let project = Project::new();
    project.generate();
    for command in [&["init", "--quiet"][..], &["config", "core.autocrlf", "true"]] {
        assert!(git(project.folder.path(), command).status.success());
    }
    let attributes = project.path("src/generated/.gitattributes");
    fs::remove_file(&attributes).expect("ours");
    commit_and_check_out(&project);
    let run = project.run(&["check"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    for expected in [
        "missing: src/generated/.gitattributes\n",
        "changed in its line endings only: src/generated/types/contacts.ts\n",
        "by `core.autocrlf = true` in ",
        "; src/generated/.gitattributes, once it is generated and committed, stops that\n",
    ] {
        assert!(run.stdout.contains(expected), "{expected}\nisn't in\n{}", run.stdout);
    }
    // Of the file that is missing, the text is shown; of the others there is nothing to show.
    assert_eq!(run.stdout.matches("@@").count(), 2, "{}", run.stdout);

    // What the help says helps.
    project.generate();
    commit_and_check_out(&project);
    let after = project.run(&["check"]);
    assert_eq!(after.code, 0, "{}", after.stdout);
    assert!(attributes.exists());
}

#[test]
fn line_endings_that_an_editor_makes() {
    let project = Project::new();
    project.generate();
    let types = project.path("src/generated/types/contacts.ts");
    let text = fs::read_to_string(&types).expect("types");
    fs::write(&types, text.replace('\n', "\r\n")).expect("a file");
    assert!(git(project.folder.path(), &["init", "--quiet"]).status.success());
    assert!(git(project.folder.path(), &["config", "core.autocrlf", "true"]).status.success());
    let run = project.run(&["check"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("help: an editor or a formatter has given files Windows line endings\n"),
        "{}",
        run.stdout
    );
}

/// Reviews fold what is the same for every document, and the SQL's second copy; git itself says so.
#[test]
fn what_reviews_fold() {
    let project = Project::new();
    project.generate();
    assert!(git(project.folder.path(), &["init", "--quiet"]).status.success());
    let folds = |path: &str| {
        let path = format!("src/generated/{path}");
        let answer = git(project.folder.path(), &["check-attr", "linguist-generated", "--", &path]);
        String::from_utf8_lossy(&answer.stdout).trim().ends_with(": set")
    };
    for path in project.files() {
        let (_, path) = path.split_once("src/generated/").expect("below the output folder");
        assert_eq!(folds(path), path.starts_with("db/") || path.ends_with("-sql.ts"), "{path}");
    }
    assert!(folds("db/store/pglite/any.ts"));
}

#[test]
fn line_endings_are_no_difference_of_a_line() {
    let project = outdated();
    let types = project.path("src/generated/types/contacts.ts");
    let text = fs::read_to_string(&types).expect("types");
    fs::write(&types, text.replace('\n', "\r\n")).expect("a file");
    let run = project.run(&["check", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let of_types = &report["differences"][1];
    assert_eq!(
        (of_types["path"].as_str(), of_types["difference"].as_str()),
        (Some("types/contacts.ts"), Some("changed"))
    );
    let diff = of_types["diff"].as_str().expect("a diff");
    let changed = |line: &&str| line.starts_with(['+', '-']) && !line.starts_with("---") && !line.starts_with("+++");
    assert_eq!(diff.lines().filter(changed).count(), 2, "{diff}");
}

#[test]
fn differences_for_programs() {
    let project = outdated();
    let run = project.run(&["check", "--format", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let found: Vec<_> = report["differences"].as_array().expect("a list").iter().collect();
    let words = |key: &str| found.iter().map(|difference| difference[key].as_str().unwrap_or("?")).collect::<Vec<_>>();
    assert_eq!(words("path"), ["db/client/values.ts", "types/contacts.ts", "types/people.ts"]);
    assert_eq!(words("difference"), ["missing", "changed", "stale"]);
    assert_eq!((found[0]["line"].as_u64(), found[1]["line"].as_u64()), (None, Some(3)));
    assert!(found[1]["diff"].as_str().expect("a diff").contains("+/** Somebody we know. */\n"));
    assert_eq!(report["output"], "src/generated");
    assert!(report["help"][0].as_str().expect("help").starts_with("run `sync-patterns generate`"));

    let github = project.run(&["check", "--message-format", "github"]);
    assert_eq!(github.code, 1);
    let annotation = "::error file=src/generated/types/contacts.ts,line=3,title=changed::changed%0Arun `sync-patterns";
    assert!(github.stdout.contains(annotation), "{}", github.stdout);
    let group = "::group::src/generated/types/contacts.ts\n::stop-commands::";
    assert!(github.stdout.contains(group), "{}", github.stdout);
}

#[test]
fn what_stops_generate_stops_check() {
    let project = Project::new();
    project.write("src/generated/index.ts", "export const mine = 1;\n");
    let foreign = project.run(&["check"]);
    assert_eq!(foreign.code, 2);
    assert!(foreign.stderr.contains("src/generated/index.ts"), "{}", foreign.stderr);
    project.write("openapi.yaml", "openapi: 3.1.0\npaths: [\n");
    let broken = project.run(&["check"]);
    assert_eq!((broken.code, broken.stdout.as_str()), (2, ""));
    assert!(broken.stderr.ends_with("1 error, nothing was compared\n"), "{}", broken.stderr);
    for also in ["--dry-run", "--stdout"] {
        assert_eq!(project.run(&["generate", "--check", also]).code, 2);
    }
}

#[test]
fn where_nothing_was_generated_all_is_missing() {
    let project = Project::new();
    let run = project.run(&["check", "--quiet"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("missing: src/generated/index.ts\n"), "{}", run.stdout);
    assert!(!project.path("src").exists());
}

/// What a clone of the repository has can be started.
#[test]
fn the_worked_examples_are_as_generated() {
    for folder in [home().to_owned(), home().join("examples/code-review")] {
        let run = sync_patterns(&["check"], &folder);
        assert_eq!(run.code, 0, "{}: {}{}", folder.display(), run.stdout, run.stderr);
    }
}
