//! Runs rows of all models of many generated clients through the clients' own code, in Node, and has a compiler compare
//! what came out with the types.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use rayon::prelude::*;
use sync_patterns::config::Config;
use sync_patterns::config::References;
use sync_patterns::diagnostics::Problems;
use sync_patterns::model::Project;
use sync_patterns::openapi::fetch::{self, Access};
use sync_patterns::{Client, generate};

use super::node::node;
use super::npm::{link_packages, npm_harness};
use super::size::is_long;
use super::synthetic::synthetic;

const ADAPTERS: [&str; 3] = ["pglite", "sqlite", "indexeddb"];

/// The client of a document; `None` where it has no models.
pub fn understood(config: &Config) -> Option<Client> {
    let access = Access { headers: Vec::new(), timeout: Duration::from_secs(1), references: References::Folder };
    let spec = fetch::read(&config.spec, access, &mut Problems::default()).expect("a document that can be read");
    generate(spec.tree?, config, None, &mut Problems::default()).expect("templates that render")
}

/// Generated clients, each in a folder: `{adapter}/{client}`.
pub struct Clients {
    root: PathBuf,
}

impl Clients {
    pub fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("round-trip").join(name);
        if root.exists() {
            fs::remove_dir_all(&root).expect("the folder of an earlier run removed");
        }
        fs::create_dir_all(&root).expect("a folder");
        fs::write(root.join("package.json"), r#"{ "type": "module" }"#).expect("a package");
        link_packages(&npm_harness(), &root);
        Self { root }
    }

    pub fn folder(&self, adapter: &str, client: &str) -> PathBuf {
        self.root.join(adapter).join(client)
    }

    /// Makes up the rows that a client's models are to take.
    pub fn write_rows(&self, adapter: &str, client: &str, project: &Project) {
        let rows = synthetic(project).to_string();
        fs::write(self.folder(adapter, client).join("rows.json"), rows).expect("the rows");
    }

    /// Compiles all of them at once, which takes a compiler not much longer than one. Types are checked when rows have come
    /// out.
    pub fn compile(self) -> Compiled {
        self.share_runtime();
        self.tsc(&ADAPTERS, r#""outDir": "dist", "rootDir": ".", "noCheck": true"#);
        self.share_compiled_runtime();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/round_trip.mjs");
        fs::copy(script, self.root.join("run.mjs")).expect("the script");
        let trips = ADAPTERS.into_iter().flat_map(|adapter| self.clients(adapter));
        let trips = trips.map(|client| (client, OnceLock::new())).collect();
        Compiled { clients: self, trips, guides: Mutex::default() }
    }

    /// None where no client has this adapter.
    fn clients(&self, adapter: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.root.join(adapter)) else { return Vec::new() };
        let entries = entries.map(|entry| entry.expect("an entry").path());
        let mut clients: Vec<PathBuf> = entries.filter(|client| client.join("db/init.ts").exists()).collect();
        clients.sort();
        clients
    }

    /// What all clients of an adapter share is there once: a compiler follows the links.
    #[cfg(unix)]
    fn share_runtime(&self) {
        for adapter in ADAPTERS {
            let [shared, others @ ..] = &self.clients(adapter)[..] else { continue };
            for other in others {
                if files_below(&other.join("db")).iter().all(|path| shared.join("db").join(path).exists()) {
                    fs::remove_dir_all(other.join("db")).expect("db removed");
                    std::os::unix::fs::symlink(shared.join("db"), other.join("db")).expect("a link to db");
                }
            }
        }
    }

    /// A compiler writes what is shared to wherever it found it first. Node, which doesn't follow links, finds it in each.
    #[cfg(unix)]
    fn share_compiled_runtime(&self) {
        for adapter in ADAPTERS {
            let all = self.root.join("dist").join(format!("{adapter}-db"));
            fs::create_dir_all(&all).expect("a folder");
            let clients = self.clients(adapter);
            let sharing =
                clients.iter().enumerate().filter(|(index, client)| *index == 0 || client.join("db").is_symlink());
            for (_, client) in sharing {
                let own = self.root.join("dist").join(client.strip_prefix(&self.root).expect("below")).join("db");
                for path in files_below(&own) {
                    let place = all.join(&path);
                    fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
                    fs::rename(own.join(path), place).expect("a file moved");
                }
                if own.exists() {
                    fs::remove_dir_all(&own).expect("empty folders removed");
                }
                std::os::unix::fs::symlink(&all, &own).expect("a link to db");
            }
        }
    }

    #[cfg(not(unix))]
    fn share_runtime(&self) {}

    #[cfg(not(unix))]
    fn share_compiled_runtime(&self) {}

    fn tsc(&self, adapters: &[&str], options: &str) {
        let configuration = format!(
            r#"{{
              "compilerOptions": {{
                "strict": true, "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true,
                "verbatimModuleSyntax": true, "target": "es2022", "module": "nodenext", "moduleResolution": "nodenext",
                "types": [], "lib": ["es2023", "dom", "dom.iterable"], "skipLibCheck": true, {options}
              }},
              "include": {adapters:?}
            }}"#
        );
        fs::write(self.root.join("tsconfig.json"), configuration).expect("a configuration");
        let tsc = npm_harness().join("node_modules/typescript/bin/tsc");
        let output = Command::new("node").arg(tsc).args(["--project", "."]).current_dir(&self.root).output();
        let output = output.expect("Node on the PATH");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", text.lines().take(20).collect::<Vec<_>>().join("\n"));
    }
}

/// Generated clients that are compiled, and what has come of the trip of each that has taken it.
pub struct Compiled {
    clients: Clients,
    trips: BTreeMap<PathBuf, OnceLock<Result<(), String>>>,
    /// Those that take nobody on a trip now.
    guides: Mutex<Vec<Guide>>,
}

impl Compiled {
    pub fn folder(&self, adapter: &str, client: &str) -> PathBuf {
        self.clients.folder(adapter, client)
    }

    /// # Panics
    /// Where a row doesn't come out as it went in.
    pub fn trip(&self, adapter: &str, client: &str) {
        let client = self.clients.folder(adapter, client);
        let trip = self.trips.get(&client).expect("a client that was generated");
        if let Err(told) = trip.get_or_init(|| self.take_trip(&client)) {
            panic!("{told}");
        }
    }

    /// Compares what came out of all clients with their types. A short run has those of SQLite: of PGlite came the same values, and
    /// a compiler takes as long for them.
    ///
    /// # Panics
    /// Where what comes out isn't of its type, or doesn't come out.
    pub fn type_check_what_came_out(&self) {
        let adapters = if is_long() { &ADAPTERS[..] } else { &["sqlite"] };
        let is_checked =
            |client: &Path| adapters.iter().any(|adapter| client.starts_with(self.clients.root.join(adapter)));
        self.trips.par_iter().filter(|(client, _)| is_checked(client)).for_each(|(client, trip)| {
            if let Err(told) = trip.get_or_init(|| self.take_trip(client)) {
                panic!("{}: {told}", client.display());
            }
        });
        self.clients.tsc(adapters, r#""noEmit": true"#);
    }

    fn take_trip(&self, client: &Path) -> Result<(), String> {
        let root = &self.clients.root;
        let idle = self.guides.lock().expect("the guides").pop();
        let mut guide = idle.unwrap_or_else(|| Guide::start(root));
        let failures = guide.take(client.strip_prefix(root).expect("below"))?;
        if guide.trips < MOST_TRIPS {
            self.guides.lock().expect("the guides").push(guide);
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(failures.join("\n").lines().take(60).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// A process keeps the code of all clients that it has taken.
const MOST_TRIPS: usize = 16;

/// A Node process that takes one client after the other on its trip: starting one takes as long as a trip.
struct Guide {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    trips: usize,
}

impl Guide {
    fn start(root: &Path) -> Self {
        let mut node = node(root);
        node.args(["--preserve-symlinks", "--preserve-symlinks-main", "run.mjs"]);
        let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Node on the PATH");
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let answers = BufReader::new(answers.expect("its output"));
        Self { child, requests: requests.expect("its input"), answers, trips: 0 }
    }

    /// What failed on the way.
    fn take(&mut self, client: &Path) -> Result<Vec<String>, String> {
        self.trips += 1;
        let mut answer = String::new();
        writeln!(self.requests, "{}", client.display())
            .and_then(|()| self.answers.read_line(&mut answer))
            .and_then(|_| Ok(serde_json::from_str(&answer)?))
            .map_err(|error| format!("{}: {error}, {:?}", client.display(), self.child.try_wait()))
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The files in a folder at any depth, as paths from there; none where it isn't there.
#[cfg(unix)]
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let below = |path: PathBuf| {
        let name = PathBuf::from(path.file_name().expect("a name"));
        if path.is_dir() { files_below(&path).iter().map(|file| name.join(file)).collect() } else { vec![name] }
    };
    entries.flat_map(below).collect()
}
