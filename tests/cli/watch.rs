//! `generate --watch`, with files that change as editors and other programs change them.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::patience::PATIENCE;
use crate::support::project::{Project, SPEC};
use crate::support::web::{Answer, Server};

struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(project: &Project, arguments: &[&str]) -> Self {
        // One pipe for both streams, so that their lines stay in order.
        let (reader, writer) = io::pipe().expect("a pipe");
        let child = program()
            .args(["generate", "--watch"])
            .args(arguments)
            .current_dir(project.folder.path())
            .env_remove("GITHUB_ACTIONS")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("the pipe again"))
            .stderr(writer)
            .spawn()
            .expect("the program starts");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// All lines up to one with this text.
    fn until(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut said = String::new();
        while !said.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no `{text}` in\n{said}"));
            said.push_str(&line);
            said.push('\n');
        }
        said
    }

    fn says_nothing_for(&self, time: Duration) {
        if let Ok(line) = self.lines.recv_timeout(time) {
            panic!("it says {line}");
        }
    }

    #[cfg(unix)]
    fn interrupt(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().expect("the program") {
                Some(status) => return status,
                None => assert!(Instant::now() < deadline, "it goes on"),
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Shells have what they start in the background ignore Ctrl-C, and that is passed on: to whatever runs these tests, and
/// to the program.
fn program() -> Command {
    let program = env!("CARGO_BIN_EXE_sync-patterns");
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=INT", program]);
    command
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn types(project: &Project) -> String {
    fs::read_to_string(project.path("src/generated/types/contacts.ts")).expect("types")
}

/// As most editors save: beside the file, and then in its place.
fn replace(project: &Project, file: &str, text: &str) {
    project.write("4913", text);
    fs::rename(project.path("4913"), project.path(file)).expect("a rename");
}

#[test]
fn a_change_is_generated_and_told() {
    let project = Project::new();
    let watch = Watch::start(&project, &[]);
    let first = watch.until("watching ");
    assert!(first.contains("contacts  6 fields, key id"), "{first}");
    assert!(first.ends_with("watching openapi.yaml, sync-patterns.config.yaml; stop with Ctrl-C\n"), "{first}");

    // Twice each: a watched file that was replaced must still be watched.
    for name in ["family_name", "surname"] {
        replace(&project, "openapi.yaml", &SPEC.replace("last_name", name));
        let said = watch.until("in src/generated: ");
        assert!(said.contains("openapi.yaml changed\n"), "{said}");
        assert!(said.contains("update src/generated/types/contacts.ts\n"), "{said}");
        assert!(!said.contains("6 fields"), "{said}");
        assert!(types(&project).contains(name));
    }
    for adapter in ["sqlite", "pglite"] {
        let config = format!("version: 1\nspec: openapi.yaml\noutput: src/generated\nadapter: {adapter}\n");
        project.write("sync-patterns.config.yaml", config);
        let said = watch.until("in src/generated: ");
        assert!(said.contains("sync-patterns.config.yaml changed\n"), "{said}");
        assert!(said.contains(&format!("create src/generated/db/store/sql/{adapter}/driver.ts\n")), "{said}");
    }
}

#[test]
fn other_files_and_the_same_text_again_are_no_change() {
    let project = Project::new();
    let watch = Watch::start(&project, &[]);
    watch.until("watching ");
    project.write("README.md", "Something else\n");
    replace(&project, "openapi.yaml", SPEC);
    watch.says_nothing_for(Duration::from_secs(2));
}

#[test]
fn a_file_in_the_middle_of_being_written_is_told_and_survived() {
    let project = Project::new();
    let watch = Watch::start(&project, &[]);
    watch.until("watching ");
    let before = types(&project);
    let changed = SPEC.replace("last_name", "family_name");
    project.write("openapi.yaml", changed.get(..changed.len() / 2).expect("half of it"));
    let said = watch.until("nothing was written");
    assert!(said.contains("openapi.yaml changed\n") && said.contains("error: "), "{said}");
    assert_eq!(types(&project), before);
    project.write("openapi.yaml", "");
    watch.until("nothing was written");
    fs::remove_file(project.path("openapi.yaml")).expect("a file");
    watch.until("nothing was written");
    assert_eq!(types(&project), before);
    project.write("openapi.yaml", &changed);
    watch.until("in src/generated: ");
    assert!(types(&project).contains("family_name"));

    fs::remove_file(project.path("sync-patterns.config.yaml")).expect("the config");
    watch.until("there is no sync-patterns.config.yaml");
    project.write("sync-patterns.config.yaml", "version: 1\nspec: ./openapi.yaml\noutput: ./src/generated\n");
    watch.until("unchanged");
}

#[test]
fn folders_may_come_and_go() {
    let project = Project::new();
    project.write("sync-patterns.config.yaml", "version: 1\nspec: api/v1/openapi.yaml\noutput: src/generated\n");
    let watch = Watch::start(&project, &[]);
    watch.until("nothing was written");
    project.write("api/v1/openapi.yaml", SPEC);
    watch.until("in src/generated: ");
    for name in ["family_name", "surname"] {
        // As a change of the branch does.
        fs::remove_dir_all(project.path("api")).expect("a folder");
        watch.until("nothing was written");
        project.write("api/v1/openapi.yaml", SPEC.replace("last_name", name));
        watch.until("in src/generated: ");
        assert!(types(&project).contains(name));
    }
    assert_eq!(project.run(&["check"]).code, 0);
    // The config leads elsewhere.
    project.write("other/openapi.yaml", SPEC);
    project.write("sync-patterns.config.yaml", "version: 1\nspec: other/openapi.yaml\noutput: src/generated\n");
    let said = watch.until("watching ");
    assert!(said.ends_with("watching other/openapi.yaml, sync-patterns.config.yaml; stop with Ctrl-C\n"), "{said}");
    project.write("other/openapi.yaml", SPEC.replace("last_name", "nickname"));
    watch.until("in src/generated: ");
    assert!(types(&project).contains("nickname"));
}

#[test]
fn templates_are_inputs_too() {
    let project = Project::new();
    project
        .write("sync-patterns.config.yaml", "version: 1\nspec: openapi.yaml\noutput: src/generated\ntemplates: mine\n");
    let watch = Watch::start(&project, &[]);
    watch.until("the folder doesn't exist");
    fs::create_dir(project.path("mine")).expect("a folder");
    watch.until("in src/generated: ");
    let ours = include_str!("../../templates/typescript/generated/names.ts.j2");
    project.write("mine/typescript/generated/names.ts.j2", ours);
    let said = watch.until("in src/generated: ");
    assert!(said.contains("mine/typescript/generated/names.ts.j2 changed\n"), "{said}");
    for text in ["One.", "Two."] {
        project.write("mine/typescript/generated/names.ts.j2", format!("{ours}// {text}\n"));
        let said = watch.until("in src/generated: ");
        assert!(said.contains("mine/typescript/generated/names.ts.j2 changed\n"), "{said}");
        assert!(said.contains("update src/generated/"), "{said}");
    }
    project.write("mine/typescript/generated/names.ts.j2", "{% if %}");
    watch.until("nothing was written");
    fs::remove_file(project.path("mine/typescript/generated/names.ts.j2")).expect("a template");
    watch.until("in src/generated: ");
}

#[test]
fn a_document_over_several_files() {
    let project = Project::new();
    let (paths, components) = SPEC.split_once("components:\n").expect("two parts");
    project.write("openapi.yaml", paths.replace("\"#/components", "\"./parts/all.yaml#/components"));
    let part = |text: &str| project.write("parts/all.yaml", format!("components:\n{text}"));
    part(components);
    let watch = Watch::start(&project, &[]);
    let first = watch.until("watching ");
    assert!(first.contains("watching openapi.yaml, parts/all.yaml, sync-patterns.config.yaml;"), "{first}");
    part(&components.replace("last_name", "family_name"));
    let said = watch.until("in src/generated: ");
    assert!(said.contains("parts/all.yaml changed\n"), "{said}");
    // Gone, and back: nothing that is left says where it was.
    fs::remove_dir_all(project.path("parts")).expect("a folder");
    watch.until("parts/all.yaml changed\n");
    part(&components.replace("last_name", "surname"));
    watch.until("parts/all.yaml changed\n");
    watch.until("in src/generated: ");
    assert!(types(&project).contains("surname"));
}

#[test]
fn a_document_at_a_url_is_asked_for_again() {
    let body = Arc::new(Mutex::new(Some(SPEC.to_owned())));
    let answered = Arc::clone(&body);
    let server = Server::start(move |_| match answered.lock().expect("the body").as_ref() {
        Some(text) => Answer::ok("application/yaml", text),
        None => Answer::status("503 Service Unavailable"),
    });
    let url = server.url("/openapi.yaml");
    let project = Project::new();
    project.write("sync-patterns.config.yaml", format!("version: 1\nspec: {url}\noutput: src/generated\n"));
    for arguments in [&[][..], &["--spec", &url]] {
        *body.lock().expect("the body") = Some(SPEC.to_owned());
        let watch = Watch::start(&project, arguments);
        watch.until(&format!("watching {url}, sync-patterns.config.yaml; stop with Ctrl-C\n"));
        // The server starts again, with another document.
        *body.lock().expect("the body") = None;
        watch.until("503");
        *body.lock().expect("the body") = Some(SPEC.replace("last_name", "surname"));
        let said = watch.until("in src/generated: ");
        assert!(said.contains(&format!("{url} changed\n")), "{said}");
        assert!(types(&project).contains("surname"));
    }
}

#[test]
fn a_document_that_only_the_command_line_names() {
    let project = Project::new();
    fs::remove_file(project.path("sync-patterns.config.yaml")).expect("the config");
    project.write("api/openapi.yaml", SPEC);
    let watch = Watch::start(&project, &["--spec", "api/openapi.yaml", "--output", "src/generated"]);
    watch.until("watching ");
    fs::remove_file(project.path("api/openapi.yaml")).expect("a file");
    watch.until("can't read the OpenAPI document api/openapi.yaml");
    project.write("api/openapi.yaml", SPEC.replace("last_name", "surname"));
    watch.until("in src/generated: ");
    assert!(types(&project).contains("surname"));
}

#[cfg(unix)]
#[test]
fn what_a_link_leads_to_is_watched() {
    let project = Project::new();
    project.write("backend/openapi.yaml", SPEC);
    fs::remove_file(project.path("openapi.yaml")).expect("a file");
    std::os::unix::fs::symlink("backend/openapi.yaml", project.path("openapi.yaml")).expect("a link");
    let watch = Watch::start(&project, &[]);
    watch.until("watching ");
    project.write("backend/openapi.yaml", SPEC.replace("last_name", "surname"));
    watch.until("in src/generated: ");
    assert!(types(&project).contains("surname"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    use std::os::unix::process::ExitStatusExt;
    let project = Project::new();
    let mut watch = Watch::start(&project, &["--message-format", "json"]);
    let first = watch.until("\n");
    let summary: serde_json::Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(summary["models"][0], "contacts");
    project.write("openapi.yaml", SPEC.replace("last_name", "surname"));
    assert_eq!(watch.until("\n"), "{\"changed\":[\"openapi.yaml\"]}\n");
    assert!(watch.until("\n").starts_with("{\"models\":"));
    assert_eq!(watch.interrupt().signal(), Some(2), "which shells call 130");
    assert_eq!(project.run(&["check"]).code, 0);
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let project = Project::new();
    for arguments in [&["--spec", "-"][..], &["--check"], &["--dry-run"], &["--stdout"], &["--config", "nowhere.yaml"]]
    {
        let run = project.run(&[&["generate", "--watch"], arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stdout);
    }
    project.write("sync-patterns.config.yaml", "version: 1\nspec: '-'\noutput: src/generated\n");
    let run = project.run(&["generate", "--watch"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("standard input"), "{}", run.stderr);
    assert!(!project.path("src").exists());
}
