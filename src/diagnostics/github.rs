//! Annotations of GitHub Actions: lines of the log that it shows beside the file that they name.

use std::env;
use std::io::{self, Write};

/// `command` is `error`, `warning` or `notice`; `place` is line and column, both from 1.
pub fn annotation(
    out: &mut impl Write,
    command: &str,
    file: &str,
    place: (Option<usize>, Option<usize>),
    title: &str,
    message: &str,
) -> io::Result<()> {
    let mut properties = format!("file={}", escape_property(&in_repository(file)));
    if let Some(line) = place.0 {
        properties.push_str(&format!(",line={line}"));
    }
    if let Some(column) = place.1 {
        properties.push_str(&format!(",col={column}"));
    }
    writeln!(out, "::{command} {properties},title={title}::{}", escape(message))
}

/// GitHub knows files by their path in the repository; a command may run in a folder below it.
fn in_repository(file: &str) -> String {
    let below = || {
        let here = env::current_dir().ok()?;
        Some(here.strip_prefix(env::var_os("GITHUB_WORKSPACE")?).ok()?.join(file))
    };
    below().map_or_else(|| file.to_owned(), |path| path.display().to_string())
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}
