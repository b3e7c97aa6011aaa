//! The generated client end to end, in Node: it is generated from `fixtures/workspace`, compiled with the tests beside
//! this file, and runs against an API server with Electric's HTTP API. Each file of tests runs once for each adapter.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::OnceLock;
use std::{env, fs};

use libtest_mimic::Trial;

use crate::support::binary::sync_patterns;
use crate::support::node::node;
use crate::support::workspace::Workspace;
use crate::{ADAPTERS, case, run_suite};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Clients of both adapters and the tests, as JavaScript.
fn compiled() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let workspace = Workspace::new("client");
        for adapter in ["pglite", "sqlite"] {
            let output = workspace.folder().join("src").join(adapter);
            let output = output.to_str().expect("a path");
            let arguments = ["generate", "--adapter", adapter, "--output", output];
            let run = sync_patterns(&arguments, &repository().join("fixtures/workspace"));
            assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
            shorten_waits(Path::new(output));
        }
        let upgrade = repository().join("tests/client/upgrade");
        for (version, adapter) in [("before", "pglite"), ("before", "sqlite"), ("after", "pglite"), ("after", "sqlite")]
        {
            let output = workspace.folder().join("src").join(format!("{version}-{adapter}"));
            let output = output.to_str().expect("a path");
            let spec = format!("{version}.yaml");
            let run = sync_patterns(&["generate", "--adapter", adapter, "--spec", &spec, "--output", output], &upgrade);
            assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        }
        workspace.copy(&repository().join("tests/client"), "src/tests");
        workspace.compile();
        workspace
    })
}

/// What a client waits for in these tests, in milliseconds, where it otherwise waits for longer. A live request to the server
/// of these tests takes 20 seconds, as Electric's does.
const WAITS: &[(&str, &str, &str)] = &[
    ("LONGEST_RETRY_MS", "60_000", "8_000"),
    ("API_ANSWER_MS", "60_000", "12_000"),
    ("SHAPE_ANSWER_MS", "45_000", "25_000"),
];

fn shorten_waits(client: &Path) {
    let file = client.join("db/client/timing.ts");
    let mut text = fs::read_to_string(&file).expect("the client's waits");
    for (name, long, short) in WAITS {
        let line = format!("export const {name} = {long};");
        assert!(text.contains(&line), "{} has no `{line}`", file.display());
        text = text.replace(&line, &format!("export const {name} = {short};"));
    }
    fs::write(file, text).expect("the waits");
}

/// Schedules of chaos where the environment doesn't say how many.
const CHAOS: u32 = 2;

/// Each file of tests for each adapter; of the server itself once. The longest come first.
pub fn cases() -> Vec<Trial> {
    let mut cases = Vec::new();
    for name in longest_first() {
        if name == "server" {
            cases.push(case("server", || run("none", "server", None)));
            continue;
        }
        for adapter in ADAPTERS {
            if name == "chaos" {
                cases.extend(seeds().map(|seed| {
                    case(format!("suites::{adapter}::chaos::seed_{seed}"), move || run(adapter, "chaos", Some(seed)))
                }));
            } else {
                let test = name.replace('-', "_");
                let name = name.clone();
                cases.push(case(format!("suites::{adapter}::{test}"), move || run(adapter, &name, None)));
            }
        }
    }
    cases
}

fn longest_first() -> Vec<String> {
    let files = fs::read_dir(repository().join("tests/client")).expect("the folder");
    let names = files.map(|file| file.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut found: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".test.ts")?.to_owned())).collect();
    let rank = |name: &str| ["crashes", "faults", "chaos"].iter().position(|slow| *slow == name).unwrap_or(usize::MAX);
    found.sort_by(|one, other| rank(one).cmp(&rank(other)).then(one.cmp(other)));
    found
}

fn seeds() -> RangeInclusive<u32> {
    let setting = |name: &str| env::var(name).ok().map(|number| number.parse::<u32>().expect("a number"));
    match setting("SYNC_PATTERNS_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=setting("SYNC_PATTERNS_CHAOS").unwrap_or(CHAOS),
    }
}

fn run(adapter: &str, name: &str, seed: Option<u32>) {
    let mut node = node(compiled().folder());
    node.env("ADAPTER", adapter).env("OLDER_SCHEMAS", repository().join("tests/client/older"));
    if let Some(seed) = seed {
        node.env("SYNC_PATTERNS_SEED", seed.to_string());
    }
    run_suite(&mut node, &format!("dist/tests/{name}.test.js"), adapter);
}
