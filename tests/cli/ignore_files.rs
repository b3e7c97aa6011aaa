//! `init` tells Prettier, Biome and ESLint to leave the generated folder alone, and the real tools do.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::npm::npm_formatters;
use crate::support::project::Project;

const CONFIG: &str = "sync-patterns.config.yaml";

const PACKAGE: &str = r#"{ "name": "x", "type": "module", "devDependencies": { "@biomejs/biome": "2", "eslint": "10" } }
"#;
/// A project has its own taste: passing the tools' defaults would help it little.
const PRETTIER: &str = "semi: false\nsingleQuote: true\n";
const BIOME: &str = "{\n\t// Tabs, as everywhere.\n\t\"formatter\": { \"indentStyle\": \"tab\" }\n}\n";
const ESLINT: &str =
    "export default [\n  // What we check.\n  { files: [\"**/*.ts\"], rules: { \"no-var\": \"error\" } },\n]\n";

/// A project with all three tools, and no config yet.
fn project() -> Project {
    let project = Project::new();
    fs::remove_file(project.path(CONFIG)).expect("the config");
    for (path, text) in [
        ("package.json", PACKAGE),
        (".prettierrc", PRETTIER),
        ("biome.jsonc", BIOME),
        ("eslint.config.js", ESLINT),
        ("src/page.ts", "export const page = 1\n"),
    ] {
        project.write(path, text);
    }
    project
}

/// What a tool says of a folder. The folder with the client is `generated`, and nothing else is called so.
fn said(tool: &str, arguments: &[&str], folder: &Path) -> String {
    let program = npm_formatters().join("node_modules/.bin").join(tool);
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect("the tool starts");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// The tools that find fault with the generated folder.
fn complaining(folder: &Path) -> Vec<&'static str> {
    let runs: [(&str, &[&str]); 3] = [("prettier", &["--check", "."]), ("biome", &["check", "."]), ("eslint", &["."])];
    let complains = |(tool, arguments): &(&str, &[&str])| said(tool, arguments, folder).contains("generated/");
    runs.into_iter().filter(complains).map(|(tool, _)| tool).collect()
}

/// Leaves what is of the document's own in a generated folder: the rest, which all clients share, takes Prettier seconds.
fn leave_little(project: &Project, folder: &str) {
    fs::remove_dir_all(project.path(folder).join("db")).expect("what clients share");
}

fn text(project: &Project, path: &str) -> String {
    fs::read_to_string(project.path(path)).expect("a file")
}

#[test]
fn the_tools_leave_the_folder_alone() {
    let project = project();
    let init = project.run(&["init", "--spec", "openapi.yaml", "--ignore-files"]);
    assert_eq!((init.code, init.stderr.as_str()), (0, ""));
    for line in [
        ".prettierignore is edited: Prettier leaves the generated folder alone\n",
        "biome.jsonc is edited: Biome leaves the generated folder alone\n",
        "eslint.config.js is edited: ESLint leaves the generated folder alone\n",
    ] {
        assert!(init.stdout.contains(line), "{}", init.stdout);
    }
    project.generate();
    assert_eq!(complaining(project.folder.path()), Vec::<&str>::new());
    for (tool, arguments) in
        [("prettier", &["--write", "."][..]), ("biome", &["check", "--write", "."]), ("eslint", &["--fix", "."])]
    {
        said(tool, arguments, project.folder.path());
        let check = project.run(&["check"]);
        assert_eq!(check.code, 0, "{tool}: {}", check.stdout);
    }
    // They are at work, though: what is the team's they have changed.
    assert_eq!(text(&project, "package.json").lines().count(), 8, "{}", text(&project, "package.json"));
}

/// Nothing is edited that nobody has asked for, and then it is edited once.
#[test]
fn nothing_is_edited_without_being_told() {
    let project = project();
    let init = project.run(&["init", "--spec", "openapi.yaml"]);
    assert_eq!(init.code, 0, "{}", init.stderr);
    assert!(
        init.stdout.contains(
            "\nAdd these lines, so that the generated folder is left alone (`sync-patterns init --ignore-files` does it):\n  \
             .prettierignore: /src/generated/\n  \
             biome.jsonc: \"files\": { \"includes\": [\"**\", \"!src/generated\"] }\n  \
             eslint.config.js: { ignores: [\"src/generated\"] }\n"
        ),
        "{}",
        init.stdout
    );
    assert!(!project.path(".prettierignore").exists());
    assert_eq!((text(&project, "biome.jsonc"), text(&project, "eslint.config.js")), (BIOME.into(), ESLINT.into()));
    project.generate();
    leave_little(&project, "src/generated");
    assert_eq!(complaining(project.folder.path()), ["prettier", "biome", "eslint"]);

    let config = text(&project, CONFIG);
    let later = project.run(&["init", "--ignore-files"]);
    assert_eq!((later.code, later.stdout.matches("is edited").count()), (0, 3), "{}{}", later.stdout, later.stderr);
    assert_eq!(text(&project, CONFIG), config);
    assert_eq!(complaining(project.folder.path()), Vec::<&str>::new());
    assert_eq!(text(&project, ".prettierignore"), "/src/generated/\n");
    assert!(
        text(&project, "biome.jsonc").starts_with("{\n\t// Tabs, as everywhere.\n"),
        "{}",
        text(&project, "biome.jsonc")
    );
    let expected = ESLINT.replacen("[\n", "[\n  { ignores: [\"src/generated\"] },\n", 1);
    assert_eq!(text(&project, "eslint.config.js"), expected);

    let files =
        || ["package.json", ".prettierignore", "biome.jsonc", "eslint.config.js"].map(|path| text(&project, path));
    let before = files();
    let again = project.run(&["init", "--ignore-files"]);
    assert_eq!(
        (again.code, again.stdout.as_str()),
        (0, "nothing to edit: the project's formatters and linters leave the generated folder alone\n")
    );
    assert_eq!(files(), before);
}

#[test]
fn nobody_is_told_who_does_not_want_to_be() {
    let project = project();
    let init = project.run(&["init", "--spec", "openapi.yaml", "--no-ignore-files"]);
    assert_eq!(init.code, 0, "{}", init.stderr);
    assert!(!init.stdout.contains("prettierignore"), "{}", init.stdout);
    let both = project.run(&["init", "--ignore-files", "--no-ignore-files"]);
    assert_eq!(both.code, 2);
    let without = Project::new();
    fs::remove_file(without.path(CONFIG)).expect("the config");
    let init = without.run(&["init", "--spec", "openapi.yaml", "--ignore-files"]);
    assert_eq!(init.code, 0, "{}", init.stderr);
    assert!(!without.path(".prettierignore").exists() && !without.path("biome.json").exists());
}

/// In a monorepo the tools' files are those of the repository, and the folder's name may have what patterns give a
/// meaning to.
#[test]
fn a_repository_of_several_packages() {
    let project = project();
    fs::create_dir(project.path(".git")).expect("a folder");
    let output = "apps/web/src/app/[id]/(main)/generated";
    let config = "apps/web/sync-patterns.config.yaml";
    project.write("apps/web/package.json", "{ \"name\": \"web\" }\n");
    let arguments = ["init", "--config", config, "--spec", "openapi.yaml", "--output", output];
    let init = project.run(&[&arguments[..], &["--ignore-files", "--message-format", "json"]].concat());
    assert_eq!(init.code, 0, "{}", init.stderr);
    let told: Value = serde_json::from_str(&init.stdout).expect("JSON");
    let line = "/apps/web/src/app/\\[id\\]/(main)/generated/";
    let expected = json!({ "tool": "prettier", "file": ".prettierignore", "line": line, "edited": true });
    assert_eq!(told["ignore"][0], expected);
    assert_eq!(text(&project, ".prettierignore"), format!("{line}\n"));
    let generate = project.run(&["generate", "--config", config]);
    assert_eq!(generate.code, 0, "{}", generate.stderr);
    assert_eq!(complaining(project.folder.path()), Vec::<&str>::new());
    fs::remove_file(project.path(".prettierignore")).expect("the file");
    leave_little(&project, output);
    assert_eq!(complaining(project.folder.path()), ["prettier"], "the tools look into such a folder");
}

#[test]
fn what_people_wrote_stays_with_its_line_endings() {
    let project = project();
    let windows = |text: &str| text.replace('\n', "\r\n");
    project.write(".prettierignore", windows("# Ours.\ndist"));
    project.write("biome.jsonc", windows(BIOME));
    project.write("eslint.config.js", windows(ESLINT));
    let init = project.run(&["init", "--spec", "openapi.yaml", "--ignore-files"]);
    assert_eq!(init.code, 0, "{}", init.stderr);
    for path in [".prettierignore", "biome.jsonc", "eslint.config.js"] {
        let text = text(&project, path);
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
        assert!(text.contains("src/generated"), "{text}");
    }
    assert_eq!(text(&project, ".prettierignore"), "# Ours.\r\ndist\r\n/src/generated/\r\n");
}

/// A config that is a program can be written in many ways: one that isn't understood is left to people.
#[test]
fn a_config_that_is_not_understood_is_left_to_people() {
    let project = project();
    let text_before = "import antfu from \"@antfu/eslint-config\"\nexport default antfu({ react: true })\n";
    project.write("eslint.config.js", text_before);
    project.write("biome.jsonc", "{ \"files\": { \"includes\": { } } }\n");
    let init = project.run(&["init", "--spec", "openapi.yaml", "--ignore-files"]);
    assert_eq!(init.code, 0, "{}", init.stderr);
    let by_hand = "\nAdd these lines, so that the generated folder is left alone:\n  \
                   biome.jsonc: \"files\": { \"includes\": [\"**\", \"!src/generated\"] }\n  \
                   eslint.config.js: { ignores: [\"src/generated\"] }\n";
    assert!(init.stdout.contains(by_hand), "{}", init.stdout);
    assert_eq!(text(&project, "eslint.config.js"), text_before);
}
