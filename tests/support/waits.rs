//! The durations of a generated client, as tests have them.

use std::fs;
use std::path::Path;

/// What a client waits for in these tests, in milliseconds, where it otherwise waits for longer. A live request to the server
/// of these tests takes 20 seconds, as Electric's does.
const WAITS: &[(&str, &str, &str)] = &[
    ("LONGEST_RETRY_MS", "60_000", "8_000"),
    ("BROKEN_RETRY_MS", "60_000", "8_000"),
    ("HEADERS_MS", "60_000", "2_000"),
    ("API_ANSWER_MS", "60_000", "25_000"),
    ("LAG_MS", "60_000", "8_000"),
    ("SHAPE_ANSWER_MS", "45_000", "25_000"),
];

/// # Panics
/// Where the client has no such waits.
pub fn shorten(client: &Path) {
    let file = client.join("db/client/timing.ts");
    let mut text = fs::read_to_string(&file).expect("the client's waits");
    for (name, long, short) in WAITS {
        let line = format!("export const {name} = {long};");
        assert!(text.contains(&line), "{} has no `{line}`", file.display());
        text = text.replace(&line, &format!("export const {name} = {short};"));
    }
    fs::write(file, text).expect("the waits");
}
