//! The servers that the tests of the sync server speak with, generated into their workspace.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::binary::sync_patterns;
use crate::support::workspace::Workspace;

pub fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sync_server")
}

/// Writes the servers that `support/` imports: of the document, with all options, of an older document, and on the tables of
/// another application. What stays in the workspace's root is the document's own.
pub fn generate_servers(workspace: &Workspace) {
    let [document, config] = ["openapi.yaml", "sync-patterns.config.yaml"].map(|file| text_of(&home().join(file)));
    generate(
        workspace,
        &older(&document, "  /tasks:\n", "  /countries:\n").replace(STAGE, ""),
        &older(&config, "  tasks:\n", "  countries:\n").replace("server/sync", "server/older"),
    );
    generate(workspace, &document, &strict(&config));
    generate(workspace, &document, &with_metadata(&config));
    let existing = home().join("existing");
    let adopting = text_of(&existing.join("sync-patterns.config.yaml"));
    generate(workspace, &document, &with_metadata(&adopting));
    generate(workspace, &document, &adopting);
    workspace.write_file("src/application.sql", &text_of(&existing.join("application.sql")));
    generate(workspace, &document, &config);
}

/// Writes the server of a document and a config.
pub fn generate(workspace: &Workspace, document: &str, config: &str) {
    workspace.write_file("openapi.yaml", document);
    workspace.write_file("sync-patterns.config.yaml", config);
    let generated = sync_patterns(&["generate"], workspace.folder());
    assert_eq!(generated.code, 0, "{}", generated.stderr);
    // The client is compiled by other tests.
    fs::remove_dir_all(workspace.folder().join("src/generated")).expect("the client's folder removed");
}

/// Without what stands from one line up to another one.
pub fn older(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).expect("the first line");
    let (_, after) = rest.split_once(to).expect("the line behind it");
    format!("{before}{to}{after}")
}

/// A column of the deals that the older document doesn't have.
pub const STAGE: &str = "        stage: { type: [string, \"null\"] }\n";

/// With all options of a server, and roles for a column.
fn strict(config: &str) -> String {
    let roles = "    rbac:\n      field_groups: { links: [contact_id] }\n      \
                 role_permissions: { editor: { links: write }, reader: { links: read } }\n";
    config
        .replace(
            "output: ./src/server/sync\n",
            "output: ./src/server/strict\n  row_level_security: true\n  history: true\n",
        )
        .replace(
            "    references: { contact_id: contacts }\n",
            &format!("    references: {{ contact_id: contacts }}\n{roles}"),
        )
}

/// With rows that say who has edited them, in a folder of its own: `sync-metadata`, `existing-metadata`.
fn with_metadata(config: &str) -> String {
    let config = config.replace("server/sync\n", "server/sync-metadata\n");
    config.replace("server/existing\n", "server/existing-metadata\n") + "transport: push-pull\nmetadata: true\n"
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).expect("text")
}
