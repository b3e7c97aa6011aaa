//! What the targets share: bytes to a tree, and a tree to the files of both databases.

use serde_json::Value;
use sync_patterns::config::{Overrides, SpecLocation, Sync};
use sync_patterns::diagnostics::{Format, Input, Problems, Severity, Source, print};
use sync_patterns::spec::Tree;
use sync_patterns::target::Adapter;

/// Parses a document, and says what is wrong with it, which looks for the places.
pub fn read(name: &str, bytes: &[u8]) -> Option<Value> {
    let mut problems = Problems::default();
    let source = Source::new(name, bytes.to_vec(), Input::Spec, &mut problems);
    let value = source.parse(Input::Spec, &mut problems);
    assert!(value.is_some() || problems.has_errors(), "it says why it can't be read");
    tell(&problems, &source);
    value
}

fn tell(problems: &Problems, source: &Source) {
    let sources = [(Input::Spec, source)];
    print(&mut std::io::sink(), problems, &sources, Format::Text, Severity::Note).expect("a sink takes everything");
}

/// Generates all that is found, for both databases.
pub fn generate(document: &Value) {
    for adapter in [Adapter::Pglite, Adapter::Sqlite] {
        let overrides = Overrides {
            spec: Some(SpecLocation::Stdin),
            output: Some("out".into()),
            adapter: Some(adapter),
            sync: Some(Sync::All),
            ..Overrides::default()
        };
        let config = overrides.alone().expect("a config");
        let mut problems = Problems::default();
        let client = sync_patterns::generate(Tree::from(document.clone()), &config, &mut problems).expect("no failure");
        assert_eq!(client.is_none(), problems.has_errors(), "it makes something, or says why not");
    }
}
