//! A document over several files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::binary::{Run, sync_patterns, sync_patterns_with_input};
use crate::support::web::{Answer, Server};

/// A list of notes, whose schema stands elsewhere.
const SPEC: &str = r##"openapi: 3.0.3
info: { title: Notes, version: "1" }
paths:
  /notes:
    get: { responses: { "200": { description: All, content: { application/json: { schema: { type: array, items: { $ref: "NOTE" } } } } } } }
  /notes/{id}:
    get: { responses: { "200": { description: One, content: { application/json: { schema: { $ref: "NOTE" } } } } } }
"##;
const NOTE: &str =
    "type: object\nrequired: [id]\nproperties:\n  id: { type: string }\n  kind: { type: string, enum: [a, b] }\n";

/// The place of the first reference in `SPEC`.
const PLACE: &str = "(/paths/~1notes/get/responses/200/content/application~1json/schema/items)";

struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// With the reference to the note.
    fn new(reference: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder") };
        project.write("api/openapi.yaml", &SPEC.replace("NOTE", reference));
        project
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn run(&self, more: &[&str]) -> Run {
        let arguments = ["generate", "--all", "--spec", "api/openapi.yaml", "--output", "out", "--stdout"];
        sync_patterns(&[&arguments, more].concat(), self.folder.path())
    }

    /// What is generated, without a word said.
    fn generated(&self, more: &[&str]) -> String {
        let run = self.run(more);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        run.stdout
    }
}

/// What the document says where the note stands in itself.
fn in_one_file() -> String {
    let project = Project::new("#/components/schemas/Note");
    let inside: String = NOTE.lines().map(|line| format!("      {line}\n")).collect();
    let spec = SPEC.replace("NOTE", "#/components/schemas/Note") + "components:\n  schemas:\n    Note:\n" + &inside;
    project.write("api/openapi.yaml", &spec);
    project.generated(&[])
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/split-files")
}

#[test]
fn the_same_files_as_of_the_bundled_document() {
    for adapter in ["pglite", "sqlite"] {
        let split = sync_patterns(&["generate", "--stdout", "--adapter", adapter], &fixture());
        let bundled =
            sync_patterns(&["generate", "--stdout", "--adapter", adapter, "--spec", "bundled.yaml"], &fixture());
        assert!(split.code == 0 && !split.stderr.contains("warning"), "{}", split.stderr);
        assert_eq!(split.stdout, bundled.stdout);
    }
}

#[test]
fn the_same_files_from_a_server() {
    let server = Server::start(|request| {
        let path = request.path.trim_start_matches("/v1/").replace("%20", " ");
        match fs::read_to_string(fixture().join(path)) {
            Ok(text) => Answer::ok("application/yaml", &text),
            Err(_) => Answer::status("404 Not Found"),
        }
    });
    let arguments = ["generate", "--stdout", "--spec", &server.url("/v1/openapi.yaml")];
    let run = sync_patterns(&arguments, &fixture());
    assert!(run.code == 0 && !run.stderr.contains("warning"), "{}", run.stderr);
    assert_eq!(run.stdout, sync_patterns(&["generate", "--stdout"], &fixture()).stdout);
    let mut asked = server.paths();
    assert_eq!(asked.first().map(String::as_str), Some("/v1/openapi.yaml"));
    let count = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), count, "each is asked for once");
}

#[test]
fn layouts_that_say_the_same() {
    let one = in_one_file();
    let whole_file = Project::new("schemas/Note.yaml");
    whole_file.write("api/schemas/Note.yaml", NOTE);
    assert_eq!(whole_file.generated(&[]), one);

    let json = Project::new("./Note.schema.json#");
    let text = r#"{ "type": "object", "required": ["id"], "properties": { "id": { "type": "string" }, "kind": { "$ref": "note/index.json#/enums/0" } } }"#;
    json.write("api/Note.schema.json", text);
    json.write("api/note/index.json", r#"{ "enums": [{ "type": "string", "enum": ["a", "b"] }] }"#);
    assert!(json.generated(&[]).contains("kind: \"a\" | \"b\" | null;"), "{}", json.generated(&[]));

    let definitions = Project::new("common.yaml#/components/schemas/Note");
    let inside: String = NOTE.lines().map(|line| format!("      {line}\n")).collect();
    definitions.write("api/common.yaml", &format!("components:\n  schemas:\n    Note:\n{inside}"));
    assert_eq!(definitions.generated(&[]), one);

    let chain = Project::new("a.yaml#/Note");
    chain.write("api/a.yaml", "Note: { $ref: b.yaml#/definitions/Note }\n");
    chain.write("api/b.yaml", "definitions: { Note: { $ref: sub/Note.yaml } }\n");
    chain.write("api/sub/Note.yaml", NOTE);
    assert_eq!(chain.generated(&[]), one);

    let parts = Project::new("");
    let schemas = "openapi: 3.0.3\npaths: { $ref: paths.yaml }\ncomponents: { schemas: { $ref: schemas.yaml } }\n";
    parts.write("api/openapi.yaml", schemas);
    let paths =
        SPEC.split("paths:\n").nth(1).expect("the paths").replace("NOTE", "openapi.yaml#/components/schemas/Note");
    parts.write("api/paths.yaml", &paths);
    parts.write("api/schemas.yaml", "Note: { $ref: './Note.yaml' }\n");
    parts.write("api/Note.yaml", &NOTE.replace('\n', "\r\n"));
    assert_eq!(parts.generated(&[]), one);
}

#[test]
fn references_where_openapi_has_none() {
    let project = Project::new("");
    let spec = "openapi: 3.0.3\npaths:\n  /notes: { get: { $ref: list.yaml } }\n  /notes/{id}: { get: { responses: { $ref: one.yaml } } }\n";
    project.write("api/openapi.yaml", spec);
    project
        .write("api/list.yaml", "responses: { '200': { content: { application/json: { $ref: json.yaml#/list } } } }\n");
    project.write("api/one.yaml", "'200': { content: { $ref: content.yaml } }\n");
    project.write("api/content.yaml", "application/json: { $ref: json.yaml#/one }\n");
    let json = "list: { schema: { type: array, items: { $ref: Note.yaml } } }\none: { schema: { $ref: Note.yaml } }\n";
    project.write("api/json.yaml", json);
    project.write("api/Note.yaml", NOTE);
    assert_eq!(project.generated(&[]), in_one_file());
}

#[test]
fn properties_in_a_file_of_their_own() {
    let project = Project::new("Note.yaml");
    project.write("api/Note.yaml", "type: object\nrequired: [id]\nproperties: { $ref: parts/note.yaml#/all }\n");
    let all = "all: { id: { type: string }, kind: { type: string, enum: [a, b] } }\n";
    project.write("api/parts/note.yaml", all);
    assert_eq!(project.generated(&[]), in_one_file());
    // A property may be called so.
    project.write("api/Note.yaml", &format!("{NOTE}  $ref: {{ type: string }}\n"));
    assert!(project.generated(&[]).contains("  $ref: string | null;"));
    project.write("api/Note.yaml", "type: object\nproperties: { $ref: '#/properties' }\n");
    assert!(project.run(&[]).stderr.contains("the references form a circle\n  --> api/Note.yaml:2:1 (/properties)"));
}

#[test]
fn circles_end() {
    let project = Project::new("Note.yaml");
    project.write(
        "api/Note.yaml",
        &format!("{NOTE}  parent: {{ $ref: Note.yaml }}\n  tags: {{ type: array, items: {{ $ref: Tag.yaml }} }}\n"),
    );
    project
        .write("api/Tag.yaml", "type: object\nproperties: { notes: { type: array, items: { $ref: ./Note.yaml# } } }\n");
    let generated = project.generated(&[]);
    assert!(generated.contains("export interface Tag {") && generated.contains("notes?: NoteValue[];"), "{generated}");
    let nothing = Project::new("a.yaml");
    nothing.write("api/a.yaml", "$ref: b.yaml\n");
    nothing.write("api/b.yaml", "$ref: a.yaml\n");
    let run = nothing.run(&[]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(run.stderr.contains("error"), "{}", run.stderr);
}

#[test]
fn what_is_missing_is_told_where_it_is_referred_to() {
    let project = Project::new("schemas/Note.yaml");
    let run = project.run(&[]);
    let message = "warning: `schemas/Note.yaml` isn't read: there is no such file\n  --> api/openapi.yaml:5:";
    assert!(run.stderr.contains(message) && run.stderr.contains(PLACE), "{}", run.stderr);
    assert_eq!(run.stderr.matches("isn't read").count(), 1, "{}", run.stderr);

    project.write(
        "api/schemas/Note.yaml",
        &format!("{NOTE}  size: {{ $ref: values.yaml#/Size }}\n  mood: {{ $ref: '#/Mood' }}\n"),
    );
    project.write("api/schemas/values.yaml", "Sizes: { type: integer }\n");
    let run = project.run(&[]);
    for expected in [
        "warning: `values.yaml#/Size` doesn't exist in api/schemas/values.yaml\n  --> api/schemas/Note.yaml:6:3 (/properties/size)",
        "warning: `#/Mood` doesn't exist in api/schemas/Note.yaml\n  --> api/schemas/Note.yaml:7:3 (/properties/mood)",
    ] {
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn a_part_that_is_missing_is_told_too() {
    let project = Project::new("#/components/schemas/Note");
    let spec = fs::read_to_string(project.path("api/openapi.yaml")).expect("the document");
    for (reference, expected) in [
        ("schemas.yaml", "`schemas.yaml` isn't read: there is no such file"),
        ("openapi.yaml#/definitions", "`openapi.yaml#/definitions` doesn't exist in api/openapi.yaml"),
        ("'#/components/schemas'", "the references form a circle"),
    ] {
        project.write("api/openapi.yaml", &format!("{spec}components: {{ schemas: {{ $ref: {reference} }} }}\n"));
        let run = project.run(&[]);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        assert!(run.stderr.contains("--> api/openapi.yaml:8:15 (/components/schemas)"), "{}", run.stderr);
    }
}

#[test]
fn problems_in_another_file_name_it() {
    let project = Project::new("schemas/Note.yaml");
    project.write("api/schemas/Note.yaml", "type: object\nproperties: [\n");
    let run = project.run(&[]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("error: not valid YAML") && run.stderr.contains("--> api/schemas/Note.yaml:"),
        "{}",
        run.stderr
    );

    let twice = format!("{NOTE}  Kind: {{ type: string }}\n");
    project.write("api/schemas/Note.yaml", &twice);
    let run = project.run(&["--message-format", "json"]);
    let line = run.stderr.lines().find(|line| line.contains("collision")).expect("a problem");
    let problem: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(problem["file"], "api/schemas/Note.yaml");
    assert_eq!((&problem["pointer"], problem["line"].as_u64()), (&"/properties/Kind".into(), Some(6)));
    assert!(!run.stderr.contains("x-sync-patterns-documents"), "{}", run.stderr);

    project.write("api/schemas/Note.yaml", "");
    assert!(project.run(&[]).stderr.contains("error: the file is empty\n  --> api/schemas/Note.yaml"));
}

#[test]
fn files_outside_of_the_folder_are_asked_for() {
    for reference in ["../shared/Note.yaml", "..%2Fshared/Note.yaml", "sub/%2e%2e/../shared/Note.yaml"] {
        let project = Project::new(reference);
        project.write("shared/Note.yaml", NOTE);
        let run = project.run(&[]);
        assert!(
            run.stderr.contains(&format!("`{reference}` isn't read: it is outside of the document's folder")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("--spec-refs files") && run.stderr.contains(PLACE), "{}", run.stderr);
        assert_eq!(project.generated(&["--spec-refs", "files"]), in_one_file());
    }
    let project = Project::new("../shared/Note.yaml");
    project.write("shared/Note.yaml", &format!("{NOTE}  Kind: {{ type: string }}\n"));
    project.write(
        "sync-patterns.config.yaml",
        "version: 1\nspec: ./api/openapi.yaml\noutput: out\nsync: all\nspec_refs: files\n",
    );
    let run = sync_patterns(&["generate"], project.folder.path());
    assert!(run.stderr.contains("--> api/../shared/Note.yaml:6:3 (/properties/Kind)"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn links_lead_no_further_than_paths() {
    use std::os::unix::fs::symlink;
    let project = Project::new("Note.yaml");
    project.write("shared/Note.yaml", NOTE);
    symlink("../shared/Note.yaml", project.path("api/Note.yaml")).expect("a link");
    let run = project.run(&[]);
    assert!(run.stderr.contains("it is outside of the document's folder"), "{}", run.stderr);
    assert_eq!(project.generated(&["--spec-refs", "files"]), in_one_file());
    // A folder that is itself behind a link is no way out.
    let linked = Project::new("Note.yaml");
    linked.write("api/Note.yaml", NOTE);
    fs::rename(linked.path("api"), linked.path("real")).expect("moved");
    symlink("real", linked.path("api")).expect("a link");
    assert_eq!(linked.generated(&[]), in_one_file());
    // What isn't a file isn't waited for.
    let odd = Project::new("folder");
    fs::create_dir(odd.path("api/folder")).expect("a folder");
    assert!(odd.run(&[]).stderr.contains("`folder` isn't read: it isn't a file"));
}

#[test]
fn the_web_is_asked_for() {
    let server = Server::start(|request| {
        assert_eq!(request.header("authorization"), None, "a key went to another server");
        if request.path == "/Note.yaml" {
            Answer::ok("application/yaml", NOTE)
        } else {
            Answer::status("404 Not Found")
        }
    });
    let project = Project::new(&server.url("/Note.yaml"));
    for more in [&[][..], &["--spec-refs", "files"]] {
        let run = project.run(more);
        assert!(run.stderr.contains("isn't read: it has another origin"), "{}", run.stderr);
        assert!(run.stderr.contains("--spec-refs anywhere") && run.stderr.contains(PLACE), "{}", run.stderr);
    }
    assert!(server.paths().is_empty());
    let header = ["--spec-refs", "anywhere", "--header", "Authorization: Bearer x"];
    assert_eq!(project.generated(&header), in_one_file());
    let missing = Project::new(&server.url("/Other.yaml"));
    let stderr = missing.run(&["--spec-refs", "anywhere"]).stderr;
    assert!(stderr.contains("/Other.yaml answers 404 Not Found\n  --> api/openapi.yaml:5:"), "{stderr}");
    // A document of the web reads no files, whatever is asked for.
    let home = Project::new("Note.yaml");
    home.write("api/Note.yaml", NOTE);
    let url = format!("file://{}", home.path("api/Note.yaml").display());
    let web = Server::start(move |_| Answer::ok("application/yaml", &SPEC.replace("NOTE", &url)));
    let arguments =
        ["generate", "--all", "--output", "out", "--spec-refs", "anywhere", "--spec", &web.url("/openapi.yaml")];
    let run = sync_patterns(&arguments, home.folder.path());
    assert!(run.stderr.contains("a document from the web refers to a local file"), "{}", run.stderr);
}

#[test]
fn a_document_from_standard_input_has_no_folder() {
    let project = Project::new("Note.yaml");
    project.write("Note.yaml", NOTE);
    let arguments = ["generate", "--all", "--output", "out", "--spec", "-"];
    let spec = SPEC.replace("NOTE", "Note.yaml");
    let run = sync_patterns_with_input(&arguments, project.folder.path(), spec.as_bytes());
    assert!(
        run.stderr.contains("`Note.yaml` isn't read: a document from standard input has no folder\n  --> <stdin>:5:"),
        "{}",
        run.stderr
    );
}

#[test]
fn many_files_and_many_that_are_missing() {
    let properties = |prefix: &str| {
        let lines = (0..800).map(|n| format!("  f{n}: {{ $ref: \"values/{prefix}{n}.yaml\" }}\n"));
        NOTE.to_owned() + &lines.collect::<String>()
    };
    let project = Project::new("Note.yaml");
    project.write("api/Note.yaml", &properties("V"));
    for n in 0..800 {
        project.write(&format!("api/values/V{n}.yaml"), "type: object\nproperties: { x: { $ref: V1.yaml } }\n");
    }
    assert!(project.generated(&[]).contains("export interface V799 {"));
    project.write("api/Note.yaml", &properties("W"));
    let stderr = project.run(&[]).stderr;
    assert_eq!(stderr.matches("there is no such file").count(), 8, "{stderr}");
    assert!(stderr.contains("792 more references can't be resolved"), "{stderr}");
}
