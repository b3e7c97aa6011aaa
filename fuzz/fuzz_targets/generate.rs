#![no_main]
//! The whole way from bytes: a document, and behind lines of `=====` the files that it may refer to as `1`, `2` ….

use std::fs;

use sync_patterns_fuzz::{making, reading, with_room};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
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
});
