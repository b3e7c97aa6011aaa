//! What the targets do with bytes. The tests do it with the seeds.

use std::fs;

use super::{making, reading, with_room};

/// Reading: any bytes, as JSON and as YAML.
pub fn read(bytes: &[u8]) {
    with_room(|| {
        reading::read("openapi.json", bytes);
        reading::read("openapi.yaml", bytes);
    });
}

/// The whole way from bytes: a document, and behind lines of `=====` the files that it may refer to as `1`, `2` ….
pub fn generate(bytes: &[u8]) {
    with_room(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let first = folder.path().join("openapi");
        let mut files = reading::split(bytes, b"\n=====\n").into_iter();
        fs::write(&first, files.next().unwrap_or_default()).expect("room for the document");
        for (number, file) in files.enumerate() {
            fs::write(folder.path().join((number + 1).to_string()), file).expect("room for a file");
        }
        if let Some(tree) = reading::follow(&first) {
            making::make(&tree, &making::config(bytes.len()));
        }
    });
}
