//! A page in Chromium with a backend that nobody has prepared for it.

use std::fs;

use libtest_mimic::Trial;

use super::{compiled, for_browser, prepared, tests};
use crate::case;
use crate::support::binary::sync_patterns;
use crate::support::chromium::chromium;
use crate::support::node::{node, run_suite};
use crate::support::workspace::Workspace;

const PAGE: &str = "<!doctype html><title>A client without a page</title><p role=\"status\">The client is there.</p>\n\
                    <script type=\"module\" src=\"main.ts\"></script>\n";
/// The tests drive the client from outside.
const MAIN: &str = "import * as client from \"../generated/index.js\";\n\nObject.assign(window, { client });\n";

pub fn cases() -> Vec<Trial> {
    vec![case("servers::browser", run)]
}

/// A page for each of the tests, with its client, and what drives it.
pub fn prepare(workspace: &Workspace) {
    for name in ["browser", "tab"] {
        let text = fs::read_to_string(tests().join(format!("browser/{name}.ts"))).expect("text");
        workspace.write_file(&format!("src/browser/{name}.ts"), &text);
    }
    let server = for_browser().name;
    let config = fs::read_to_string(tests().join(format!("servers/config/{server}.yaml"))).expect("the config");
    for (page, more) in [("proxied", ""), ("other-origin", "idempotency_key: none\n")] {
        workspace.write_file(&format!("pages/{page}/page/index.html"), PAGE);
        workspace.write_file(&format!("pages/{page}/page/main.ts"), MAIN);
        let (name, output) = (format!("{page}.yaml"), format!("pages/{page}/generated"));
        workspace.write_file(&name, &format!("{config}{more}"));
        let arguments = ["generate", "--config", &name, "--adapter", "sqlite", "--output", &output];
        let run = sync_patterns(&arguments, workspace.folder());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
}

fn run() {
    let Some(chromium) = chromium() else { return };
    let mut command = node(compiled().folder());
    chromium.give_to(&mut command);
    if let Some(command) = prepared(&mut command, for_browser(), "sqlite") {
        run_suite(command, "dist/servers/browser.test.js", "browser");
    }
}
