//! Applications that load the client otherwise than Vite, or than Node after TypeScript's compiler.

use std::fs;
use std::path::Path;

use crate::ADAPTERS;
use crate::browser::{copy_example, install, workspace};
use crate::support::binary::sync_patterns;
use crate::support::chromium::chromium;
use crate::support::node::{newer_node, node, run_suite};
use crate::support::npm::{link_packages, npm_harness, npm_pglite_old};
use crate::support::workspace::Workspace;

/// With Next.js: the configs are written by `init`, and it is built with both bundlers and used in a browser.
pub fn next() {
    let Some(chromium) = chromium() else { return };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy_example(&repository.join("tests/next"), workspace(), "next");
    let folder = workspace().folder().join("next");
    let page = fs::read_to_string(repository.join("docs/guide.md")).expect("the page");
    let config = page.split("```js next.config.mjs\n").nth(1).and_then(|rest| rest.split("```").next());
    workspace().write_file("next/next.config.mjs", config.expect("the config"));
    for adapter in ADAPTERS {
        let (config, output) = (format!("{adapter}.yaml"), format!("./src/generated/{adapter}"));
        let init =
            ["init", "--yes", "--config", &config, "--spec", "openapi.yaml", "--output", &output, "--adapter", adapter];
        let rest = ["--database", adapter, "--transport", "rest", "--model", "notes=optimistic"];
        for arguments in [[&init[..], &rest].concat(), vec!["generate", "--config", &config]] {
            let run = sync_patterns(&arguments, &folder);
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        }
    }
    install(&folder);
    let mut node = node(workspace().folder());
    node.env("FOLDER", &folder);
    chromium.give_to(&mut node);
    run_suite(&mut node, "dist/browser/next.js", "");
}

/// In Node, which takes the types away.
pub fn typescript_in_node() {
    let folder = workspace().folder().join("types-taken-away");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contacts/openapi.yaml");
    let document = document.display();
    let config = format!("version: 1\nspec: {document}\noutput: ./client\nimport_extension: .ts\n");
    workspace().write_file("types-taken-away/sync-patterns.config.yaml", &config);
    workspace().write_file("types-taken-away/package.json", r#"{ "type": "module" }"#);
    let program = "
        import { closeDatabase, contactsCollection, initializeDatabase, listChanges } from './client/index.ts';
        await initializeDatabase({ directory: 'memory://', sync: false });
        await contactsCollection.insert({ first_name: 'Ada', last_name: 'Lovelace' }).isPersisted.promise;
        const [{ model }] = await listChanges();
        await closeDatabase();
        console.log(model);
    ";
    workspace().write_file("types-taken-away/program.ts", program);
    let run = sync_patterns(&["generate"], &folder);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    link_packages(&npm_harness(), &folder);
    let output = node(&folder).env("PATH", newer_node()).arg("program.ts").output().expect("Node on the PATH");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "contacts\n", "{said}");
}

/// With a database of another PostgreSQL: the message, and what `docs/guide.md` does about it.
pub fn older_pglite() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = Workspace::new("older-pglite");
    let page = fs::read_to_string(repository.join("docs/guide.md")).expect("the page");
    let carry = page.split("```js carry-over.js\n").nth(1).and_then(|rest| rest.split("```").next());
    workspace.write_file("carry-over.js", carry.expect("the function"));
    let old = npm_pglite_old();
    workspace.write_file("upgrade.ts", &fs::read_to_string(old.join("upgrade.ts")).expect("the program"));
    let document = repository.join("fixtures/contacts/openapi.yaml");
    let document = document.display();
    let config = "output: ./client\nimport_extension: .ts\ntransport: rest\nmodels: { notes: false }\n";
    let config = format!("version: 1\nspec: {document}\n{config}");
    workspace.write_file("sync-patterns.config.yaml", &config);
    let run = sync_patterns(&["generate", "--quiet"], workspace.folder());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    let package = old.join("node_modules/pglite-old/dist/index.js");
    let mut node = node(workspace.folder());
    let output = node.env("PGLITE_OLD", package).env("PATH", newer_node()).arg("upgrade.ts").output();
    let output = output.expect("Node on the PATH");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "sent once\n", "{said}");
}
