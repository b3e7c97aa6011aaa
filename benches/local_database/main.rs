//! What the local database costs, as ratios measured in one run: reads and writes through the view against the bare
//! table, at several sizes, with many models, and beside the usual way of writing such a view.
//!
//! `cargo bench --bench local_database` prints Markdown tables. Behind `--`, `--quick` leaves the large sizes out, and
//! `pglite` or `sqlite` takes only that database.

#[path = "../../tests/support/mod.rs"]
mod support;

mod engine;
mod reference;
mod report;

use engine::Engine;
use report::Table;
use support::models;
use sync_patterns::codegen::{Files, sql};
use sync_patterns::config::Adapter;
use sync_patterns::model::Project;
use sync_patterns::plan::Plan;

fn main() {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let quick = asked("--quick");
    for (adapter, other) in [(Adapter::Pglite, "sqlite"), (Adapter::Sqlite, "pglite")] {
        if asked(other) {
            continue;
        }
        let largest = match (adapter, quick) {
            (_, true) => 10_000,
            (Adapter::Pglite, false) => 100_000,
            (_, false) => 1_000_000,
        };
        let sizes: Vec<usize> =
            [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= largest).collect();
        let mut table = Table::new(adapter);
        reads(adapter, &sizes, &mut table);
        writes_by_size(adapter, &sizes, &mut table);
        writes_by_pending(adapter, &mut table);
        writes_by_models(adapter, &mut table);
        load(adapter, largest.min(100_000), &mut table);
        settle(adapter, &mut table);
        println!("{table}");
    }
}

/// `contacts`, indexed by name as an application that lists it would, and `count - 1` copies of it.
fn project(count: usize) -> Project {
    models::project((0..count).map(|number| {
        let mut model = models::contacts();
        model.indexes = vec![vec!["last_name".to_owned()]];
        if number > 0 {
            model.name = format!("contacts_{number}");
        }
        model
    }))
}

fn schema(adapter: Adapter, models: usize) -> Files {
    sql::files(&Plan::of(&project(models)), adapter, &Default::default()).expect("a schema")
}

/// A database with the schema of so many models, and rows in the first.
fn database(adapter: Adapter, models: usize, rows: usize) -> Engine {
    let mut engine = Engine::open(adapter);
    engine.load(&schema(adapter, models));
    fill(&mut engine, "contacts_synced", rows);
    engine
}

/// Rows 0, 1, 2 … with names that are unique, in batches of one transaction each.
fn fill(engine: &mut Engine, table: &str, rows: usize) -> f64 {
    let mut total = 0.0;
    let mut from = 0;
    while from < rows {
        let to = rows.min(from + 10_000);
        total += engine.time(&format!(
            "INSERT INTO {table} (id, first_name, last_name, email, created_at, updated_at) {}",
            series(engine.adapter, from, to)
        ));
        from = to;
    }
    total
}

/// The rows from one number up to another, as a SELECT.
fn series(adapter: Adapter, from: usize, to: usize) -> String {
    let last = to - 1;
    let columns = |number: &str, id: &str| {
        format!(
            "SELECT {id}, 'First ' || {number}, 'Last ' || ({number} * 7919 % 1000003), 'mail' || {number} || '@example.com', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'"
        )
    };
    match adapter {
        Adapter::Pglite => {
            let columns = columns("n", "('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::UUID")
                .replace("Z'", "Z'::TIMESTAMPTZ");
            format!("{columns} FROM generate_series({from}, {last}) AS n")
        }
        _ => {
            let columns = columns("n", "printf('00000000-0000-4000-8000-%012x', n)");
            format!(
                "WITH RECURSIVE s (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) {columns} FROM s"
            )
        }
    }
}

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// Numbers all over the table, the same on every run.
fn spread(rows: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |index| (index * 7_919 + 13) % rows)
}

/// 120 rows with unsettled edits, as after a while offline.
fn edit_some(engine: &mut Engine, view: &str, rows: usize) {
    for number in spread(rows, 120) {
        engine.exec(&format!("UPDATE {view} SET email = 'edited' WHERE id = '{}'", id(number)));
    }
}

fn reads(adapter: Adapter, sizes: &[usize], table: &mut Table) {
    for &rows in sizes {
        let mut engine = database(adapter, 1, rows);
        edit_some(&mut engine, "contacts", rows);
        let mut usual = Engine::open(adapter);
        usual.exec(&reference::schema(adapter));
        fill(&mut usual, "usual_synced", rows);
        for number in spread(rows, 120) {
            usual.exec(&reference::edit(adapter, &id(number)));
        }
        type Query = fn(&str, usize) -> String;
        let queries: [(&str, Query, usize); 4] = [
            ("one row by key", |from, rows| format!("SELECT * FROM {from} WHERE id = '{}'", id(rows / 2)), 60),
            (
                "50 rows ordered by an indexed column",
                |from, _| format!("SELECT * FROM {from} ORDER BY last_name LIMIT 50"),
                20,
            ),
            ("all rows", |from, _| format!("SELECT * FROM {from}"), 3),
            ("a filtered count", |from, _| format!("SELECT count(*) FROM {from} WHERE email = 'mail7@example.com'"), 5),
        ];
        for (name, query, runs) in queries {
            let bare = engine.median(&query("contacts_synced", rows), runs);
            let view = engine.median(&query("contacts", rows), runs);
            let slow_runs = if rows > 10_000 { 3 } else { runs };
            let usual = usual.median(&query("usual", rows), slow_runs);
            table.read(name, rows, bare, view, usual);
        }
    }
}

/// One insert, one update and one delete through the view of each database: the medians of many, taken in turn, so that
/// a machine that slows down slows all of them.
fn writes(engines: &mut [(Engine, usize)]) -> Vec<[f64; 3]> {
    const RUNS: usize = 60;
    let mut times = vec![[const { Vec::new() }; 3]; engines.len()];
    for (engine, _) in engines.iter_mut() {
        engine.exec("BEGIN");
    }
    for run in 0..RUNS {
        for ((engine, rows), times) in engines.iter_mut().zip(&mut times) {
            let new = id(10_000_000 + run);
            let old = id((run * 7_919 + 13) % *rows);
            let statements = [
                format!("INSERT INTO contacts (id, first_name, last_name) VALUES ('{new}', 'New', 'Row')"),
                format!("UPDATE contacts SET email = 'changed' WHERE id = '{old}'"),
                format!("DELETE FROM contacts WHERE id = '{old}'"),
            ];
            for (statement, times) in statements.iter().zip(times) {
                times.push(engine.time(statement));
            }
        }
    }
    for (engine, _) in engines.iter_mut() {
        engine.exec("ROLLBACK");
    }
    times.into_iter().map(|times| times.map(engine::median)).collect()
}

const WRITES: [&str; 3] = ["insert through the view", "update through the view", "delete through the view"];

fn compare_writes(cases: Vec<(String, Engine, usize)>, table: &mut Table) {
    let (names, mut engines): (Vec<_>, Vec<_>) =
        cases.into_iter().map(|(name, engine, rows)| (name, (engine, rows))).unzip();
    let times = writes(&mut engines);
    for (kind, what) in WRITES.iter().enumerate() {
        table.series(what, names.iter().cloned().zip(times.iter().map(|times| times[kind])).collect());
    }
}

fn writes_by_size(adapter: Adapter, sizes: &[usize], table: &mut Table) {
    let case = |rows: &usize| (format!("{rows} rows"), database(adapter, 1, *rows), *rows);
    compare_writes(sizes.iter().map(case).collect(), table);
}

fn writes_by_pending(adapter: Adapter, table: &mut Table) {
    let none = database(adapter, 1, 20_000);
    let mut many = database(adapter, 1, 20_000);
    many.exec(&format!("UPDATE contacts SET email = 'pending' WHERE id >= '{}'", id(10_000)));
    // The rows that are then written to are others.
    let cases = vec![("no pending writes".to_owned(), none, 10_000), ("10000 pending writes".to_owned(), many, 10_000)];
    compare_writes(cases, table);
}

fn writes_by_models(adapter: Adapter, table: &mut Table) {
    let name = |count: usize| if count == 1 { "1 model".to_owned() } else { format!("{count} models") };
    let counts = [1, 50, 200];
    compare_writes(counts.iter().map(|count| (name(*count), database(adapter, *count, 1_000), 1_000)).collect(), table);
    let settled = counts.iter().map(|count| {
        let mut engine = database(adapter, *count, 1_000);
        (name(*count), echoes(&mut engine, 500).0)
    });
    table.series("settling 500 echoes in one batch", settled.collect());
}

fn load(adapter: Adapter, rows: usize, table: &mut Table) {
    const RUNS: usize = 3;
    let mut bare = Vec::new();
    let mut ours = Vec::new();
    let mut usual = Vec::new();
    // In turn, so that a machine that slows down slows all of them.
    for _ in 0..RUNS {
        let mut engine = Engine::open(adapter);
        engine.load(&schema(adapter, 1));
        engine.exec(&reference::bare_table(adapter));
        bare.push(fill(&mut engine, "bare", rows));
        if adapter == Adapter::Sqlite {
            // As the client does for as long as a first load takes.
            engine.exec("INSERT INTO _loading (table_name) VALUES ('contacts')");
        }
        ours.push(fill(&mut engine, "contacts_synced", rows));
        let mut engine = Engine::open(adapter);
        engine.exec(&reference::schema(adapter));
        usual.push(fill(&mut engine, "usual_synced", rows));
    }
    let [bare, ours, usual] = [bare, ours, usual].map(engine::median);
    table.read("loading all rows", rows, bare, ours, usual);
}

/// Writes so many rows, acknowledges them, and lets them come back in one batch: the time of the batch, and of the writes.
fn echoes(engine: &mut Engine, count: usize) -> (f64, f64) {
    let written = engine.time(&format!("UPDATE contacts SET email = 'echo' WHERE id < '{}'", id(count)));
    engine.exec("UPDATE _changes SET status = 'acknowledged'");
    engine.exec(
        "CREATE TEMPORARY TABLE echo AS
        SELECT s.id, s.first_name, s.last_name, 'echo' AS email, s.created_at, s.updated_at, c.write_id
        FROM _changes AS c JOIN contacts_synced AS s ON CAST(s.id AS TEXT) = c.row_key",
    );
    let columns = "id, first_name, last_name, email, created_at, updated_at, write_id";
    let settled = engine.time(&format!(
        "INSERT INTO contacts_synced ({columns}) SELECT {columns} FROM echo WHERE true
        ON CONFLICT (id) DO UPDATE SET email = excluded.email, write_id = excluded.write_id"
    ));
    engine.exec("DROP TABLE echo");
    assert_eq!(engine.count("_changes"), 0, "all echoes are settled");
    assert_eq!(engine.count("contacts_local"), 0, "no local row is left");
    (settled, written)
}

fn settle(adapter: Adapter, table: &mut Table) {
    let times = [1_000, 10_000].map(|count| {
        let mut engine = database(adapter, 1, 20_000);
        // A first, small batch, so that whatever is planned once is planned for few rows.
        echoes(&mut engine, 1);
        echoes(&mut engine, count)
    });
    table.series("settling echoes in one batch", vec![("1000".into(), times[0].0), ("10000".into(), times[1].0)]);
    table.series("updating rows in one statement", vec![("1000".into(), times[0].1), ("10000".into(), times[1].1)]);
}
