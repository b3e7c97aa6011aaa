//! Collections that stand on Electric and the API alone (`collections: electric`), run in Node against the server of
//! `tests/client`.

use std::path::Path;

use libtest_mimic::Trial;

use crate::case;
use crate::support::binary::sync_patterns;
use crate::support::node::{node, run_suite};
use crate::support::workspace::Workspace;

pub fn cases() -> Vec<Trial> {
    vec![case("electric::collections", electric_collections)]
}

fn electric_collections() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = Workspace::for_frameworks("electric");
    let config = "version: 1\nspec: '-'\noutput: src/generated\nframework: none\ncollections: electric\nsync: all\n\
                  models:\n  labels:\n    local_first: false\n    table: tags\n    columns: { name: label_name }\n";
    workspace.write_file("sync-patterns.config.yaml", config);
    let spec = repository.join("fixtures/workspace/openapi.yaml");
    let run = sync_patterns(&["generate", "--spec", &spec.to_string_lossy()], workspace.folder());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    workspace.copy(&repository.join("tests/client/server"), "src/server");
    let tests = repository.join("tests/electric");
    workspace.copy(&tests, "src");
    workspace.compile();
    run_suite(&mut node(workspace.folder()), "dist/electric.test.js", "");
}
