//! How a file on disk differs from what is generated.

use similar::TextDiff;

#[derive(Debug)]
pub struct Difference {
    /// Below the output folder, with `/`.
    pub path: String,
    pub kind: Kind,
    /// The first line of the file on disk that isn't as generated, from 1.
    pub line: Option<usize>,
    /// From what is on disk to what is generated; hunks only. Empty where only the line endings differ.
    pub hunks: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not on disk.
    Missing,
    Changed,
    /// The same but for Windows line endings.
    LineEndings,
    /// Ours, and no longer generated.
    Stale,
}

impl Difference {
    /// `found` is on disk, `generated` should be.
    pub fn new(path: &str, found: Option<&[u8]>, generated: Option<&str>) -> Self {
        // Line by line, Windows line endings would make all of a file differ.
        let old = found.map(|found| String::from_utf8_lossy(found).replace("\r\n", "\n"));
        let kind = match (&old, generated) {
            (None, _) => Kind::Missing,
            (Some(_), None) => Kind::Stale,
            (Some(old), Some(generated)) if old == generated => Kind::LineEndings,
            _ => Kind::Changed,
        };
        let diff = TextDiff::from_lines(old.as_deref().unwrap_or_default(), generated.unwrap_or_default());
        let first = diff.ops().iter().find(|op| op.tag() != similar::DiffTag::Equal);
        let line = first.filter(|_| kind == Kind::Changed).map(|op| op.old_range().start + 1);
        Self { path: path.to_owned(), kind, line, hunks: diff.unified_diff().to_string() }
    }
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Changed => "changed",
            Kind::LineEndings => "line-endings",
            Kind::Stale => "stale",
        }
    }
}
