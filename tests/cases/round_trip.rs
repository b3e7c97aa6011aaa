//! Rows of every model of every fixture, through the generated client's own code, in both databases that have SQL, and in a long
//! run in IndexedDB.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::support::round_trip::{Clients, Compiled, understood};
use crate::support::size::is_long;
use crate::{ADAPTERS, case, requests};
use sync_patterns::config::Adapter;
use sync_patterns::config::{self, Config, Overrides, References};
use sync_patterns::diagnostics::{Input, Problems};
use sync_patterns::openapi::fetch::{self, Access};
use sync_patterns::source::{Source, Whole};

pub fn cases() -> Vec<Trial> {
    let mut cases = Vec::new();
    for config in configs() {
        for (adapter, _) in adapters() {
            let (name, config) = (fixture(&config), config.clone());
            cases.push(case(format!("round_trip::{name}::{adapter}"), move || trip(adapter, &name, &config)));
        }
    }
    cases.push(case("round_trip::types_of_what_came_out", || compiled().type_check_what_came_out()));
    cases
}

fn trip(adapter: &str, name: &str, config: &Path) {
    compiled().trip(adapter, name);
    let spec = read(config, Adapter::Sqlite).spec;
    let access = Access { headers: Vec::new(), timeout: Duration::from_secs(1), references: References::Anywhere };
    let spec = fetch::read(&spec, access, &mut Problems::default()).expect("a document that can be read");
    requests::check(&spec.tree.expect("a document").root, &compiled().folder(adapter, name));
}

fn adapters() -> impl Iterator<Item = (&'static str, Adapter)> {
    ADAPTERS.into_iter().chain(is_long().then_some(("indexeddb", Adapter::IndexedDb)))
}

/// The clients of all fixtures, for these databases.
fn compiled() -> &'static Compiled {
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let clients = Clients::new("fixtures");
        for config in configs() {
            adapters().for_each(|(name, adapter)| generate(&clients, &config, name, adapter));
        }
        clients.compile()
    })
}

fn read(config: &Path, adapter: Adapter) -> Config {
    let bytes = fs::read(config).expect("a config");
    let mut problems = Problems::default();
    let source = Source::new("config", bytes, Input::Config, &mut problems);
    let values = source.parse(Input::Config, Whole, &mut problems).expect("YAML");
    let overrides = Overrides { adapter: Some(adapter), ..Overrides::default() };
    let folder = config.parent().expect("a folder");
    config::read(&values, folder, &overrides, &mut problems).expect("a config")
}

fn generate(clients: &Clients, config: &Path, name: &str, adapter: Adapter) {
    let fixture = fixture(config);
    let client = understood(&read(config, adapter)).expect("a client");
    for (path, text) in &client.files {
        let path = clients.folder(name, &fixture).join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    clients.write_rows(name, &fixture, &client.project);
}

/// How the fixture with this config is called.
fn fixture(config: &Path) -> String {
    let below = config.parent().expect("a folder").strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    below.map_or("example".into(), |folder| folder.to_string_lossy().into_owned())
}

/// Those of the fixtures, and of the worked example, which is at the top.
fn configs() -> Vec<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders =
        fs::read_dir(repository.join("fixtures")).expect("the fixtures").map(|entry| entry.expect("one").path());
    let all = folders.chain([repository.to_owned()]).map(|folder| folder.join("sync-patterns.config.yaml"));
    let mut configs: Vec<PathBuf> = all.filter(|config| config.exists()).collect();
    configs.sort();
    configs
}
