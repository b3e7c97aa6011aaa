//! The files of `db`: the code that all models share. It stands in the templates as it is generated; which files go in
//! is decided here.

use crate::config::Framework;
use crate::target::{Adapter, BANNER, Files, Settings};

/// Name and text of a file in `db`.
type Module = (&'static str, &'static str);

macro_rules! modules {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../templates/typescript/", $folder, "/", $name)))),*]
    };
}

/// What both kinds of collections stand on.
const COMMON: &[Module] = modules!["db": "config.ts", "keys.ts", "model.ts", "row-schema.ts"];
const LOCAL: &[Module] = modules![
    "db": "answer.ts",
    "auth.ts",
    "backoff.ts",
    "confirmation.ts",
    "driver.ts",
    "electric.ts",
    "exchange.ts",
    "local-collection.ts",
    "log.ts",
    "mutations.ts",
    "outgoing.ts",
    "queue.ts",
    "raw-json.ts",
    "reports.ts",
    "request.ts",
    "rows.ts",
    "settle.ts",
    "shape-fetch.ts",
    "shape-messages.ts",
    "shape-position.ts",
    "shape-values.ts",
    "shape.ts",
    "status.ts",
    "sync-worker.ts",
    "timestamps.ts",
];
const ELECTRIC: &[Module] = modules!["db":];
const ACCESS: &[Module] = modules!["db": "access.ts"];
const PGLITE: &[Module] = modules!["pglite": "stream.ts"];
const SQLITE: &[Module] = modules!["sqlite": "stream.ts"];
/// What hooks for one row stand on.
const WATCH: &[Module] = modules!["db": "watch.ts"];

/// What is in the client besides the collections.
pub struct Parts {
    pub local: bool,
    pub electric: bool,
    pub access: bool,
}

/// The hook for one row, and those for the status.
fn hooks(framework: Framework) -> (&'static [Module], &'static [Module]) {
    match framework {
        Framework::React => (modules!["react": "use-row.ts"], modules!["react": "use-status.ts"]),
        Framework::Vue => (modules!["vue": "use-row.ts"], modules!["vue": "use-status.ts"]),
        Framework::Svelte => (modules!["svelte": "use-row.ts"], modules!["svelte": "use-status.ts"]),
        Framework::Solid => (modules!["solid": "use-row.ts"], modules!["solid": "use-status.ts"]),
        Framework::None => (&[], &[]),
    }
}

pub fn files(settings: Settings, parts: &Parts) -> Files {
    let adapter = match settings.adapter {
        Adapter::Pglite => PGLITE,
        Adapter::Sqlite => SQLITE,
    };
    let has_hooks = settings.framework != Framework::None;
    let (use_row, use_status) = hooks(settings.framework);
    let chosen: &[(bool, &[Module])] = &[
        (true, COMMON),
        (parts.local, LOCAL),
        (parts.local, adapter),
        (parts.electric, ELECTRIC),
        (parts.access, ACCESS),
        (has_hooks, WATCH),
        (true, use_row),
        (parts.local, use_status),
    ];
    let modules = chosen.iter().filter(|(is_needed, _)| *is_needed).flat_map(|(_, modules)| *modules);
    modules.map(|(name, text)| (format!("db/{name}"), format!("// {BANNER}\n\n{text}"))).collect()
}
