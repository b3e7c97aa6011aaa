//! The commands of the README and of `docs` work as written, and their code compiles against the client that they generate.

#![cfg(unix)]

use std::env;
use std::fs;
use std::process::Command;

use crate::cli::home;
use crate::support::project::{Project, SPEC};
use crate::support::web::{Answer, Server};
use crate::support::workspace::Workspace;

/// Where the pages have a backend.
const BACKEND: &str = "localhost:8000";

/// What other tests run, or only a person can: commands of these beginnings.
const ELSEWHERE: &[(&str, &str)] = &[
    ("npm install -D @pattern-stack/sync-patterns", "tests/packaging installs the packed packages"),
    ("git clone", "this is a clone"),
    ("cd sync-patterns", "this is it"),
    ("cargo install --path .", "it compiles everything once more"),
    ("cargo bench", "measures for minutes"),
    ("sync-patterns migrate", "the example has no sync server: tests/cli/migrate.rs"),
    ("psql", "tests/cli/diff/tables.ts runs what `migrate` prints"),
    ("tsx src/server.ts", "tests/sync_server/production.test.ts starts it"),
    ("curl --header", "tests/sync_server/production.test.ts sends it"),
    ("cargo test", "this is one"),
    ("SYNC_PATTERNS_SCHEDULES=", "tests/cases/simulation, for longer"),
    ("SYNC_PATTERNS_SEED=", "tests/cases/simulation"),
    ("fuzz/run", ".ci/run does, for less long"),
    ("npm create -y vite@latest", "fetches what is newest"),
    ("cd my-app", "the page is compiled below"),
    ("npm ci --prefix benches/compare", "measures for minutes"),
    ("node benches/compare/compare.mjs", "measures for minutes"),
    ("npm install", "what it installs is what tests/npm locks: tests/cli/packages.rs"),
    ("npm run dev", "the page is used in a browser: tests/client/browser.rs"),
    ("cp …", "the page is compiled below"),
    ("cd examples/", "tests/client/browser.rs starts them"),
    ("@tanstack/cli", "fetches what is newest"),
    ("drizzle-kit ", "tests/sync_server/drizzle.test.ts runs it"),
    ("cp src/server/sync/migration.sql", "tests/sync_server/drizzle.test.ts does it"),
    ("sv create", "fetches what is newest"),
    ("npm start", "tests/client/browser.rs"),
];

/// The README and the pages of `docs`, by name.
pub fn pages() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    let entries = fs::read_dir(home().join("docs")).expect("the pages");
    names.extend(entries.map(|entry| format!("docs/{}", entry.expect("an entry").file_name().to_string_lossy())));
    names.sort();
    let pages = names.into_iter().map(|name| {
        let text = fs::read_to_string(home().join(&name)).expect("a page");
        (name, text)
    });
    pages.collect()
}

/// The text of a page.
pub fn page(name: &str) -> String {
    fs::read_to_string(home().join("docs").join(name)).expect("a page")
}

/// The text of each code block in a language.
pub fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().expect("its end")).collect()
}

/// Lines to type, without what is said of them.
fn commands() -> Vec<String> {
    let mut commands = Vec::new();
    for (_, text) in pages() {
        let lines = blocks(&text, "console").into_iter().flat_map(str::lines);
        let lines = lines.map(|line| line.split(" #").next().expect("a part").trim().to_owned());
        commands.extend(lines.filter(|line| !line.is_empty()));
    }
    commands
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
        if !ours.starts_with("sync-patterns ") || ours.starts_with("sync-patterns migrate") {
            assert!(ELSEWHERE.iter().any(|(start, _)| ours.starts_with(start)), "nothing tests `{command}`");
            continue;
        }
        if ours.starts_with("sync-patterns init --spec") {
            shell(&project, "rm -f sync-patterns.config.yaml");
        }
        shell(&project, &ours.replace(BACKEND, server.url("").trim_start_matches("http://")));
        ran += 1;
    }
    assert!(ran > 8, "only {ran} commands were found");
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
    let config = "version: 1\nspec: ./openapi.yaml\noutput: ./src/generated\nmodels: { notes: false }\n";
    project.write("sync-patterns.config.yaml", config);
    let printed = project.generate().stdout;
    let text = page("cli.md");
    assert!(blocks(&text, "text").contains(&printed.as_str()), "docs/cli.md doesn't show:\n{printed}");

    project.write("sync-patterns.config.yaml", "version: 1\nspec: ./openapi.yaml\noutput: ./out\nadaptor: sqlite\n");
    let refused = project.run(&["generate"]).stderr;
    assert!(blocks(&text, "text").contains(&refused.as_str()), "docs/cli.md doesn't show:\n{refused}");
}

/// Writes the files of a page into a workspace with the worked example's client: each is called as the text before its
/// block says. Gives their names.
fn write_files(page: &str, workspace: &Workspace) -> Vec<String> {
    let mut written = Vec::new();
    for language in ["tsx", "ts"] {
        let fence = format!("```{language}\n");
        let parts: Vec<&str> = page.split(fence.as_str()).collect();
        for (before, rest) in parts.iter().zip(parts.iter().skip(1)) {
            let paragraph = before.trim_end().rsplit("\n\n").next().expect("a paragraph");
            let Some((_, named)) = paragraph.rsplit_once("`src/") else { continue };
            let name = named.split('`').next().expect("a name");
            workspace.write_file(&format!("src/{name}"), rest.split("```").next().expect("its end"));
            written.push(name.to_owned());
        }
    }
    written.sort();
    let project = Project::new();
    project.generate();
    workspace.copy(&project.path("src/generated"), "src/generated");
    written
}

#[test]
fn the_page_of_the_guide_compiles() {
    let workspace = Workspace::new("guide");
    let written = write_files(&page("guide.md"), &workspace);
    assert_eq!(written, ["App.tsx", "NewNote.tsx", "session.ts"]);
    workspace.type_check_page();
}

#[test]
fn the_lines_of_the_readme_compile() {
    let workspace = Workspace::new("readme");
    let readme = fs::read_to_string(home().join("README.md")).expect("the README");
    let [lines] = blocks(&readme, "tsx")[..] else { panic!("one block") };
    let [start] = blocks(&readme, "ts")[..] else { panic!("one block") };
    let page = format!(
        "import {{ configureSync, contactsCollection, retryChange, useContacts, useRejectedChanges, useSyncStatus }} from \"./generated/index.js\";\n{start}\
         export function Page({{ id }}: {{ id: string }}) {{\n{lines}return <>{{contacts.length}} {{String(opening)}} {{String(online)}} {{pending}} {{lastError}} {{refused}}</>;\n}}\n"
    );
    workspace.write_file("src/page.tsx", &page);
    write_files("", &workspace);
    workspace.type_check_page();
}

/// The client beside the default one, as the page makes it.
#[test]
fn a_second_client_compiles() {
    let workspace = Workspace::new("second-client");
    let text = page("architecture.md");
    let [lines] = blocks(&text, "ts")[..] else { panic!("one block") };
    workspace
        .write_file("src/second.ts", &format!("import {{ createClient }} from \"./generated/index.js\";\n\n{lines}"));
    write_files("", &workspace);
    workspace.type_check_page();
}

/// The code after the move compiles, and the tests that the page shows pass.
#[test]
fn the_moved_application_compiles_and_its_tests_pass() {
    let workspace = Workspace::new("moving");
    let written = write_files(&page("moving-an-application.md"), &workspace);
    assert_eq!(written, ["ContactForm.tsx", "ContactList.tsx", "NoteForm.tsx", "Rejected.tsx", "contacts.test.ts"]);
    workspace.compile_page();
    let script = "import { spawnSync } from 'node:child_process';\n\
                  const run = spawnSync(process.execPath, ['--test', 'dist/contacts.test.js'], { encoding: 'utf8' });\n\
                  console.log(run.stdout, run.stderr);\nprocess.exit(run.status);\n";
    let said = workspace.run("script", script);
    assert!(said.contains("# pass 2\n# fail 0\n"), "{said}");
}

/// The examples are cut from a backend that runs. Two are of a model that it doesn't have.
#[test]
fn the_examples_of_the_backend_are_of_the_worked_example() {
    let backend = fs::read_to_string(home().join("fixtures/contacts/backend.py")).expect("the backend");
    let text = page("backend.md");
    let (other, cut): (Vec<&str>, Vec<&str>) =
        blocks(&text, "python").into_iter().partition(|block| block.contains("profile") || block.contains("salary"));
    assert_eq!((other.len(), cut.len()), (2, 7));
    for block in cut {
        assert!(backend.contains(block.trim_end()), "fixtures/contacts/backend.py doesn't have:\n{block}");
    }
}
