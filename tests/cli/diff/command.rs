//! What the command takes, prints and answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sync_patterns::diagnostics::{Input, Problems};
use sync_patterns::schema_json::diff::{compare, read};
use sync_patterns::source::Source;

use crate::cli::diff::api::{Api, api};
use crate::cli::diff::cases::CASES;
use crate::support::binary::{Run, sync_patterns};

const CONFIG: &str = "sync-patterns.config.yaml";
const SCHEMA: &str = "generated/schema/schema.json";

/// A project of a user, where the client is generated.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn generated() -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder") };
        project.set(&api());
        project.generate();
        project
    }

    /// With the document and the config changed since, as a case says.
    fn after(case: &str) -> Self {
        let project = Self::generated();
        project.edit(case);
        project
    }

    fn edit(&self, case: &str) {
        let mut changed = api();
        (CASES.iter().find(|known| known.name == case).expect("the case").edit)(&mut changed);
        self.set(&changed);
    }

    fn set(&self, api: &Api) {
        self.write("openapi.json", &api.document().to_string());
        self.write(CONFIG, &api.config());
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn write(&self, below: &str, text: &str) {
        fs::write(self.path(below), text).expect("a file");
    }

    fn schema(&self) -> String {
        fs::read_to_string(self.path(SCHEMA)).expect("the schema")
    }

    fn generate(&self) {
        let run = sync_patterns(&["generate"], self.folder.path());
        assert_eq!(run.code, 0, "{}", run.stderr);
    }

    fn diff(&self, arguments: &[&str]) -> Run {
        sync_patterns(&[&["diff"], arguments].concat(), self.folder.path())
    }

    /// The error of a run that can't compare.
    fn failure(&self, arguments: &[&str]) -> String {
        let run = self.diff(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        run.stderr.replace(&*self.folder.path().to_string_lossy(), "FOLDER")
    }

    fn git(&self, arguments: &[&str]) {
        let names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
        let git = Command::new("git").args(names).args(arguments).current_dir(self.folder.path()).output();
        let output = git.expect("git on the PATH");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "as generated"]);
    }
}

#[test]
fn each_format_tells_the_same() {
    let project = Project::after("several");
    let text = project.diff(&[]);
    insta::assert_snapshot!("text", text.stdout);
    let markdown = project.diff(&["--format", "markdown"]);
    insta::assert_snapshot!("markdown", markdown.stdout);
    let json = project.diff(&["--format", "json"]);
    insta::assert_snapshot!("json", json.stdout);
    for run in [text, markdown, json] {
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }
}

#[test]
fn every_kind_of_change_has_its_words() {
    // Comparing changes nothing, so that one project is there for all.
    let project = Project::generated();
    let words: String = CASES
        .iter()
        .map(|case| {
            project.edit(case.name);
            format!("# {}\n\n{}\n", case.name, project.diff(&[]).stdout)
        })
        .collect();
    insta::assert_snapshot!("words", words);
}

#[test]
fn the_exit_code_says_whether_there_are_changes() {
    let project = Project::generated();
    let same = project.diff(&["--exit-code"]);
    assert_eq!((same.code, same.stdout.as_str()), (0, "Nothing has changed since `generated/schema/schema.json`.\n"));
    project.edit("column-added");
    assert_eq!(project.diff(&[]).code, 0);
    assert_eq!(project.diff(&["--exit-code"]).code, 1);
    // Comparing isn't generating.
    assert_eq!(project.diff(&["--exit-code"]).code, 1);
    project.generate();
    assert_eq!(project.diff(&["--exit-code"]).code, 0);
}

#[test]
fn without_an_earlier_schema_every_model_is_new() {
    let project = Project::generated();
    fs::remove_dir_all(project.path("generated")).expect("removed");
    let run = project.diff(&["--exit-code"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    insta::assert_snapshot!("first", run.stdout);
}

#[test]
fn another_database_begins_empty() {
    let project = Project::after("column-removed");
    let sqlite = project.diff(&["--adapter", "sqlite"]).stdout;
    let renamed = format!("{}database: another\n", fs::read_to_string(project.path(CONFIG)).expect("the config"));
    project.write(CONFIG, &renamed);
    insta::assert_snapshot!("database", format!("{sqlite}\n{}", project.diff(&["--format", "markdown"]).stdout));
}

#[test]
fn a_file_may_have_come_from_windows() {
    let project = Project::generated();
    project.write("base.json", &format!("\u{FEFF}{}", project.schema().replace('\n', "\r\n")));
    assert_eq!(project.diff(&["--base", "base.json", "--exit-code"]).code, 0);
}

#[test]
fn a_git_revision_has_an_earlier_schema() {
    let project = Project::generated();
    project.git(&["init", "--quiet"]);
    project.commit();
    project.git(&["tag", "v1"]);
    project.edit("column-removed");
    project.generate();
    assert_eq!(project.diff(&["--exit-code"]).code, 0);
    let run = project.diff(&["--base", "v1"]);
    let said = "1 breaking, compared with `v1:generated/schema/schema.json`\n";
    assert!(run.stdout.ends_with(said), "{}{}", run.stdout, run.stderr);

    // Whoever doesn't commit generated files has none there, and perhaps none here.
    fs::remove_dir_all(project.path("generated")).expect("removed");
    assert_eq!(project.diff(&["--base", "main"]).stdout, run.stdout.replace("v1:", "main:"));
    project.commit();
    let gone = project.diff(&["--base", "main"]);
    assert!(
        gone.stdout.starts_with("There is no `main:generated/schema/schema.json`: every model is new."),
        "{}{}",
        gone.stdout,
        gone.stderr
    );

    // From elsewhere, the paths are the config's.
    let elsewhere = project.path("docs");
    fs::create_dir(&elsewhere).expect("a folder");
    let run = sync_patterns(&["diff", "--config", "../sync-patterns.config.yaml", "--base", "v1"], &elsewhere);
    assert!(run.stdout.ends_with(said), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_base_that_is_not_there_is_told() {
    let project = Project::generated();
    let outside = project.failure(&["--base", "main"]);
    project.git(&["init", "--quiet"]);
    project.commit();
    let unknown = project.failure(&["--base", "origin/main"]);
    let option = project.failure(&["--base=--output=x"]);
    insta::assert_snapshot!("git", [outside, unknown, option].join("\n"));
    assert!(!project.path("x").exists());
}

#[test]
fn a_base_that_is_no_schema_is_told_with_its_place() {
    let project = Project::generated();
    let schema = project.schema();
    let bases = [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        schema.replace("\"models\": [", "\"models\": [,"),
        schema.replace("\"version\": 1", "\"version\": 99"),
        schema.replacen("\"nullable\": false", "\"nullable\": \"no\"", 1),
        schema.replacen("\"key\": [\"id\"],", "", 1),
        "openapi: 3.0.3\npaths: {}\n".to_owned(),
    ];
    let failures = bases.map(|base| {
        project.write("base.json", &base);
        project.failure(&["--base", "base.json"])
    });
    insta::assert_snapshot!("broken", failures.join("\n"));
}

#[test]
fn a_broken_document_is_compared_with_nothing() {
    let project = Project::generated();
    project.write("openapi.json", "{");
    let failure = project.failure(&[]);
    assert!(failure.ends_with("1 error, nothing was compared\n"), "{failure}");
}

#[test]
fn a_model_that_has_gone_may_still_have_its_entry() {
    let project = Project::generated();
    let mut changed = api();
    changed.labels = None;
    changed.config = "  labels: { local_first: true }\n  things: { local_first: true }\n";
    project.set(&changed);
    let run = project.diff(&[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("labels"), "{}", run.stdout);
    let told = run.stderr.lines().next().expect("a warning");
    assert_eq!(told, "warning: no model `labels` was found");
    assert!(run.stderr.contains("help: take the entry out if the model has gone"), "{}", run.stderr);
    let refused = sync_patterns(&["generate"], project.folder.path());
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("help: take the entry out if the model has gone"), "{}", refused.stderr);
}

#[test]
fn names_of_other_people_stay_in_their_place() {
    let project = Project::generated();
    let hostile = r##"\"nick` | </td>\n\n# Title\u001b[2J"##;
    project.write("base.json", &project.schema().replace("\"nick\"", &format!("\"{hostile}\"")));
    let markdown = project.diff(&["--base", "base.json", "--format", "markdown"]).stdout;
    assert!(markdown.contains("Title"), "{markdown}");
    let rows: Vec<&str> = markdown.lines().filter(|line| line.contains("Title")).collect();
    assert!(rows.iter().all(|row| row.replace("\\|", "").matches('|').count() == 4), "{markdown}");
    assert!(!markdown.contains("nick` \\|") && !markdown.contains('\u{1b}'), "{markdown}");
    let text = project.diff(&["--base", "base.json"]).stdout;
    assert!(!text.contains('\u{1b}') && !text.contains("\n# Title"), "{text}");
}

/// Nothing of the file can change without a word.
#[test]
fn every_difference_is_told() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/workspace");
    let run = sync_patterns(&["generate", "--stdout"], &fixture);
    let schema = run.stdout.split("==> ").find_map(|file| file.strip_prefix("schema/schema.json <==\n"));
    let root: Value = serde_json::from_str(schema.expect("the schema")).expect("JSON");
    let parsed = |root: &Value| {
        let source = Source::new("schema.json", root.to_string().into_bytes(), Input::Base, &mut Problems::default());
        read(&source, &mut Problems::default())
    };
    let old = parsed(&root).expect("a schema");
    let mut pointers = Vec::new();
    leaves(&root, String::new(), &mut pointers);
    let mut told = 0;
    for pointer in pointers {
        let mut changed = root.clone();
        let leaf = changed.pointer_mut(&pointer).expect("the leaf");
        *leaf = match leaf {
            Value::Bool(is_so) => Value::Bool(!*is_so),
            Value::String(text) if ["required", "optional"].contains(&text.as_str()) => "never".into(),
            Value::String(text) if ["never", "client", "server"].contains(&text.as_str()) => {
                if text == "never" {
                    "optional".into()
                } else {
                    "given".into()
                }
            }
            Value::String(text) => format!("{text}_").into(),
            _ => "another".into(),
        };
        let Some(new) = parsed(&changed) else { continue };
        assert!(!compare(&old, &new).is_empty(), "{pointer}: {changed:#}");
        assert!(!compare(&new, &old).is_empty(), "{pointer}: {changed:#}");
        told += 1;
    }
    assert!(told > 300, "{told}");
}

fn leaves(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| *name != "_generated" && *name != "version") {
                leaves(member, format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| leaves(item, format!("{pointer}/{index}"), found));
        }
        _ => found.push(pointer),
    }
}
