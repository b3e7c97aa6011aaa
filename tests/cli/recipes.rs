//! The recipes for CI in `docs/cli.md` do what it says.

#![cfg(unix)]

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::project::{Project, SPEC};
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/cli.md");

/// The section's code blocks by language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once("\n### In CI\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("another section");
    let fence = format!("```{language}\n");
    section.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().expect("its end")).collect()
}

fn commands(list: &Value, key: Option<&str>) -> Vec<String> {
    let steps = list.as_array().expect("a list").iter();
    steps.filter_map(|step| key.map_or(Some(step), |key| step.get(key))?.as_str().map(str::to_owned)).collect()
}

/// A repository with the command among its packages, and the client committed.
fn repository() -> Project {
    let project = Project::new();
    let program = project.path("command/sync-patterns");
    project.write("command/package.json", r#"{ "name": "sync-patterns", "version": "0.0.0", "bin": "sync-patterns" }"#);
    fs::copy(env!("CARGO_BIN_EXE_sync-patterns"), &program).expect("the program");
    project.write("package.json", r#"{ "private": true, "devDependencies": { "sync-patterns": "file:./command" } }"#);
    project.write(".gitignore", "command\nnode_modules\n");
    project.generate();
    for command in ["npm install", "git init --quiet", "git add ."] {
        succeed(&project, command, &[]);
    }
    succeed(&project, "git commit --quiet --message Generated", &[]);
    project
}

fn shell(project: &Project, command: &str, variables: &[(&str, &Path)]) -> Output {
    let person = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
    let person: HashMap<&str, &str> = person.into_iter().map(|name| (name, "somebody")).collect();
    Command::new("sh")
        .args(["-e", "-c", command])
        .current_dir(project.folder.path())
        .envs(person)
        .envs([("npm_config_offline", "true"), ("npm_config_audit", "false"), ("npm_config_fund", "false")])
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITHUB_WORKSPACE")
        .envs(variables.iter().copied())
        .output()
        .expect("a shell")
}

fn succeed(project: &Project, command: &str, variables: &[(&str, &Path)]) {
    let output = shell(project, command, variables);
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&said));
}

/// Runs the commands: before a change of the document, when all are fine, and after it, when the last is not. Returns
/// what that prints.
fn fails_after_a_change(commands: &[String], project: &Project, variables: &[(&str, &Path)]) -> String {
    let (last, before) = commands.split_last().expect("commands");
    for command in commands {
        succeed(project, command, variables);
    }
    project.write("openapi.yaml", SPEC.replace("Somebody that the team knows.", "Somebody we know."));
    for command in before {
        succeed(project, command, variables);
    }
    let output = shell(project, last, variables);
    assert_eq!(output.status.code(), Some(1), "{last}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn github_actions_and_gitlab() {
    let recipes: Vec<Value> =
        blocks("yaml").into_iter().map(|text| serde_saphyr::from_str(text).expect("YAML")).collect();
    let [github, gitlab] = recipes.as_slice() else { panic!("two recipes") };

    let project = repository();
    let workspace = project.folder.path().canonicalize().expect("the folder");
    let variables =
        [("GITHUB_ACTIONS", Path::new("true")), ("GITHUB_WORKSPACE", workspace.parent().expect("a folder"))];
    let steps = commands(&github["jobs"]["check"]["steps"], Some("run"));
    let said = fails_after_a_change(&steps, &project, &variables);
    // The repository is the folder above: annotations name files as they are called in there.
    let name = workspace.file_name().expect("a name").to_str().expect("text");
    let annotation = format!("::error file={name}/src/generated/types/contacts.ts,line=3,title=changed::");
    assert!(said.contains(&annotation), "{said}");

    let project = repository();
    let said = fails_after_a_change(&commands(&gitlab["sync-patterns"]["script"], None), &project, &[]);
    assert!(said.contains("+/** Somebody we know. */\n"), "{said}");
}

#[test]
fn a_hook_of_git() {
    let project = repository();
    let [hook] = blocks("sh")[..] else { panic!("one hook") };
    let place = project.path(".git/hooks/pre-commit");
    fs::write(&place, hook).expect("the hook");
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).expect("its permissions");
    project.write("openapi.yaml", SPEC.replace("Somebody that the team knows.", "Somebody we know."));

    let commit = "git add .; git commit --quiet --message Changed";
    let refused = shell(&project, commit, &[]);
    assert!(!refused.status.success());
    let said = String::from_utf8([refused.stdout, refused.stderr].concat()).expect("text");
    assert!(said.contains("changed: src/generated/types/contacts.ts\n") && !said.contains("@@"), "{said}");

    project.generate();
    succeed(&project, commit, &[]);
}
