//! The README's commands work as written, and its page compiles against the client that they generate.

#![cfg(unix)]

use std::env;
use std::process::Command;

use crate::support::project::{Project, SPEC};
use crate::support::web::{Answer, Server};
use crate::support::workspace::Workspace;

const README: &str = include_str!("../../README.md");
const BACKEND: &str = "http://localhost:8000/openapi.json";

/// What other tests run, or only a person can: commands of these beginnings.
const ELSEWHERE: &[(&str, &str)] = &[
    ("npm install -D @pattern-stack/sync-patterns", "tests/packaging installs the packed packages"),
    ("cargo install --path .", "it compiles everything once more"),
    ("cargo run -- generate", "tests/cases/fixtures.rs: the example is as generated"),
    ("cargo test", "this is it"),
    ("cargo bench", "measures for minutes"),
    ("SYNC_PATTERNS_SCHEDULES=", "tests/cases/simulation, for longer"),
    ("SYNC_PATTERNS_SEED=", "tests/cases/simulation"),
    ("fuzz/run", ".ci/run does, for less long"),
    ("npm create -y vite@latest", "fetches what is newest"),
    ("cd my-app", "the page is compiled below"),
    ("npm ci --prefix benches/compare", "measures for minutes"),
    ("node benches/compare/compare.mjs", "measures for minutes"),
    ("npm install", "what it installs is what tests/npm locks: tests/cli/packages.rs"),
    ("cp …", "the page is compiled below"),
];

/// The text of each code block in a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().expect("its end").to_owned()).collect()
}

/// Lines to type, without what is said of them.
fn commands() -> Vec<String> {
    let lines: Vec<String> = blocks(README, "console")
        .iter()
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let lines = lines.iter().map(|line| line.split(" #").next().expect("a part").trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_command_works() {
    let document: serde_json::Value = serde_saphyr::from_str(SPEC).expect("YAML");
    let json = document.to_string();
    let served = json.clone();
    let server = Server::start(move |_| Answer::ok("application/json", &served));
    let project = Project::new();
    project.generate();
    shell(&project, "git init --quiet && git add . && git commit --quiet --message Generated");
    shell(&project, "git update-ref refs/remotes/origin/main HEAD");
    project.write("openapi.json", json);
    let mut ran = 0;
    for command in commands() {
        let ours = command.strip_prefix("npx ").unwrap_or(&command);
        if !ours.starts_with("sync-patterns ") {
            assert!(ELSEWHERE.iter().any(|(start, _)| ours.starts_with(start)), "nothing tests `{command}`");
            continue;
        }
        if ours.starts_with("sync-patterns init") {
            shell(&project, "rm -f sync-patterns.config.yaml");
        }
        shell(&project, &ours.replace(BACKEND, &server.url("/openapi.json")));
        ran += 1;
    }
    assert!(ran > 5, "only {ran} commands were found");
    assert!(server.paths().len() >= 3, "init, generate and check of the first steps ask the backend");
}

fn shell(project: &Project, command: &str) {
    let program = env!("CARGO_BIN_EXE_sync-patterns");
    let folder = program.rsplit_once('/').expect("a folder").0;
    let path = format!("{folder}:{}", env::var("PATH").expect("a PATH"));
    let people = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
    let output = Command::new("sh")
        .args(["-e", "-c", command])
        .current_dir(project.folder.path())
        .envs(people.map(|name| (name, "somebody")))
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("PATH", &path)])
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("a shell");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn the_sample_output_is_what_is_printed() {
    let project = Project::new();
    project.write(
        "sync-patterns.config.yaml",
        "version: 1\nspec: ./openapi.yaml\noutput: ./src/generated\nmodels: { notes: false }\n",
    );
    let printed = project.generate().stdout;
    assert!(blocks(README, "text").contains(&printed), "the README doesn't show:\n{printed}");
}

/// "Use it in an app": the files are those that the text before each block names.
#[test]
fn the_page_compiles() {
    let (_, section) = README.split_once("\n## Use it in an app\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("another section");
    let workspace = Workspace::new("readme");
    let mut written = Vec::new();
    for language in ["tsx", "ts"] {
        let fence = format!("```{language}\n");
        let parts: Vec<&str> = section.split(fence.as_str()).collect();
        for (before, rest) in parts.iter().zip(parts.iter().skip(1)) {
            let paragraph = before.trim_end().rsplit("\n\n").next().expect("a paragraph");
            let Some((_, named)) = paragraph.rsplit_once("`src/") else { continue };
            let name = named.split('`').next().expect("a name");
            workspace.write_file(&format!("src/{name}"), rest.split("```").next().expect("its end"));
            written.push(name.to_owned());
        }
    }
    written.sort();
    assert_eq!(written, ["App.tsx", "NewNote.tsx", "main.tsx", "session.ts"]);
    let project = Project::new();
    project.generate();
    let generated = project.path("src/generated");
    workspace.copy(&generated, "src/generated");
    workspace.type_check_page();
}
