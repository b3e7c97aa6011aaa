//! The config's JSON schema, held against the reader of configs: what one takes, the other takes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sync_patterns::config::{self, Overrides};
use sync_patterns::diagnostics::{Code, Input, Problem, Problems, Severity};
use sync_patterns::source::{Source, Whole};

use crate::cli::home;
use crate::support::binary::sync_patterns;

/// Whether a problem isn't of a config's shape, so that no schema can know it.
fn is_not_of_shape(problem: &Problem) -> bool {
    match problem.code {
        Code::NoSuchFolder | Code::ExcludedField => true,
        // Only beside a sync server.
        Code::BadName => problem.pointer.ends_with("/table"),
        _ => false,
    }
}

fn schema() -> Value {
    let run = sync_patterns(&["schema"], home());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    serde_json::from_str(&run.stdout).expect("JSON")
}

struct Checked {
    /// The first problem that the reader finds in the config's shape.
    reader: Option<String>,
    /// The first that the validator finds.
    validator: Option<String>,
}

/// `None` where the text can't be parsed at all.
fn check(text: &str, schema: &Value) -> Option<Checked> {
    let mut problems = Problems::default();
    let source = Source::new("config.yaml", text.into(), Input::Config, &mut problems);
    let root = source.parse(Input::Config, Whole, &mut problems)?;
    config::read(&root, Path::new(""), &Overrides::default(), &mut problems);
    let mut errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let of_shape = errors.find(|problem| !is_not_of_shape(problem));
    let validator = jsonschema::draft7::new(schema).expect("a schema");
    Some(Checked {
        reader: of_shape.map(|problem| problem.message.clone()),
        validator: validator.iter_errors(&root).next().map(|error| error.to_string()),
    })
}

fn assert_agreement(text: &str, schema: &Value, name: &str) -> bool {
    let Some(checked) = check(text, schema) else { return false };
    let (reader, validator) = (&checked.reader, &checked.validator);
    assert_eq!(reader.is_some(), validator.is_some(), "{name}: the reader says {reader:?}, the schema {validator:?}");
    reader.is_none()
}

/// Every file of a name below a folder of the repository.
fn files_called(name: &str, below: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(below).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_called(name, &path, found);
        } else if path.ends_with(name) {
            found.push(path);
        }
    }
}

#[test]
fn it_is_a_schema() {
    let schema = schema();
    let problem = jsonschema::meta::validate(&schema).err().map(|error| error.to_string());
    assert_eq!(problem, None);
}

#[test]
fn every_config_of_the_repository() {
    let schema = schema();
    let mut configs = vec![home().join("sync-patterns.config.yaml")];
    for folder in ["fixtures", "tests"] {
        files_called("sync-patterns.config.yaml", &home().join(folder), &mut configs);
    }
    let mut valid = 0;
    for path in &configs {
        let text = fs::read(path).expect("a config");
        let taken = assert_agreement(&String::from_utf8_lossy(&text), &schema, &path.display().to_string());
        valid += usize::from(taken);
    }
    assert!(valid > 20, "{valid} of {} configs are valid", configs.len());
}

#[test]
fn every_config_of_the_pages() {
    let schema = schema();
    let mut pages = vec![home().join("README.md")];
    pages.extend(fs::read_dir(home().join("docs")).expect("the pages").map(|entry| entry.expect("an entry").path()));
    let mut count = 0;
    for path in pages {
        let page = fs::read_to_string(path).expect("a page");
        let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block);
        for block in blocks.filter(|block| ["version:", "models:", "spec:"].iter().any(|key| block.starts_with(key))) {
            let required = ["version: 1\n", "spec: x\n", "output: x\n"];
            let missing = required.iter().filter(|line| !block.contains(line.split(' ').next().unwrap_or_default()));
            let config: String = missing.copied().chain([block]).collect();
            assert!(assert_agreement(&config, &schema, block), "{block}");
            count += 1;
        }
    }
    assert!(count >= 3, "{count} blocks");
}

#[test]
fn what_the_reader_refuses_and_takes() {
    let schema = schema();
    let required = "version: 1\nspec: x\noutput: x\n";
    let cases = [
        ("", true),
        ("adpter: sqlite", false),
        ("adapter: sqlite", true),
        ("adapter: SQLite", false),
        ("adapter: [sqlite]", false),
        ("framework: angular", false),
        ("framework: none", true),
        ("sync: all", true),
        ("sync: some", false),
        ("transport: electric", true),
        ("transport: pigeon", false),
        ("transport: rest\npoll: 5\noverlap: 0", true),
        ("transport: rest\ncollections: electric", false),
        ("poll: 0", false),
        ("poll: often", false),
        ("overlap: -1", false),
        ("models: { contacts: { transport: rest, priority: -1, soft_delete: false } }", true),
        ("models: { contacts: { soft_delete: true } }", false),
        ("server: { output: ./server }\nsync_url: /api/sync", true),
        ("server: { output: ./server, framework: fetch, orm: none, tables: own }", true),
        ("server: { output: ./server, framework: tanstack-start }", true),
        ("server: {}", false),
        ("server: { output: ./server, framework: sveltekit }", true),
        ("server: { output: ./server, framework: sveltekit, routes: ./src/routes/sync }", true),
        ("server: { output: ./server, framework: nuxt }", false),
        ("server: { output: ./server, orm: drizzle }", true),
        ("server: { output: ./server, orm: prisma }", false),
        ("server: { output: ./server, tables: existing }", true),
        ("server: { output: ./server, port: 80 }", false),
        ("sync_url: example.org", false),
        ("models: { contacts: { scope: owner_id, conflict: reject } }", true),
        ("models: { contacts: { scope: { column: owner_id, as: user } } }", true),
        ("models: { contacts: { scope: { as: user } } }", false),
        ("models: { contacts: { conflict: newest } }", false),
        ("models: { contacts: { priority: high } }", false),
        ("models: { contacts: { list: { page: p, size: n, max: 50, first: 0, total: meta.total } } }", true),
        ("models: { contacts: { list: { page: false, rows: [data, items] } } }", true),
        ("models: { contacts: { list: { page: true } } }", false),
        ("models: { contacts: { list: { page: p, offset: skip } } }", false),
        ("models: { contacts: { list: { cursor: after } } }", false),
        ("models: { contacts: { list: { next: meta.next } } }", false),
        ("models: { contacts: { list: { cursor: after, next: meta.next } } }", true),
        ("models: { contacts: { list: { link: Link, since: false, changed: false } } }", true),
        ("models: { contacts: { list: { max: 0 } } }", false),
        ("models: { contacts: { list: { total: 7 } } }", false),
        ("models: { contacts: { list: { sizes: n } } }", false),
        ("collections: electric", true),
        ("collections: remote", false),
        ("int64: bigint", true),
        ("int64: integer", false),
        ("database: ''", false),
        ("database: 7", false),
        ("electric_url: localhost:3000", false),
        ("electric_url: /electric", true),
        ("api_base_url: https://example.org/api/", true),
        ("api_base_url: ftp://example.org", false),
        ("idempotency_key: none", true),
        ("idempotency_key: body", false),
        ("templates: 7", false),
        ("spec_refs: files", true),
        ("spec_refs: web", false),
        ("spec_headers: { Authorization: 'Bearer ${TOKEN}' }", true),
        ("spec_headers: [Authorization]", false),
        ("models:", true),
        ("models: []", false),
        ("models: { contacts: }", true),
        ("models: { contacts: true, notes: false }", true),
        ("models: { contacts: yes-please }", false),
        ("models: { '': true }", false),
        ("models: { contacts: { local_frist: true } }", false),
        ("models: { contacts: { local_first: 1 } }", false),
        ("models: { contacts: { path: contacts } }", false),
        ("models: { contacts: { path: /contacts } }", true),
        ("models: { contacts: { key: [] } }", false),
        ("models: { contacts: { key: [id, id] } }", false),
        ("models: { contacts: { key: id } }", false),
        ("models: { contacts: { key: [org, id] } }", true),
        ("models: { contacts: { exclude: notes } }", false),
        ("models: { contacts: { exclude: [notes, 7] } }", false),
        ("models: { contacts: { columns: snake } }", true),
        ("models: { contacts: { columns: camel } }", false),
        ("models: { contacts: { columns: { firstName: first_name } } }", true),
        ("models: { contacts: { columns: { firstName: 1 } } }", false),
        ("models: { contacts: { write_id: true, table: crm.contacts } }", true),
        ("models: { contacts: { references: { account_id: accounts } } }", true),
        ("models: { contacts: { references: [accounts] } }", false),
        ("models: { contacts: { indexes: [name, [last, first]] } }", true),
        ("models: { contacts: { indexes: [[name, name]] } }", false),
        ("models: { contacts: { indexes: [7] } }", false),
        ("models: { contacts: { rbac: { owner_only: [salary], field_groups: {} } } }", true),
        ("models: { contacts: { rbac: { owners_only: [salary] } } }", false),
        ("models: { contacts: { rbac: { role_permissions: [] } } }", false),
    ];
    for (lines, valid) in cases {
        assert_eq!(assert_agreement(&format!("{required}{lines}"), &schema, lines), valid, "{lines}");
    }
    let many: Vec<String> = (0..33).map(|number| format!("f{number}")).collect();
    let many = format!("{required}models: {{ contacts: {{ key: [{}] }} }}", many.join(", "));
    for text in ["version: 1\nspec: x", "version: 2\nspec: x\noutput: x", "spec: x\noutput: x", "[]", many.as_str()] {
        assert!(!assert_agreement(text, &schema, text), "{text}");
    }
}

/// The reader says which keys it knows where it meets one that is like none of them.
#[test]
fn the_same_keys() {
    let schema = schema();
    let folder = tempfile::tempdir().expect("a folder");
    let known = |lines: &str| {
        fs::write(folder.path().join("c.yaml"), format!("version: 1\nspec: x\noutput: x\n{lines}")).expect("a file");
        let run = sync_patterns(&["generate", "--config", "c.yaml", "--message-format", "json"], folder.path());
        let problems: Vec<Value> =
            run.stderr.lines().map(|line| serde_json::from_str(line).expect("a problem")).collect();
        let unknown = problems.iter().find(|problem| problem["code"] == "unknown-key").expect("the problem");
        let help = unknown["help"].as_str().expect("a help").to_owned();
        let mut keys: Vec<String> = help.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        keys.sort();
        keys
    };
    let keys = |pointer: &str| {
        let members = schema.pointer(pointer).and_then(Value::as_object).expect("properties");
        let mut keys: Vec<String> = members.keys().cloned().collect();
        keys.sort();
        keys
    };
    let model = "/definitions/model/properties";
    assert_eq!(known("qqqqqqqqqqqqqqqq: 1"), keys("/properties"));
    assert_eq!(known("models: { contacts: { qqqqqqqqqqqqqqqq: 1 } }"), keys(model));
    assert_eq!(
        known("models: { contacts: { rbac: { qqqqqqqqqqqqqqqqqq: 1 } } }"),
        keys(&format!("{model}/rbac/properties"))
    );
}
