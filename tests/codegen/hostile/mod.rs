//! A document is somebody else's, and what is made of it is run. Hostile strings in every place of a document and of a
//! config that takes text: they stay in the literal, the comment or the name that they belong to.

mod document;
mod strings;
mod tokens;
mod twin;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::binary::sync_patterns;
use crate::support::database::{Database, Sqlite, open};
use crate::support::exercise::exercise;
use crate::support::size::is_long;
use crate::support::workspace::Workspace;
use document::{add_collection, can_hold, config, config_for_all, harmless, positions, spec};
use serde_json::{Value, json};
use strings::hostile;
use sync_patterns::codegen::{Files, sql::compact};
use sync_patterns::config::Adapter;
use sync_patterns::config::{Overrides, read};
use sync_patterns::diagnostics::{Problems, Severity};
use sync_patterns::{generate, openapi::Tree};

/// The files of the client and of a sync server, or the problems that stand in their way: each at a place.
fn files(document: Value, config: &Value, adapter: Adapter) -> Result<Files, String> {
    let mut problems = Problems::default();
    let mut config = config.clone();
    config["server"] = json!({ "output": "./sync-server" });
    let overrides = Overrides { adapter: Some(adapter), ..Overrides::default() };
    let config = read(&config, Path::new(""), &overrides, &mut problems);
    let client =
        config.and_then(|config| generate(Tree::from(document), &config, None, &mut problems).expect("no failure"));
    if let Some(client) = client.filter(|_| !problems.has_errors()) {
        let server = client.server.into_iter().flatten().filter(|(path, _)| path != ".gitattributes");
        return Ok(client
            .files
            .into_iter()
            .chain(server.map(|(path, text)| (format!("server/{path}"), text)))
            .collect());
    }
    let errors: Vec<_> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    assert!(!errors.is_empty(), "no files, and no word why");
    for problem in &errors {
        assert!(!problem.pointer.is_empty(), "nowhere: {}", problem.message);
    }
    Err(errors.iter().map(|problem| format!("{}\n", problem.message)).collect())
}

/// Positions whose text names a column or a model, which not every text can. Each has a document of its own.
const NAMES: [&str; 6] = ["path", "parameter", "property", "owner_only", "discriminator", "model"];

type Make<'m> = &'m (dyn Fn(document::Fill) -> (Value, Value) + Sync);

/// The harmless document, for each adapter.
fn twins(make: Make) -> [(Adapter, Files); 2] {
    let (document, config) = make(&harmless);
    [Adapter::Pglite, Adapter::Sqlite]
        .map(|adapter| (adapter, files(document.clone(), &config, adapter).expect("the harmless twin")))
}

/// What is generated differs from the twin in the places of these texts only. False where it is refused.
fn check(make: Make, fill: document::Fill, (adapter, twin): &(Adapter, Files), what: &str) -> bool {
    let (document, config) = make(fill);
    let files = match files(document, &config, *adapter) {
        Ok(files) => files,
        Err(_) => return false,
    };
    stay_in_place(&files);
    if let Err(difference) = twin::compare(twin, &files) {
        panic!("{what}: {difference}");
    }
    if *adapter == Adapter::Sqlite {
        let mut database = Sqlite::open();
        database.load(&files);
        assert_no_canary(&mut database, what);
    }
    true
}

/// Every string in every position: as many documents as there are strings, each with other strings in its positions. A short
/// run has a quarter of the documents, so that each string is in a quarter of the positions, and each for one of the adapters.
fn check_positions(all: &[&'static str], make: Make) {
    let (texts, twins) = (hostile(), twins(make));
    let (names, others): (Vec<&str>, Vec<&str>) = all.iter().partition(|position| NAMES.contains(position));
    let all_pairs = (0..texts.len()).flat_map(|round| twins.iter().map(move |twin| (round, twin)));
    let part = if is_long() { 1 } else { 4 };
    let one_of_each = (0..texts.len()).step_by(part).zip(twins.iter().cycle());
    let rounds: Vec<_> = if is_long() { all_pairs.collect() } else { one_of_each.collect() };
    for (round, twin) in rounds {
        let fill = |position: &'static str| match others.iter().position(|other| *other == position) {
            Some(index) if can_hold(position, &texts[(round + index) % texts.len()]) => {
                texts[(round + index) % texts.len()].clone()
            }
            _ => harmless(position),
        };
        let what = format!("round {round}, {:?}", twin.0);
        assert!(check(make, &fill, twin, &what), "{what} is refused");
    }
    for (index, name) in names.into_iter().enumerate() {
        let mut generated = 0;
        let held = texts.iter().filter(|text| can_hold(name, text));
        // Others for each name, so that all are in one of them.
        for (text, twin) in held.skip(index % part).step_by(part).zip(twins.iter().cycle()) {
            let fill = |position: &'static str| if position == name { text.clone() } else { harmless(position) };
            let what = format!("{name} = {:?}, {:?}", text.chars().take(80).collect::<String>(), twin.0);
            generated += usize::from(check(make, &fill, twin, &what));
        }
        assert!(generated * 10 * part > texts.len(), "{name}: {generated}");
    }
}

#[test]
fn every_position_of_a_document_holds_its_text() {
    let names = positions(|fill| drop(spec(fill)));
    assert!(names.len() > 40, "{names:?}");
    check_positions(&names, &|fill| (spec(fill), config_for_all()));
}

#[test]
fn every_position_of_a_config_holds_its_text() {
    let names = positions(|fill| drop(config(fill)));
    check_positions(&names, &|fill| (spec(&harmless), config(fill)));
}

fn assert_no_canary(database: &mut dyn Database, what: &str) {
    let query = match database.adapter() {
        Adapter::Sqlite => "SELECT name FROM sqlite_master WHERE name = 'canary'",
        Adapter::Pglite => "SELECT relname FROM pg_class WHERE relname = 'canary'",
        Adapter::IndexedDb => return,
    };
    assert_eq!(database.query(query).expect("the catalogue"), [], "{what}");
}

/// Names that Windows keeps for devices, whatever stands behind a dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let is_numbered = numbered
        .is_some_and(|rest| matches!(rest, "¹" | "²" | "³") || rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit());
    is_numbered || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
}

/// Files are below the output folder, in the folders that are ours, under names that every system can have, side by side.
fn stay_in_place(files: &Files) {
    let mut folded = BTreeSet::new();
    for path in files.keys().filter(|path| *path != ".gitattributes") {
        let folder = path.split_once('/').map_or("", |(folder, _)| folder);
        assert!(["", "collections", "db", "schema", "server", "types"].contains(&folder), "{path:?}");
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        for name in path.split('/') {
            assert!(name.chars().all(is_plain) && !name.starts_with('.') && name.len() <= 100, "{path:?}");
            assert!(!is_device(name), "{path:?} is a device");
        }
        // As the file systems of macOS and Windows compare them.
        assert!(folded.insert(path.to_uppercase().to_lowercase()), "{path:?} is another's");
    }
}

/// One document with a collection for each string, which is in all of its positions but those that refuse it.
fn crowd() -> Value {
    let mut document = spec(&harmless);
    for text in hostile() {
        let can_name_a_column = !text.is_empty() && text.len() < 30 && !text.contains('\0');
        let fill = |position: &'static str| match position {
            "path" => format!("{text}/{text}"),
            // Names of one object, of which each is there once.
            "property" | "owner_only" | "discriminator" if !can_name_a_column => harmless(position),
            "owner_only" => format!("{text} {text}"),
            "schema" | "nested_schema" => format!("{text} {position}"),
            _ => text.clone(),
        };
        add_collection(&mut document, &fill);
    }
    document
}

fn crowd_config() -> Value {
    let mut config = config_for_all();
    let everything = hostile().into_iter().filter(|text| text.len() < 1_000).collect::<Vec<_>>().join(" ");
    config["database"] = json!(everything);
    config["electric_url"] = json!(format!("/{everything}"));
    config["api_base_url"] = json!(format!("/{everything}"));
    config
}

#[test]
fn a_crowd_has_places_of_its_own() {
    let files = files(crowd(), &crowd_config(), Adapter::Pglite).expect("files");
    stay_in_place(&files);
    let models = files.keys().filter(|path| path.starts_with("collections/")).count();
    assert!(models > hostile().len() * 3 / 4, "{models}");
}

/// A short run has it in SQLite; in PGlite it takes a minute.
#[test]
fn a_crowd_loads_and_takes_writes() {
    let pglite = is_long().then_some(Adapter::Pglite);
    for adapter in pglite.into_iter().chain([Adapter::Sqlite]) {
        let mut files = files(crowd(), &crowd_config(), adapter).expect("files");
        // As programs get it: where a comment or a quote were taken for another, a statement would be.
        for (_, text) in files.iter_mut().filter(|(path, _)| path.ends_with(".sql")) {
            *text = compact(text);
        }
        let mut database = open(adapter);
        exercise(database.as_mut(), &files, "hostile");
        assert_no_canary(database.as_mut(), "everything");
    }
}

/// The SQL of every model is what its file has without comments, the modules run, and nothing else does.
#[test]
fn a_crowd_compiles_and_runs_nothing() {
    let workspace = Workspace::new("hostile");
    let files = files(crowd(), &crowd_config(), Adapter::Sqlite).expect("files");
    for (path, text) in twin::own(&files).filter(|(path, _)| path.ends_with(".ts")) {
        assert!(!text.contains(is_misleading), "{path}");
    }
    let client = |(path, _): &(&String, &String)| !path.starts_with("server/");
    let files: Files = files.iter().filter(client).map(|(path, text)| (path.clone(), text.clone())).collect();
    workspace.write("src", &files);
    workspace.emit();
    let scripts = files.keys().filter_map(|path| path.strip_suffix(".ts"));
    let scripts =
        scripts.filter(|path| ["schema/", "types/", "db/defaults"].iter().any(|start| path.starts_with(start)));
    let modules: Vec<String> = scripts.map(|path| format!("./dist/{path}.js")).collect();
    let sql = files.iter().filter(|(path, _)| path.ends_with(".sql"));
    let sql: BTreeMap<&String, String> = sql.map(|(path, text)| (path, compact(text))).collect();
    workspace.write_file("sql.json", &json!(sql).to_string());
    let script = format!(
        "import {{ readFileSync }} from 'node:fs';
        const expected = JSON.parse(readFileSync('sql.json', 'utf8'));
        const prototype = () => JSON.stringify(Reflect.ownKeys(Object.prototype).map(String));
        const before = prototype();
        for (const path of {}) await import(path);
        const {{ modelSql }} = await import('./dist/schema/_schema.js');
        for (const [name, sql] of modelSql) {{
          if (sql !== expected[`schema/${{name}}.sql`]) throw new Error(`other SQL: ${{name}}`);
        }}
        console.log(modelSql.size, globalThis.canary, before === prototype());",
        json!(modules)
    );
    let count = sql.len() - 1;
    assert_eq!(workspace.run("script", &script).trim(), format!("{count} undefined true"));
}

/// The server's tables, triggers and models, in a database: each statement is read, and none is another one. In a long run.
#[test]
fn a_crowd_has_a_server() {
    if !is_long() {
        return;
    }
    let workspace = Workspace::for_sync_server("hostile-server");
    let files = files(crowd(), &crowd_config(), Adapter::Pglite).expect("files");
    let server = files.iter().filter_map(|(path, text)| Some((path.strip_prefix("server/")?.to_owned(), text.clone())));
    workspace.write("src", &server.collect());
    workspace.compile();
    let script = "import { PGlite } from '@electric-sql/pglite';
        import { createSyncServer, pgliteDatabase, schemaSql } from './dist/index.js';
        import { models } from './dist/models/index.js';
        const prototype = () => JSON.stringify(Reflect.ownKeys(Object.prototype).map(String));
        const before = prototype();
        const database = await PGlite.create();
        for (const _ of [1, 2]) await database.exec(schemaSql);
        const all = Object.values(models);
        for (const { table, columns, key } of all) {
          const [column] = Object.entries(columns).filter(([name]) => !key.includes(name)).map(([, { sql }]) => sql);
          if (column) await database.exec(`UPDATE ${table} SET ${column} = ${column}; DELETE FROM ${table}`);
        }
        const tables = Object.fromEntries(all.map(({ name, columns }) => [name, Object.keys(columns)]));
        const errors = [];
        const server = createSyncServer({
          database: pgliteDatabase(database), authenticate: () => ({ id: 'a', scopes: {} }), onError: (error) => errors.push(String(error)),
        });
        const ask = async (endpoint, more) => {
          const body = JSON.stringify({ protocol: 1, schema: 'a', client_id: 'a', ...more });
          const headers = { 'content-type': 'application/json' };
          const answer = await server[endpoint](new Request('http://localhost/', { method: 'POST', headers, body }));
          return [answer.status, await answer.json()];
        };
        const [pulled] = await ask('pull', { tables, cursor: null });
        const changes = all.map(({ name, key }, index) => ({
          id: String(index), write_id: `w${index}`, transaction_id: `t${index}`, table: name, operation: 'delete',
          key: Object.fromEntries(key.map((column) => [column, '1'])), value: {},
        })).slice(0, 60);
        const [pushed, { results }] = await ask('push', { now: 0, changes });
        const known = new Set(['not_found', 'not_allowed', 'invalid']);
        const odd = results.filter(({ status, error }) => status !== 'pending' && !known.has(error?.code));
        const { rows } = await database.query(`SELECT relname FROM pg_class WHERE relname = 'canary'`);
        console.log(all.length, pulled, pushed, odd.length, rows.length, errors.join(), globalThis.canary, before === prototype());";
    let models = files.keys().filter(|path| path.starts_with("server/models/")).count() - 1;
    assert_eq!(workspace.run("script", script).trim(), format!("{models} 200 200 0 0  undefined true"));
}

/// What ends a line for some, or shows text otherwise than it is read.
fn is_misleading(c: char) -> bool {
    let is_bidirectional =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_bidirectional
        || (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Text that isn't Unicode doesn't get in.
#[test]
fn broken_text_is_refused_where_it_stands() {
    let place = "  \"info\": { \"title\": \"";
    for (text, name) in [
        (&b"\\ud800"[..], "openapi.json"),
        (b"\\udc00\\ud800", "openapi.json"),
        (b"\\ud800x", "openapi.json"),
        (b"\xff\xfe", "openapi.json"),
        (b"\xed\xa0\x80", "openapi.json"),
        (b"\x00", "openapi.json"),
        (b"\\ud800", "openapi.yaml"),
        (b"\xff", "openapi.yaml"),
        (b"\x00", "openapi.yaml"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let start = format!("{{\n  \"openapi\": \"3.1.0\",\n{place}");
        let end = b"\", \"version\": \"1\" },\n  \"paths\": {}\n}\n";
        let document = [start.as_bytes(), text, end].concat();
        std::fs::write(folder.path().join(name), document).expect("a document");
        let run = sync_patterns(&["generate", "--spec", name, "--output", "generated"], folder.path());
        assert_eq!(run.code, 2, "{text:?}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("{name}:3")), "{text:?}: {}", run.stderr);
        assert!(!run.stderr.contains("panicked") && !folder.path().join("generated").exists(), "{}", run.stderr);
    }
}

/// Through the program and onto a disk.
#[test]
fn a_crowd_is_written_below_the_output_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("a/b");
    std::fs::create_dir_all(&home).expect("a folder");
    for (name, value) in [("openapi.json", crowd()), ("sync-patterns.config.yaml", crowd_config())] {
        std::fs::write(home.join(name), value.to_string()).expect("a file");
    }
    let run = sync_patterns(&["generate"], &home);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains(|c: char| is_misleading(c)), "{}", run.stderr);
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(folder.path()).len(), 1);
    assert_eq!(names(&folder.path().join("a")).len(), 1);
    assert_eq!(names(&home), ["generated", "openapi.json", "sync-patterns.config.yaml"].map(String::from).into());
    assert_eq!(
        names(&home.join("generated")),
        [".gitattributes", "client.ts", "collections", "db", "index.ts", "schema", "store.ts", "types"]
            .map(String::from)
            .into()
    );
}
