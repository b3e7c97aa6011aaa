//! What `generate` says of an application that can't load what it writes, and what `init` writes for such.

use serde_json::{Value, json};

use crate::support::binary::sync_patterns;
use crate::support::project::Project;

/// What is said of loading: nothing, or the message.
fn said(project: &Project) -> Vec<String> {
    let run = sync_patterns(&["generate", "--message-format", "json"], project.folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let messages = run.stderr.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let ours = messages.filter(|message| message["code"] == "not-loaded");
    ours.map(|message| message["message"].as_str().expect("text").to_owned()).collect()
}

fn read(project: &Project, path: &str) -> String {
    std::fs::read_to_string(project.path(path)).expect("text")
}

fn project(package: &Value, compiler: &Value) -> Project {
    let project = Project::new();
    project.write("package.json", package.to_string());
    project.write("tsconfig.json", format!("// As tsc takes it.\n{}", json!({ "compilerOptions": compiler })));
    project
}

#[test]
fn commonjs_is_warned_of_where_nothing_bundles() {
    let modules = json!({ "type": "module" });
    let bundled = json!({ "devDependencies": { "vite": "8.0.0" } });
    for (package, module, is_warned) in [
        (json!({}), "CommonJS", true),
        (json!({ "type": "commonjs" }), "NodeNext", true),
        (json!({ "dependencies": { "pg": "8.0.0" } }), "node16", true),
        (modules.clone(), "commonjs", true),
        (modules, "nodenext", false),
        (bundled.clone(), "commonjs", false),
        (bundled, "esnext", false),
        (json!({}), "esnext", false),
        (json!({}), "preserve", false),
    ] {
        let messages = said(&project(&package, &json!({ "module": module })));
        assert_eq!(messages.len(), usize::from(is_warned), "{package} {module}: {messages:?}");
        assert!(messages.iter().all(|message| message.starts_with("tsconfig.json makes CommonJS")), "{messages:?}");
    }
}

#[test]
fn the_nearest_package_decides() {
    let project = project(&json!({}), &json!({ "module": "nodenext" }));
    assert_eq!(said(&project).len(), 1);
    project.write("src/generated/package.json", r#"{ "type": "module" }"#);
    assert_eq!(said(&project), [""; 0]);
    // Without either, nothing is known.
    assert_eq!(said(&Project::new()), [""; 0]);
}

#[test]
fn an_old_target_is_warned_of() {
    for (target, is_warned) in [("ES2017", true), ("es2019", true), ("ES2020", false), ("esnext", false)] {
        let messages = said(&project(&json!({ "type": "module" }), &json!({ "target": target })));
        assert_eq!(messages.len(), usize::from(is_warned), "{target}: {messages:?}");
    }
}

#[test]
fn bundlers_that_look_for_the_file_as_it_is_called() {
    let next = json!({ "dependencies": { "next": "16.0.0" } });
    let project = project(&next, &json!({}));
    let [message] = &said(&project)[..] else { panic!("one message") };
    assert_eq!(message, "Next.js doesn't find `./client.ts` where generated files import `./client.js`");
    let config = read(&project, "sync-patterns.config.yaml");
    for (word, path) in [("none", "./db/config"), (".js", "./db/config.js"), (".ts", "./db/config.ts")] {
        project.write("sync-patterns.config.yaml", format!("{config}\nimport_extension: {word}\n"));
        assert_eq!(said(&project), [""; 0]);
        let index = read(&project, "src/generated/index.ts");
        assert!(index.contains(&format!("from \"{path}\";")), "{word}: {index}");
    }
    let with_vite = json!({ "devDependencies": { "vite": "8.0.0", "webpack": "5.0.0" } });
    project.write("package.json", with_vite.to_string());
    project.write("sync-patterns.config.yaml", config);
    assert_eq!(said(&project), [""; 0]);
}

#[test]
fn init_chooses_what_the_bundler_finds() {
    for (package, line) in [("next", Some("import_extension: none #")), ("vite", None)] {
        let project = Project::new();
        project.write("package.json", json!({ "dependencies": { package: "1.0.0" } }).to_string());
        std::fs::remove_file(project.path("sync-patterns.config.yaml")).expect("the config");
        let run = sync_patterns(&["init", "--yes", "--spec", "openapi.yaml", "--all"], project.folder.path());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let config = read(&project, "sync-patterns.config.yaml");
        assert_eq!(line.is_some_and(|line| config.contains(line)), line.is_some(), "{config}");
        assert_eq!(config.contains("import_extension"), line.is_some(), "{config}");
        assert_eq!(said(&project), [""; 0]);
    }
}
