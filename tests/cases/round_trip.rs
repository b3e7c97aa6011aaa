//! Rows of every model of every fixture, through the generated client's own code, in both databases.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::round_trip::{Clients, understood};
use sync_patterns::config::Adapter;
use sync_patterns::config::{self, Overrides};
use sync_patterns::diagnostics::{Input, Problems};
use sync_patterns::source::{Source, Whole};

#[test]
fn rows_of_every_fixture_come_out_as_they_went_in() {
    let clients = Clients::new("fixtures");
    for config in configs() {
        let folder = config.parent().expect("a folder");
        for (name, adapter) in [("pglite", Adapter::Pglite), ("sqlite", Adapter::Sqlite)] {
            let bytes = fs::read(&config).expect("a config");
            let mut problems = Problems::default();
            let source = Source::new("config", bytes, Input::Config, &mut problems);
            let values = source.parse(Input::Config, Whole, &mut problems).expect("YAML");
            let overrides = Overrides { adapter: Some(adapter), ..Overrides::default() };
            let config = config::read(&values, folder, &overrides, &mut problems).expect("a config");
            let client = understood(&config).expect("a client");
            let below = folder.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
            let fixture = below.map_or("contacts".into(), |folder| folder.to_string_lossy());
            for (path, text) in &client.files {
                let path = clients.folder(name, &fixture).join(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, text).expect("a file");
            }
            clients.write_rows(name, &fixture, &client.project);
        }
    }
    clients.run();
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
