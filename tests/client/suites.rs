//! The generated client end to end, in Node: it is generated from `fixtures/workspace`, compiled with the tests beside
//! this file, and runs against a server that has the API and Electric's HTTP API, or against the generated sync server.
//! Each file of tests runs for pairs of a local database and a transport.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

use libtest_mimic::Trial;

use crate::support::binary::sync_patterns;
use crate::support::node::{node, run_suite};
use crate::support::npm::{link_packages, npm_better_sqlite3, npm_harness, npm_sync_server};
use crate::support::size::is_long;
use crate::support::start_application::{build_application, write_application};
use crate::support::waits::shorten;
use crate::support::workspace::Workspace;
use crate::{ADAPTERS, case};

const TRANSPORTS: [&str; 3] = ["electric", "rest", "push-pull"];

/// A local database, and how rows come to it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pair {
    adapter: &'static str,
    transport: &'static str,
}

impl Pair {
    fn all() -> impl Iterator<Item = Self> {
        ADAPTERS.into_iter().flat_map(|adapter| TRANSPORTS.map(|transport| Self { adapter, transport }))
    }

    /// The same of IndexedDB: its suites with `rest`, and in a long run those where the store and a transport act on each other.
    fn runs_without_sql(self, suite: &str) -> bool {
        match self.transport {
            "rest" => {
                !ONLY_PUSHED.contains(&suite) && !SHAPES.contains(&suite) && (is_long() || WITHOUT_SQL.contains(&suite))
            }
            "push-pull" => self.runs_pushed(suite),
            _ => is_long() && CROSSED.contains(&suite),
        }
    }

    /// The same of a sync server's clients.
    fn runs_pushed(self, suite: &str) -> bool {
        let has_all = is_long() && (self.adapter == "sqlite" || !PUSHED_ONCE.contains(&suite));
        PUSHED.contains(&suite) && (has_all || PUSHED_SHORT.contains(&(self.adapter, suite)))
    }

    /// Whether it runs a suite. A long run has each suite with every database and every transport for which it may end
    /// otherwise, and with every pair of them where the two act on each other.
    fn runs(self, suite: &str) -> bool {
        if self == CALLING {
            return is_long() && CALLED.contains(&suite);
        }
        if LONG.contains(&suite) && !is_long() {
            return false;
        }
        let pair = (self.adapter, self.transport);
        if suite == "indexeddb" {
            return pair == ("indexeddb", "rest");
        }
        // Between tabs, or in what is asked and answered: whatever the database.
        if ONE_DATABASE.contains(&suite) {
            return pair == ("sqlite", "rest");
        }
        if self.adapter == "indexeddb" {
            return !DRIVERS.contains(&suite) && self.runs_without_sql(suite);
        }
        if self.transport == "push-pull" {
            return self.runs_pushed(suite);
        }
        if ONLY_PUSHED.contains(&suite) {
            return false;
        }
        if LISTS.contains(&suite) && self.transport != "rest" || SHAPES.contains(&suite) && self.transport != "electric"
        {
            return false;
        }
        if DATABASE.contains(&suite) && !EACH.contains(&pair) {
            return false;
        }
        match pair {
            ("sqlite", "rest") => is_long() || !STREAMS.contains(&suite),
            ("pglite", "electric") => is_long() || PGLITE.contains(&suite),
            ("sqlite", "electric") => is_long() && CROSSED.contains(&suite) || STREAMS.contains(&suite),
            _ => is_long() && (CROSSED.contains(&suite) || LISTS.contains(&suite) && !READ.contains(&suite)),
        }
    }
}

/// Suites that open a database by a driver, or look at it by SQL. What they say of IndexedDB, `indexeddb` says, too.
const DRIVERS: &[&str] = &[
    "changes",
    "closing",
    "gathered",
    "list-rows",
    "loading-code",
    "older-log",
    "pulled-rows",
    "schedule",
    "store",
    "two-clients",
    "two-processes",
    "upgrade",
];

/// Suites that a short run has with IndexedDB.
const WITHOUT_SQL: &[&str] = &["between-databases", "chaos", "crashes", "indexeddb"];

/// Suites whose server is a sync server. What others say of requests to the API has no counterpart there.
const PUSHED: &[&str] = &[
    "alone",
    "auth",
    "chaos",
    "conflicts",
    "convergence",
    "crashes",
    "deleted-rows",
    "end-to-end",
    "first-load",
    "in-between",
    "metadata",
    "misfits",
    "odd-sync-servers",
    "older-client",
    "push-pull",
    "refused-pushes",
    "reopened",
    "scopes",
    "server-keys",
    "upgrade",
    "users",
    "when-it-syncs",
];

/// Those of them that say something of it alone.
const ONLY_PUSHED: &[&str] = &[
    "conflicts",
    "deleted-rows",
    "end-to-end",
    "metadata",
    "odd-sync-servers",
    "older-client",
    "push-pull",
    "refused-pushes",
    "scopes",
    "when-it-syncs",
];

/// A sync server whose client calls server functions of TanStack Start in place of its endpoints.
const CALLING: Pair = Pair { adapter: "sqlite", transport: "server-functions" };

/// What such a client runs, in a long run.
const CALLED: &[&str] = &["auth", "chaos", "convergence", "users"];

/// Those of them that have SQLite alone: they say something of what is asked and answered, or of what collections show, and not
/// of what is saved. With other transports they have the other databases, as far as they run with these.
const PUSHED_ONCE: &[&str] = &["auth", "in-between", "when-it-syncs"];

/// Of all, what a short run has.
const PUSHED_SHORT: &[(&str, &str)] = &[
    ("sqlite", "chaos"),
    ("sqlite", "conflicts"),
    ("sqlite", "end-to-end"),
    ("sqlite", "older-client"),
    ("sqlite", "push-pull"),
    ("sqlite", "reopened"),
    ("sqlite", "scopes"),
    ("sqlite", "when-it-syncs"),
];

/// Suites of a long run alone: those that wait for long, and those of what seldom changes.
const LONG: &[&str] = &[
    "alone",
    "crash-points",
    "faults",
    "first-load",
    "in-between",
    "leading",
    "many-models",
    "misfits",
    "named-rows",
    "odd-sync-servers",
    "older-log",
    "refused-pushes",
    "soft-deletes",
    "two-processes",
    "zones",
];

/// Two pairs that have each database and each transport once.
const EACH: [(&str, &str); 2] = [("pglite", "electric"), ("sqlite", "rest")];

/// Suites whose server has lists, and no shapes.
const LISTS: &[&str] = &[
    "answer-rows",
    "circles",
    "cors",
    "gone-rows",
    "in-flight",
    "interleavings",
    "list-rows",
    "named-rows",
    "nested-lists",
    "odd-servers",
    "pages",
    "pull",
    "pulled-rows",
    "schedule",
    "values",
];

/// Those of them that say how lists are read, and what new rows name: SQLite and IndexedDB have them, and PGlite takes ten times
/// as long.
const READ: &[&str] = &["named-rows", "nested-lists", "pages"];

/// Suites of polling with one database, as none of what they say comes near it.
const ONE_DATABASE: &[&str] = &["cors", "leading", "odd-servers"];

/// Suites whose server has shapes, and no lists.
const SHAPES: &[&str] = &["rotated", "shapes", "soft-deletes"];

/// Suites that say something of the local database only.
const DATABASE: &[&str] =
    &["between-databases", "changes", "closing", "gathered", "older-log", "store", "two-processes"];

/// Suites in which a database and a transport act on each other: what is saved of rows and edits while they come and go.
const CROSSED: &[&str] = &[
    "chaos",
    "convergence",
    "crash-points",
    "crashes",
    "first-load",
    "misfits",
    "refetch",
    "rotated",
    "shapes",
    "upgrade",
    "zones",
];

/// Suites that run with PGlite and Electric in a short run, too: where the database matters.
const PGLITE: &[&str] = &["store", "upgrade"];

/// Suites that run with SQLite and Electric, where streams matter, and in a short run with nothing else.
const STREAMS: &[&str] = &["many-models", "refetch", "rotated", "shapes", "soft-deletes"];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Clients of all pairs and the tests, as JavaScript.
fn compiled() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let workspace = Workspace::new("client");
        for pair in Pair::all() {
            let server = |to: &str| if pair == SERVED { served(&workspace, to) } else { String::new() };
            generate(&workspace, pair, "fixtures/workspace", "openapi.yaml", ".", &server("sync"));
            for version in ["before", "after"] {
                let settings = server(&format!("{version}/sync"));
                generate(&workspace, pair, "tests/client/upgrade", &format!("{version}.yaml"), version, &settings);
            }
            if pair.transport != "push-pull" {
                generate(&workspace, pair, "tests/client/many", "openapi.yaml", "many", "");
            }
            if pair.transport == "rest" {
                generate(&workspace, pair, "tests/client/circles", "openapi.yaml", "circles", "");
                generate(&workspace, pair, "tests/client/related", "openapi.yaml", "related", "");
            }
            for int64 in ["number", "bigint", "string"].into_iter().filter(|_| pair.transport == "rest") {
                let (to, settings) = (format!("values/{int64}"), format!("int64: {int64}\n"));
                generate(&workspace, pair, "tests/client/values", "openapi.yaml", &to, &settings);
            }
            if pair.transport == "push-pull" {
                let settings = format!("metadata: true\n{}", server("crm/sync"));
                generate(&workspace, pair, "tests/sync_server", "openapi.yaml", "crm", &settings);
                if is_long() {
                    generate(&workspace, pair, "tests/sync_server", "openapi.yaml", "plain", "");
                }
            }
        }
        workspace.copy(&repository().join("tests/client"), "src/tests");
        // The clients' own types are checked by tests of their own.
        if is_long() {
            workspace.compile_checked_from("src/tests");
        } else {
            workspace.compile_unchecked();
        }
        workspace
    })
}

/// The pair with whose clients the sync servers are generated, as they are the same for all.
const SERVED: Pair = Pair { adapter: "pglite", transport: "push-pull" };

/// The settings for a sync server in `src/{to}`. Links the packages that it needs.
fn served(workspace: &Workspace, to: &str) -> String {
    for part in ["src", "dist"] {
        let folder = workspace.folder().join(part).join(to);
        fs::create_dir_all(&folder).expect("a folder");
        link_packages(&npm_sync_server(), &folder);
    }
    format!("server:\n  output: ./src/{to}\n")
}

/// The client of a pair for a document, in `src/{to}/{adapter}/{transport}`. `settings`: lines that the config has as well.
fn generate(workspace: &Workspace, pair: Pair, folder: &str, spec: &str, to: &str, settings: &str) {
    let Pair { adapter, transport } = pair;
    let folder = repository().join(folder);
    let config = fs::read_to_string(folder.join("sync-patterns.config.yaml")).expect("the config");
    let config = config.replace("server:\n  output: ./src/server/sync\n", "");
    let name = format!("{}-{adapter}-{transport}.yaml", spec.trim_end_matches(".yaml"));
    workspace.write_file(&name, &format!("{config}transport: {transport}\n{settings}"));
    let (spec, output) = (folder.join(spec), format!("src/{to}/{adapter}/{transport}"));
    let spec = spec.to_string_lossy();
    let arguments = ["generate", "--config", &name, "--adapter", adapter, "--spec", &spec, "--output", &output];
    let run = sync_patterns(&arguments, workspace.folder());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    shorten(&workspace.folder().join(output));
}

/// Schedules of chaos where the environment doesn't say how many.
const CHAOS: u32 = 1;

/// Each file of tests for each pair that runs it; of the server itself once. The longest come first.
pub fn cases() -> Vec<Trial> {
    let mut cases = Vec::new();
    for name in longest_first() {
        if matches!(name.as_str(), "server" | "server-electric") {
            cases.push(case(name.clone(), move || run(Pair { adapter: "pglite", transport: "electric" }, &name, None)));
            continue;
        }
        for pair in Pair::all().chain([CALLING]).filter(|pair| pair.runs(&name)) {
            let prefix = format!("suites::{}::{}", pair.adapter, pair.transport);
            if name == "chaos" {
                cases.extend(
                    seeds().map(|seed| {
                        case(format!("{prefix}::chaos::seed_{seed}"), move || run(pair, "chaos", Some(seed)))
                    }),
                );
            } else {
                let test = name.replace('-', "_");
                let name = name.clone();
                cases.push(case(format!("{prefix}::{test}"), move || run(pair, &name, None)));
            }
        }
    }
    cases
}

fn longest_first() -> Vec<String> {
    let files = fs::read_dir(repository().join("tests/client")).expect("the folder");
    let names = files.map(|file| file.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut found: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".test.ts")?.to_owned())).collect();
    let rank = |name: &str| {
        ["faults", "crash-points", "in-flight", "crashes", "chaos", "values"]
            .iter()
            .position(|slow| *slow == name)
            .unwrap_or(usize::MAX)
    };
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

/// The built application with these server functions.
fn application() -> &'static Path {
    static APPLICATION: OnceLock<PathBuf> = OnceLock::new();
    APPLICATION.get_or_init(|| {
        let folder = compiled().folder().join("application");
        let workspace = repository().join("fixtures/workspace");
        let config = fs::read_to_string(workspace.join("sync-patterns.config.yaml")).expect("the config");
        write_application(&folder, &workspace.join("openapi.yaml"), &config);
        build_application(&folder);
        folder
    })
}

fn run(pair: Pair, name: &str, seed: Option<u32>) {
    let Pair { adapter, transport } = pair;
    let mut node = node(compiled().folder());
    node.env("ADAPTER", adapter);
    if pair == CALLING {
        node.env("TRANSPORT", "push-pull").env("START_APPLICATION", application());
    } else {
        node.env("TRANSPORT", transport);
    }
    node.env("OLDER_SCHEMAS", repository().join("tests/client/older"));
    if adapter == "sqlite" {
        node.env("BETTER_SQLITE3", npm_better_sqlite3());
    }
    if adapter == "indexeddb" {
        node.env("SHARED_MODULES", npm_harness());
    }
    if let Some(seed) = seed {
        node.env("SYNC_PATTERNS_SEED", seed.to_string());
    }
    run_suite(&mut node, &format!("dist/tests/{name}.test.js"), &format!("{adapter}, {transport}"));
}
