//! The npm packages that a generated client imports from, in versions that install together and that the tests run
//! with (`tests/npm`). They are exact, because TanStack's packages each want one version of `@tanstack/db`.

use crate::config::{Adapter, Framework, Transport};
use crate::model::Model;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
}

const PGLITE: Package = Package { name: "@electric-sql/pglite", version: "0.5.14" };
const SQLITE: Package = Package { name: "@sqlite.org/sqlite-wasm", version: "3.54.1-build1" };
const IDB: Package = Package { name: "idb", version: "8.0.4" };
const ELECTRIC: Package = Package { name: "@electric-sql/client", version: "1.5.28" };

const DB: Package = Package { name: "@tanstack/db", version: "0.15.1" };
const REACT: Package = Package { name: "@tanstack/react-db", version: "0.5.11" };

/// What the packages below want.
const OLDER_DB: Package = Package { name: "@tanstack/db", version: "0.9.2" };
const OLDER_REACT: Package = Package { name: "@tanstack/react-db", version: "0.4.1" };
const VUE: Package = Package { name: "@tanstack/vue-db", version: "0.2.1" };
const SVELTE: Package = Package { name: "@tanstack/svelte-db", version: "0.4.1" };
const SOLID: Package = Package { name: "@tanstack/solid-db", version: "0.2.45" };
const ELECTRIC_COLLECTION: Package = Package { name: "@tanstack/electric-db-collection", version: "0.4.10" };

/// What a generated sync server imports, and a driver for PostgreSQL.
pub const SERVER: [Package; 2] = [Package { name: "zod", version: "4.6.7" }, Package { name: "pg", version: "8.23.1" }];

/// Where the rows of a client's collections come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sources {
    /// Whether some come through Electric into the local database.
    pub streamed: bool,
    /// Whether some come from the API's lists into the local database.
    pub polled: bool,
    /// Whether some come from a sync server into the local database.
    pub pulled: bool,
    /// Whether some come from Electric, and stay in no database.
    pub direct: bool,
}

impl Sources {
    pub fn of<'m>(models: impl IntoIterator<Item = &'m Model>) -> Self {
        let mut sources = Self::default();
        for model in models {
            let source = match (model.is_local(), model.transport) {
                (false, _) => &mut sources.direct,
                (true, Transport::Electric) => &mut sources.streamed,
                (true, Transport::Rest) => &mut sources.polled,
                (true, Transport::PushPull) => &mut sources.pulled,
            };
            *source = true;
        }
        sources
    }

    /// Whether there is a local database.
    pub fn local(self) -> bool {
        self.streamed || self.polled || self.pulled
    }
}

pub fn packages(adapter: Adapter, framework: Framework, sources: Sources) -> Vec<Package> {
    let electric = sources.direct;
    let database = match adapter {
        Adapter::Pglite => PGLITE,
        Adapter::Sqlite => SQLITE,
        Adapter::IndexedDb => IDB,
    };
    let (db, hooks) = match framework {
        Framework::React if electric => (OLDER_DB, Some(OLDER_REACT)),
        Framework::React => (DB, Some(REACT)),
        Framework::Vue => (OLDER_DB, Some(VUE)),
        Framework::Svelte => (OLDER_DB, Some(SVELTE)),
        Framework::Solid => (OLDER_DB, Some(SOLID)),
        Framework::None if electric => (OLDER_DB, None),
        Framework::None => (DB, None),
    };
    let collection = electric.then_some(ELECTRIC_COLLECTION);
    let client = (sources.streamed || sources.direct).then_some(ELECTRIC);
    let database = sources.local().then_some(database);
    database.into_iter().chain(client).chain([db]).chain(hooks).chain(collection).collect()
}
