//! The files of `db`: the code that all models share. It stands in the templates as it is generated; which files go in
//! is decided here.

use super::packages::Sources;
use crate::codegen::template::Templates;
use crate::codegen::{BANNER, Files, Settings};
use crate::config::Adapter;
use crate::config::Framework;

/// A file in `db`: the path of its template below `templates`, and its text.
type Module = (&'static str, &'static str);

/// Where the templates are: below it, each has the path that its file has in `db`, but for the hooks of a framework.
const FOLDER: &str = "typescript/runtime/";

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        &[$((
            concat!("typescript/runtime/", $name),
            include_str!(concat!("../../../templates/typescript/runtime/", $name)),
        )),*]
    };
}

/// What both kinds of collections stand on.
const COMMON: &[Module] = modules![
    "client/json.ts",
    "client/model.ts",
    "client/timing.ts",
    "client/values.ts",
    "collection/rows.ts",
    "config.ts",
    "store/store.ts",
    "tabs/reports.ts",
    "transport/rest/answer.ts",
    "transport/rest/exchange.ts",
    "transport/rest/redirects.ts",
    "transport/rest/request.ts",
    "transport/rest/rows.ts",
    "transport/rest/send.ts",
    "transport/schedule.ts",
    "transport/transport.ts",
];
const LOCAL: &[Module] = modules![
    "changes.ts",
    "client/parts.ts",
    "collection/feed.ts",
    "collection/gather.ts",
    "collection/local.ts",
    "collection/mutations.ts",
    "collection/place.ts",
    "collection/table.ts",
    "init.ts",
    "load-sync.ts",
    "status.ts",
    "store/convert-entry.ts",
    "sync-worker.ts",
    "sync.ts",
    "tabs/leader.ts",
    "transport/attempts.ts",
    "transport/loading.ts",
    "transport/misfits.ts",
    "transport/progress.ts",
    "user.ts",
    "writes/alone.ts",
    "writes/circles.ts",
    "writes/claim.ts",
    "writes/flights.ts",
    "writes/known.ts",
    "writes/queue.ts",
    "writes/refusals.ts",
    "writes/retries.ts",
    "writes/sender.ts",
    "writes/settle.ts",
];
/// Rows that come through Electric into the local database.
const STREAMED: &[Module] = modules![
    "transport/electric/left-out.ts",
    "transport/electric/messages.ts",
    "transport/electric/shape.ts",
    "transport/electric/streams.ts"
];
/// What is asked of Electric.
const ASKED: &[Module] = modules!["transport/electric/request.ts"];
/// Rows that come from the API's lists.
const POLLED: &[Module] = modules![
    "transport/rest/get.ts",
    "transport/rest/gone-rows.ts",
    "transport/rest/pages.ts",
    "transport/rest/places.ts",
    "transport/rest/poll.ts",
    "transport/rest/pull.ts",
    "transport/rest/read-list.ts",
    "transport/rest/row-writer.ts",
    "transport/rest/run.ts",
];
/// Rows that come from a sync server, and edits that go there.
const PULLED: &[Module] = modules![
    "transport/push-pull/answers.ts",
    "transport/push-pull/batch.ts",
    "transport/push-pull/clock.ts",
    "transport/push-pull/deleted-rows.ts",
    "transport/push-pull/exchange.ts",
    "transport/push-pull/lost.ts",
    "transport/push-pull/page.ts",
    "transport/push-pull/poke.ts",
    "transport/push-pull/protocol.ts",
    "transport/push-pull/pull.ts",
    "transport/push-pull/push.ts",
    "transport/push-pull/results.ts",
    "transport/push-pull/skew.ts",
    "transport/push-pull/sync.ts",
    "transport/push-pull/turns.ts",
];
/// Collections that stand on Electric alone.
const DIRECT: &[Module] = modules!["collection/electric.ts"];
const ACCESS: &[Module] = modules!["client/access.ts"];
/// What shows rows that were deleted.
const DELETED: &[Module] = modules!["deleted.ts"];
/// What databases with SQL have in common.
const SQL: &[Module] = modules![
    "store/sql/deleted.ts",
    "store/sql/dialect.ts",
    "store/sql/driver.ts",
    "store/sql/log.ts",
    "store/sql/changed-keys.ts",
    "store/sql/meta.ts",
    "store/sql/migrate-log.ts",
    "store/sql/zones.ts",
    "store/sql/migrate.ts",
    "store/sql/store.ts",
    "store/sql/tabs/connection.ts",
    "store/sql/tabs/driver.ts",
    "store/sql/tabs/messages.ts",
    "store/sql/tabs/owner.ts",
];
const INDEXED_DB: &[Module] = modules![
    "store/indexeddb/connection.ts",
    "store/indexeddb/deleted.ts",
    "store/indexeddb/entries.ts",
    "store/indexeddb/fold.ts",
    "store/indexeddb/loads.ts",
    "store/indexeddb/log.ts",
    "store/indexeddb/meta.ts",
    "store/indexeddb/migrate.ts",
    "store/indexeddb/renew-log.ts",
    "store/indexeddb/rows.ts",
    "store/indexeddb/schema-hash.ts",
    "store/indexeddb/store.ts",
    "store/indexeddb/synced.ts",
    "store/indexeddb/tables.ts",
    "store/indexeddb/values.ts",
];
const PGLITE: &[Module] = modules![
    "store/sql/pglite/create.ts",
    "store/sql/pglite/dialect.ts",
    "store/sql/pglite/driver.ts",
    "store/sql/pglite/folder.ts",
    "store/sql/pglite/initial-data.mjs",
    "store/sql/pglite/open.ts",
    "store/sql/pglite/pglite-worker.ts",
    "store/sql/pglite/version.ts",
];
const SQLITE: &[Module] = modules![
    "store/sql/sqlite/dialect.ts",
    "store/sql/sqlite/driver.ts",
    "store/sql/sqlite/open.ts",
    "store/sql/sqlite/sqlite-worker.ts",
    "store/sql/sqlite/wasm.ts",
];

/// What is in the client besides the collections.
pub struct Parts {
    pub sources: Sources,
    pub access: bool,
    /// Whether rows that were deleted are kept.
    pub keeps_deleted: bool,
}

/// The hook for one row, and those of the default client.
fn hooks(framework: Framework) -> (&'static [Module], &'static [Module]) {
    match framework {
        Framework::React => {
            (modules!["collection/hooks/react/use-row.ts"], modules!["collection/hooks/react/default-client.ts"])
        }
        Framework::Vue => {
            (modules!["collection/hooks/vue/use-row.ts"], modules!["collection/hooks/vue/default-client.ts"])
        }
        Framework::Svelte => {
            (modules!["collection/hooks/svelte/use-row.ts"], modules!["collection/hooks/svelte/default-client.ts"])
        }
        Framework::Solid => {
            (modules!["collection/hooks/solid/use-row.ts"], modules!["collection/hooks/solid/default-client.ts"])
        }
        Framework::None => (&[], &[]),
    }
}

pub fn files(settings: Settings, parts: &Parts, templates: &Templates) -> Files {
    let (shared, adapter): (&[Module], _) = match settings.adapter {
        Adapter::Pglite => (SQL, PGLITE),
        Adapter::Sqlite => (SQL, SQLITE),
        Adapter::IndexedDb => (&[], INDEXED_DB),
    };
    let (use_row, of_client) = hooks(settings.framework);
    let sources = parts.sources;
    let chosen: &[(bool, &[Module])] = &[
        (true, COMMON),
        (sources.local(), LOCAL),
        (sources.local(), shared),
        (sources.local(), adapter),
        (sources.streamed, STREAMED),
        (sources.streamed || sources.direct, ASKED),
        (sources.polled, POLLED),
        (sources.pulled, PULLED),
        (sources.direct, DIRECT),
        (parts.access, ACCESS),
        (parts.keeps_deleted, DELETED),
        (true, use_row),
        (sources.local(), of_client),
    ];
    let modules = chosen.iter().filter(|(is_needed, _)| *is_needed).flat_map(|(_, modules)| *modules);
    let file = |(path, text): &Module| {
        (format!("db/{}", generated_path(path)), format!("// {BANNER}\n\n{}", templates.verbatim(path, text)))
    };
    modules.map(file).collect()
}

/// The path in `db` of what a template makes.
fn generated_path(template: &str) -> String {
    let path = template.strip_prefix(FOLDER).unwrap_or(template);
    match path.strip_prefix("collection/hooks/").and_then(|hook| hook.split_once('/')) {
        Some((_framework, name)) => format!("collection/hooks/{name}"),
        None => path.to_owned(),
    }
}

/// The paths of all of them below `templates`.
pub fn paths() -> impl Iterator<Item = &'static str> {
    let frameworks = [Framework::React, Framework::Vue, Framework::Svelte, Framework::Solid].map(hooks);
    let hooks = frameworks.into_iter().flat_map(|(use_row, of_client)| [use_row, of_client]);
    let parts =
        [COMMON, LOCAL, STREAMED, ASKED, POLLED, PULLED, DIRECT, ACCESS, DELETED, SQL, PGLITE, SQLITE, INDEXED_DB];
    parts.into_iter().chain(hooks).flatten().map(|(path, _)| *path)
}
