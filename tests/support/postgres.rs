//! A PostgreSQL for the tests, where its programs are installed.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::patience::PATIENCE;
use tempfile::TempDir;

/// PostgreSQL refuses to run as root: then it runs as `nobody`.
const NOBODY: u32 = 65_534;

pub struct Postgres {
    pub url: String,
    server: Child,
    /// Starts it on its data.
    start: Command,
    port: u16,
    folder: TempDir,
}

static RUNNING: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// The one that other tests use already, each with databases of its own, or a new one. It ends with the last of them.
    /// `None`, with a message, where it isn't installed.
    ///
    /// # Panics
    /// In CI, where it isn't installed, and everywhere where it doesn't start.
    pub fn shared() -> Option<Arc<Self>> {
        let mut running = RUNNING.lock().expect("PostgreSQL has started for others");
        if let Some(postgres) = running.upgrade() {
            return Some(postgres);
        }
        let postgres = Arc::new(Self::make()?);
        *running = Arc::downgrade(&postgres);
        Some(postgres)
    }

    fn make() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(env::var_os("CI").is_none(), "PostgreSQL isn't installed: sync servers can't be tested on it");
            eprintln!("NOT TESTED ON POSTGRESQL: `initdb` and `postgres` aren't installed. PGlite alone is tested.");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let is_root = fs::metadata(folder.path()).expect("the folder").uid() == 0;
        if is_root {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("the folder given away");
        }
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path());
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let data = folder.path().join("data");
        let made = command("initdb").arg("-D").arg(&data).args(["-U", "postgres", "--auth=trust", "-N"]).output();
        let made = made.expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
        let mut start = command("postgres");
        start
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=400"])
            .args(["-p", &port.to_string(), "-k"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let server = start.spawn().expect("postgres");
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let postgres = Self { url, server, start, port, folder };
        postgres.wait();
        Some(postgres)
    }

    /// One for a test that stops it.
    pub fn alone() -> Option<Self> {
        Self::make()
    }

    fn wait(&self) {
        let deadline = Instant::now() + PATIENCE;
        let is_up = || TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        while !is_up() || !self.folder.path().join("data/postmaster.pid").exists() {
            assert!(Instant::now() < deadline, "PostgreSQL doesn't start");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it, with all that it has started.
    pub fn stop(&mut self) {
        // Its fast shutdown.
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }

    /// Starts it where it was.
    ///
    /// # Panics
    /// Where it doesn't start.
    pub fn start_again(&mut self) {
        self.server = self.start.spawn().expect("postgres");
        self.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The folder with its programs: one of the PATH, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let debian =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.extend(debian);
    let has = |folder: &Path, program: &str| folder.join(program).is_file();
    folders.into_iter().find(|folder| has(folder, "initdb") && has(folder, "postgres"))
}
