//! Generated TypeScript, given to the compilers, the formatter and the runtime that an application would use.

mod projects;
mod random;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::support::size::is_long;
use crate::support::workspace::Workspace;
use serde_json::Value;
use sync_patterns::codegen::{self, typescript};
use sync_patterns::codegen::{BANNER, Files, Settings};
use sync_patterns::config::{Adapter, IdempotencyKey, Int64};
use sync_patterns::config::{Collections, Framework, Transport};
use sync_patterns::model::{Field, FieldType, Metadata, Project};
use sync_patterns::plan::Plan;

fn settings(int64: Int64) -> Settings<'static> {
    Settings {
        adapter: Adapter::Pglite,
        int64,
        framework: Framework::React,
        database: "tests",
        electric_url: "http://127.0.0.1:1",
        sync_url: "/api/sync",
        api_base_url: "http://127.0.0.1:1/api",
        idempotency_key: IdempotencyKey::Header,
        poll: 30,
        server: None,
        templates: None,
    }
}

fn generate(project: &Project, int64: Int64, schema: &Files) -> Files {
    let files =
        typescript::files(&Plan::of(project), settings(int64), &Default::default(), schema, &Default::default());
    files.expect("generated files")
}

/// What the SQL target might give: with everything that means something between backquotes.
fn schema(project: &Project) -> Files {
    let hostile = "-- `tick` ${1 + 1} $${x} \\n \\\\ \\u{41}\r\n\tSELECT '\u{2028}größe 😀\u{0}';\n";
    let mut files = Files::from([("schema/_changes.sql".to_owned(), format!("-- the log\n{hostile}"))]);
    for model in &project.models {
        files.insert(format!("schema/{}.sql", model.name), format!("-- {}\n{hostile}`", model.name));
    }
    files
}

/// Every project, under the name that the consumer imports it by.
fn everything(name: &str) -> Workspace {
    let workspace = Workspace::new(name);
    for (folder, project, int64) in [
        ("contacts", projects::contacts(), Int64::Number),
        ("numbers", projects::samples(), Int64::Number),
        ("strings", projects::samples(), Int64::String),
        ("bigints", projects::samples(), Int64::Bigint),
        ("hostile", projects::hostile(), Int64::Number),
        ("names", projects::clashing_names(), Int64::Number),
        ("polled", projects::polled(), Int64::Number),
        ("pushed", projects::pushed(), Int64::Number),
    ] {
        workspace.write(&format!("src/{folder}"), &generate(&project, int64, &schema(&project)));
    }
    workspace
}

/// The same as JavaScript.
fn emitted() -> &'static Workspace {
    static EMITTED: OnceLock<Workspace> = OnceLock::new();
    EMITTED.get_or_init(|| {
        let workspace = everything("emitted");
        workspace.emit();
        workspace
    })
}

#[test]
fn compiles_and_has_teeth() {
    let workspace = everything("compiles");
    workspace.write_file("src/consumer.ts", include_str!("consumer.ts"));
    workspace.type_check();
}

/// With the packages that have an adapter for every framework, and with both kinds of collections.
#[test]
fn every_framework_compiles() {
    let workspace = Workspace::for_frameworks("frameworks");
    let mut mixed = projects::samples();
    for model in mixed.models.iter_mut().step_by(2) {
        model.collections = Collections::Electric;
    }
    let mut electric = projects::samples();
    electric.models.iter_mut().for_each(|model| model.collections = Collections::Electric);
    let local = projects::samples();
    let frameworks = [Framework::React, Framework::Vue, Framework::Svelte, Framework::Solid, Framework::None];
    for (framework, name) in frameworks.into_iter().zip(["react", "vue", "svelte", "solid", "none"]) {
        let write = |kind: &str, adapter: Adapter, project: &Project| {
            let settings = Settings { adapter, framework, ..settings(Int64::Bigint) };
            workspace.write(
                &format!("src/{name}/{kind}"),
                &codegen::files(&Plan::of(project), settings).expect("generated files"),
            );
        };
        write("electric", Adapter::Pglite, &electric);
        match framework {
            Framework::Vue | Framework::Solid => write("local", Adapter::Sqlite, &local),
            Framework::React => write("local", Adapter::Pglite, &mixed),
            Framework::Svelte | Framework::None => write("local", Adapter::IndexedDb, &local),
        }
    }
    workspace.write_file("src/consumer.ts", include_str!("frameworks.ts"));
    workspace.type_check();
    workspace.assert_formatted(&["src/**/*.ts", "!src/*/*/db/**", "!src/consumer.ts"]);
}

/// A file that nobody generates would be dead.
#[test]
fn every_template_is_generated() {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for adapter in [Adapter::Pglite, Adapter::Sqlite, Adapter::IndexedDb] {
        let mut project = projects::samples();
        project.models[0].collections = Collections::Electric;
        project.models[1].transport = Transport::Rest;
        project.models[2].transport = Transport::PushPull;
        let edited_at = projects::field("_edited_at", FieldType::DateTime);
        project.models[2].fields.push(Field { metadata: Some(Metadata::EditedAt), ..edited_at });
        let files = codegen::files(&Plan::of(&project), Settings { adapter, ..settings(Int64::Number) })
            .expect("generated files");
        names.extend(files.into_keys().filter_map(|path| Some(path.strip_prefix("db/")?.to_owned())));
    }
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/typescript/runtime");
    let mut folders = vec![runtime.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let path = path.strip_prefix(&runtime).expect("below it").to_string_lossy().replace('\\', "/");
            let hook = path.strip_prefix("collection/hooks/").and_then(|hook| hook.split_once('/'));
            let name = hook.map_or(path.clone(), |(_framework, name)| format!("collection/hooks/{name}"));
            assert!(names.contains(&name), "{path}");
        }
    }
}

#[test]
fn is_formatted() {
    everything("formatted").assert_formatted(&[
        "src/contacts",
        "src/pushed",
        "src/**/*.ts",
        "src/**/*.json",
        "!src/*/db/**",
    ]);
}

#[test]
fn random_types_compile_and_are_formatted() {
    let workspace = Workspace::new("random");
    for seed in 1..=if is_long() { 12 } else { 4 } {
        let project = random::project(seed);
        workspace.write(&format!("src/seed{seed}"), &generate(&project, Int64::Number, &schema(&project)));
    }
    workspace.assert_formatted(&["src/**/*.ts", "src/**/*.json", "!src/*/db/**"]);
    workspace.type_check();
}

/// Modules of types become empty ones: nothing in a name or a description got out of its place.
#[test]
fn types_hold_no_code() {
    let modules = emitted().read_folder("dist/hostile/types");
    assert!(modules.len() >= 2);
    for (path, text) in modules {
        let body: Vec<&str> = text.lines().filter(|line| *line != "export {};").collect();
        let access = body.first().is_some_and(|line| line.starts_with("import { canEdit }"));
        assert!(body.is_empty() || access, "{path}:\n{text}");
    }
}

#[test]
fn schema_modules_hold_the_statements() {
    for (folder, project) in [("contacts", projects::contacts()), ("names", projects::clashing_names())] {
        let script = format!(
            "import {{ modelSql, sharedSql }} from './dist/{folder}/schema/_schema.js';
            console.log(JSON.stringify([['_changes', sharedSql], ...modelSql]));"
        );
        let found: Vec<(String, String)> = serde_json::from_str(&emitted().run("schema", &script)).expect("JSON");
        let expected = schema(&project);
        assert_eq!(found.len(), expected.len());
        for (name, sql) in found {
            assert_eq!(sql, codegen::sql::compact(&expected[&format!("schema/{name}.sql")]), "{name}");
        }
    }
}

#[test]
fn access_metadata_is_a_value() {
    let found = emitted().run(
        "access",
        "import { sampleAccess } from './dist/numbers/types/samples.js'; console.log(JSON.stringify(sampleAccess));",
    );
    let samples = projects::samples();
    let model = samples.models.iter().find(|model| model.name == "samples").expect("the model");
    let mut expected = model.rbac.clone().expect("metadata");
    expected["owner_only"] = serde_json::json!(["amount", "payload"]);
    assert_eq!(serde_json::from_str::<Value>(&found).expect("JSON"), expected);
}

#[test]
fn contacts() {
    let project = projects::contacts();
    let files = generate(
        &project,
        Int64::Number,
        &Files::from([
            ("schema/_changes.sql".to_owned(), "CREATE TABLE _changes ();\n".to_owned()),
            ("schema/contacts.sql".to_owned(), "CREATE TABLE contacts_synced ();\n".to_owned()),
        ]),
    );
    let own: Vec<_> =
        files.iter().filter(|(path, _)| !path.starts_with("db/") || *path == "db/client/defaults.ts").collect();
    let paths: Vec<&str> = own.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "client.ts",
            "collections/contacts.ts",
            "db/client/defaults.ts",
            "index.ts",
            "schema/_changes-sql.ts",
            "schema/_schema.ts",
            "schema/contacts-sql.ts",
            "schema/contacts.ts",
            "schema/index.ts",
            "schema/schema.json",
            "store.ts",
            "types/contacts.ts",
        ]
    );
    for (path, text) in own {
        insta::assert_snapshot!(format!("contacts__{}", path.replace('/', "__")), text);
    }
}

#[test]
fn samples() {
    let files = generate(&projects::samples(), Int64::Bigint, &Files::new());
    for path in [
        "index.ts",
        "schema/schema.json",
        "schema/samples.ts",
        "collections/memberships.ts",
        "types/samples.ts",
        "types/_shared.ts",
        "types/readings.ts",
    ] {
        insta::assert_snapshot!(format!("samples__{}", path.replace('/', "__")), files[path]);
    }
}

#[test]
fn every_file_says_that_it_is_generated() {
    for project in [projects::contacts(), projects::samples(), projects::hostile(), Project::default()] {
        for (path, text) in generate(&project, Int64::Number, &schema(&project)) {
            let head = match path.rsplit('.').next() {
                Some("json") => "{\n  \"_generated\": \"",
                Some("gitattributes") => "# ",
                _ => "// ",
            };
            assert!(text.starts_with(&format!("{head}{BANNER}")), "{path}");
            assert!(text.ends_with('\n') && !text.ends_with("\n\n") && !text.contains('\r'), "{path}");
        }
    }
}

/// Files of a folder may not differ in case alone, and none of them is another's.
#[test]
fn no_two_files_share_a_name() {
    let project = projects::clashing_names();
    let files = generate(&project, Int64::Number, &schema(&project));
    let mut lower: Vec<String> = files.keys().map(|path| path.to_lowercase()).collect();
    lower.dedup();
    assert_eq!(lower.len(), files.len());
    let own = files.keys().filter(|path| !path.starts_with("db/")).count();
    let shared =
        "index, client, store, types/_shared, schema/index, schema/_changes.sql, schema/_schema, schema/schema.json"
            .split(", ")
            .count();
    assert_eq!(own, "types, collections, schema, schema/….sql".split(", ").count() * project.models.len() + shared);
}

/// A model more is new files, and lines more in the others.
#[test]
fn a_new_model_only_adds_lines() {
    let more = projects::samples();
    let mut fewer = more.clone();
    fewer.models.retain(|model| model.name != "readings");
    let after = generate(&more, Int64::Number, &schema(&more));
    for (path, text) in generate(&fewer, Int64::Number, &schema(&fewer)) {
        let mut lines = after[&path].lines();
        for line in text.lines() {
            assert!(lines.any(|other| other == line), "{path}: {line}");
        }
    }
}
