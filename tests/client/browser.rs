//! The worked example's page (`examples/contacts`) in Chromium: the client is generated for each adapter, the page built
//! with Vite, and used as a person would, in one tab and in two, with and without a server.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use libtest_mimic::Trial;

use crate::support::binary::sync_patterns;
use crate::support::chromium::Chromium;
use crate::support::node::node;
use crate::support::workspace::Workspace;
use crate::{ADAPTERS, case, run_suite};

/// The page with its client for each adapter, and the tests as JavaScript.
fn workspace() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = Workspace::new("browser");
        let tests = repository.join("tests");
        for folder in ["browser", "client/server"] {
            workspace.copy(&tests.join(folder), &format!("src/{folder}"));
        }
        let until = fs::read_to_string(tests.join("client/support/until.ts")).expect("text");
        workspace.write_file("src/client/support/until.ts", &until);
        workspace.compile();
        for adapter in ["pglite", "sqlite"] {
            let output = workspace.folder().join(adapter).join("src/generated");
            let output = output.to_str().expect("a path");
            let fixture = repository.join("fixtures/contacts");
            let run = sync_patterns(&["generate", "--adapter", adapter, "--output", output], &fixture);
            assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
            copy_example(&repository.join("examples/contacts"), &workspace, adapter);
            type_check(&workspace, adapter);
            for name in ["index.html", "main.js"] {
                let text = fs::read_to_string(tests.join("browser/bare").join(name)).expect("text");
                workspace.write_file(&format!("{adapter}/bare/{name}"), &text);
            }
            older(&workspace, repository, adapter);
        }
        workspace
    })
}

/// The page with a client from the time when contacts had no mail. Its code is today's, so it isn't type-checked.
fn older(workspace: &Workspace, repository: &Path, adapter: &str) {
    let config = "version: 1\nspec: '-'\noutput: generated\nmodels:\n  contacts:\n    exclude: [email]\n";
    workspace.write_file("older.yaml", config);
    let spec = repository.join("fixtures/contacts/openapi.yaml");
    let (spec, output) = (spec.to_string_lossy(), format!("{adapter}/older/src/generated"));
    let args =
        ["generate", "--config", "older.yaml", "--spec", &spec, "--adapter", adapter, "--output", &output, "--quiet"];
    let run = sync_patterns(&args, workspace.folder());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    copy_example(&repository.join("examples/contacts"), workspace, &format!("{adapter}/older"));
}

/// The example, but for what is generated or installed there.
fn copy_example(from: &Path, workspace: &Workspace, to: &str) {
    for entry in fs::read_dir(from).expect("the example") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        let target = format!("{to}/{name}");
        if path.is_file() && !name.ends_with(".png") {
            workspace.write_file(&target, &fs::read_to_string(&path).expect("text"));
        } else if ["server", "src"].contains(&name.as_ref()) {
            copy_example(&path, workspace, &target);
        }
    }
}

/// Vite only takes the types away.
fn type_check(workspace: &Workspace, adapter: &str) {
    let mut tsc = Command::new("node");
    tsc.args(["node_modules/typescript/bin/tsc", "--project"]).arg(adapter);
    let output = tsc.current_dir(workspace.folder()).output().expect("Node on the PATH");
    assert!(output.status.success(), "{adapter}: {}", String::from_utf8_lossy(&output.stdout));
}

/// The page as it goes into production, and as Vite's development server gives it; and the client with an API of another
/// origin.
pub fn cases() -> Vec<Trial> {
    let mut cases = Vec::new();
    for suite in ["built-page", "development", "origins"] {
        for adapter in ADAPTERS {
            let test = suite.replace('-', "_");
            cases.push(case(format!("browser::{adapter}::{test}"), move || run(adapter, suite)));
        }
    }
    cases
}

fn run(adapter: &str, suite: &str) {
    let Some(chromium) = chromium() else { return };
    let mut node = node(workspace().folder());
    node.env("ADAPTER", adapter);
    chromium.give_to(&mut node);
    let screenshots = workspace().folder().join("screenshots").join(adapter);
    let hint = format!("screenshots are in {}", screenshots.display());
    run_suite(&mut node, &format!("dist/browser/{suite}.js"), &hint);
}

/// Where there is no browser, nothing is tested: said so that it can't be overlooked, and a failure in CI.
fn chromium() -> Option<&'static Chromium> {
    static CHROMIUM: OnceLock<Option<Chromium>> = OnceLock::new();
    let chromium = CHROMIUM.get_or_init(|| match Chromium::find() {
        Ok(chromium) => {
            eprintln!("The page is tested in {}", chromium.name());
            Some(chromium)
        }
        Err(why) => {
            eprintln!(
                "\n*** No Chromium: THE PAGE WAS NOT TESTED. Install one, or say where it is (CHROMIUM=…): {why} ***\n"
            );
            None
        }
    });
    assert!(chromium.is_some() || env::var_os("CI").is_none(), "no Chromium, and in CI the page has to be tested");
    chromium.as_ref()
}
