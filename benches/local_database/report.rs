//! The figures as Markdown.

use std::fmt::{self, Display, Formatter};

use sync_patterns::config::Adapter;

pub struct Table {
    database: &'static str,
    reads: Vec<String>,
    series: Vec<String>,
}

impl Table {
    pub fn new(adapter: Adapter) -> Self {
        let database = match adapter {
            Adapter::Pglite => "PGlite",
            _ => "SQLite",
        };
        Self { database, reads: Vec::new(), series: Vec::new() }
    }

    /// Times in milliseconds of one thing done three ways.
    pub fn read(&mut self, what: &str, rows: usize, bare: f64, ours: f64, usual: f64) {
        eprintln!("{} {what} {rows}: {bare:.3} {ours:.3} {usual:.3}", self.database);
        self.reads.push(format!(
            "| {what} | {rows} | {} | {} | {:.2} | {:.2} |",
            milliseconds(bare),
            milliseconds(ours),
            ours / bare,
            usual / bare
        ));
    }

    /// Times of the same thing in several situations, as ratios to the first.
    pub fn series(&mut self, what: &str, cases: Vec<(String, f64)>) {
        eprintln!("{} {what} {cases:?}", self.database);
        let Some((_, first)) = cases.first().cloned() else { return };
        let cases: Vec<String> =
            cases.iter().map(|(case, time)| format!("{case}: {} ({:.2})", milliseconds(*time), time / first)).collect();
        self.series.push(format!("| {what} | {} |", cases.join(" · ")));
    }
}

fn milliseconds(time: f64) -> String {
    if time < 10.0 { format!("{time:.3} ms") } else { format!("{time:.0} ms") }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        writeln!(f, "| {} | rows | bare table | the view | view ÷ bare | outer join ÷ bare |", self.database)?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        self.reads.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        writeln!(f, "\n| {} | in milliseconds (ratio to the first) |", self.database)?;
        writeln!(f, "|---|---|")?;
        self.series.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
