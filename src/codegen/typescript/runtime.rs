//! The files of `db`: the code that all models share. It stands in the templates as it is generated; which files go in
//! is decided here.

use crate::codegen::template::Templates;
use crate::codegen::{BANNER, Files, Settings};
use crate::config::Adapter;
use crate::config::Framework;

/// A file in `db`: its path below `templates`, and its text.
type Module = (&'static str, &'static str);

macro_rules! modules {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$((
            concat!("typescript/", $folder, "/", $name),
            include_str!(concat!("../../../templates/typescript/", $folder, "/", $name)),
        )),*]
    };
}

/// What both kinds of collections stand on.
const COMMON: &[Module] = modules![
    "db": "answer.ts",
    "backoff.ts",
    "config.ts",
    "exchange.ts",
    "keys.ts",
    "model.ts",
    "presence.ts",
    "raw-json.ts",
    "rejected.ts",
    "request.ts",
    "row-schema.ts",
    "same-value.ts",
    "shape-values.ts",
    "timestamps.ts",
    "wire.ts",
];
const LOCAL: &[Module] = modules![
    "db": "answered.ts",
    "auth.ts",
    "carry.ts",
    "confirmation.ts",
    "driver.ts",
    "electric.ts",
    "feed.ts",
    "init.ts",
    "leader.ts",
    "leaving.ts",
    "local-collection.ts",
    "log.ts",
    "migrate-log.ts",
    "migrate.ts",
    "mutations.ts",
    "outgoing.ts",
    "owner.ts",
    "queue.ts",
    "reports.ts",
    "rows.ts",
    "settle.ts",
    "shape-fetch.ts",
    "shape-messages.ts",
    "shape-position.ts",
    "shape.ts",
    "status.ts",
    "sync-worker.ts",
    "tab-connection.ts",
    "tab-messages.ts",
    "tabs.ts",
    "troubles.ts",
    "turns.ts",
    "unchanging.ts",
];
const ELECTRIC: &[Module] = modules!["db": "electric-collection.ts"];
const ACCESS: &[Module] = modules!["db": "access.ts"];
const PGLITE: &[Module] = modules!["pglite": "dialect.ts", "pglite-worker.ts", "pglite.ts", "stream.ts", "values.ts"];
const SQLITE: &[Module] = modules![
    "sqlite": "dialect.ts",
    "sqlite-native.ts",
    "sqlite-wasm.ts",
    "sqlite-worker.ts",
    "sqlite.ts",
    "stream.ts",
    "values.ts",
];
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

pub fn files(settings: Settings, parts: &Parts, templates: &Templates) -> Files {
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
    let file = |(path, text): &Module| {
        let name = path.rsplit('/').next().unwrap_or(path);
        (format!("db/{name}"), format!("// {BANNER}\n\n{}", templates.verbatim(path, text)))
    };
    modules.map(file).collect()
}

/// The paths of all of them below `templates`.
pub fn paths() -> impl Iterator<Item = &'static str> {
    let frameworks = [Framework::React, Framework::Vue, Framework::Svelte, Framework::Solid].map(hooks);
    let hooks = frameworks.into_iter().flat_map(|(use_row, use_status)| [use_row, use_status]);
    let modules = [COMMON, LOCAL, ELECTRIC, ACCESS, PGLITE, SQLITE, WATCH].into_iter().chain(hooks);
    modules.flatten().map(|(path, _)| *path)
}
