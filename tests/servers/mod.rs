//! The generated client against servers of the usual kinds, which know nothing of it: FastAPI, Django REST Framework, and
//! such as Spring, GitHub, Stripe, OData and JSON:API. Each client is generated from the document that its server gives.

mod browser;
mod contacts;
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use libtest_mimic::Trial;

use crate::case;
use crate::support::binary::sync_patterns;
use crate::support::node::{node, run_suite};
use crate::support::size::is_long;
use crate::support::waits;
use crate::support::workspace::Workspace;
use python::python;

/// A server, and the databases that its client is tested with.
struct Server {
    name: &'static str,
    adapters: &'static [&'static str],
    /// The files of tests.
    suites: &'static [&'static str],
    is_python: bool,
}

const SERVERS: &[Server] = &[
    Server { name: "fastapi", adapters: &["sqlite", "pglite"], suites: &["fastapi"], is_python: true },
    Server { name: "django", adapters: &["sqlite"], suites: &["django"], is_python: true },
    Server { name: "spring", adapters: &["sqlite"], suites: &["node", "attacks"], is_python: false },
    Server { name: "github", adapters: &["sqlite"], suites: &["node"], is_python: false },
    Server { name: "stripe", adapters: &["sqlite"], suites: &["node"], is_python: false },
    Server { name: "odata", adapters: &["sqlite"], suites: &["node"], is_python: false },
    Server { name: "bodies", adapters: &["sqlite", "pglite"], suites: &["bodies"], is_python: false },
    Server { name: "jsonapi", adapters: &["sqlite"], suites: &["node", "json-api"], is_python: false },
];

/// Each server with each of its databases and files of tests; in a short run with SQLite, and without attacks, which wait for long.
pub fn cases() -> Vec<Trial> {
    let mut cases = Vec::new();
    // The backend waits for PostgreSQL before it says that there is none.
    if is_long() {
        cases.extend(browser::cases());
        cases.push(case("servers::contacts", contacts::survives_what_it_stands_on));
    }
    for server in SERVERS {
        for (adapter, suite) in
            server.adapters.iter().flat_map(|adapter| server.suites.iter().map(move |suite| (adapter, suite)))
        {
            if !is_long() && (*adapter != "sqlite" || *suite == "attacks") {
                continue;
            }
            let name = format!("servers::{}::{adapter}::{suite}", server.name);
            cases.push(case(name, move || run(server, adapter, suite)));
        }
    }
    cases
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The clients of all servers that can run here, and the tests, as JavaScript.
fn compiled() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let workspace = Workspace::new("servers");
        for server in SERVERS {
            generate(&workspace, server);
        }
        workspace.copy(&tests().join("servers"), "src/servers");
        let until = fs::read_to_string(tests().join("client/support/until.ts")).expect("text");
        workspace.write_file("src/client/support/until.ts", &until);
        browser::prepare(&workspace);
        workspace.compile();
        workspace
    })
}

/// The server that a browser's page talks to: FastAPI, and where that can't run one of the tests' own.
fn for_browser() -> &'static Server {
    let name = if python().is_some() { "fastapi" } else { "spring" };
    SERVERS.iter().find(|server| server.name == name).expect("a server")
}

fn generate(workspace: &Workspace, server: &Server) {
    let Server { name, adapters, is_python, .. } = server;
    let document = if *is_python {
        let Some(python) = python() else { return };
        python.document(&script(name))
    } else {
        fs::read_to_string(tests().join(format!("servers/node/{name}.yaml"))).expect("the document")
    };
    workspace.write_file(&format!("{name}.yaml"), &document);
    let config = fs::read_to_string(tests().join(format!("servers/config/{name}.yaml"))).expect("the config");
    workspace.write_file(&format!("{name}.config.yaml"), &config);
    for adapter in *adapters {
        let (config, output) = (format!("{name}.config.yaml"), format!("src/servers/{name}/{adapter}"));
        let arguments = ["generate", "--config", &config, "--adapter", adapter, "--output", &output];
        let run = sync_patterns(&arguments, workspace.folder());
        assert_eq!(run.code, 0, "{name}\n{}{}", run.stdout, run.stderr);
        waits::shorten(&workspace.folder().join(output));
    }
}

fn script(name: &str) -> PathBuf {
    tests().join(format!("servers/{name}/app.py"))
}

fn run(server: &Server, adapter: &str, suite: &str) {
    let mut command = node(compiled().folder());
    if let Some(command) = prepared(&mut command, server, adapter) {
        run_suite(command, &format!("dist/servers/{suite}.test.js"), server.name);
    }
}

/// Tells Node which server and which client to test with. None where it can't be.
fn prepared<'c>(command: &'c mut Command, server: &Server, adapter: &str) -> Option<&'c mut Command> {
    command.env("ADAPTER", adapter).env("SERVER", server.name);
    if server.is_python {
        command.env("PYTHON", &python()?.program).env("SCRIPT", script(server.name));
    }
    Some(command)
}
