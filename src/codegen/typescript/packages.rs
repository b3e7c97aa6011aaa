//! The npm packages that a generated client imports from, in versions that install together and that the tests run
//! with (`tests/npm`). They are exact, because TanStack's packages each want one version of `@tanstack/db`.

use crate::config::Adapter;
use crate::config::Framework;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
}

const PGLITE: Package = Package { name: "@electric-sql/pglite", version: "0.5.14" };
const SQLITE: Package = Package { name: "@sqlite.org/sqlite-wasm", version: "3.54.1-build1" };
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

/// `local`, `electric`: whether there are collections of the kind.
pub fn packages(adapter: Adapter, framework: Framework, local: bool, electric: bool) -> Vec<Package> {
    let database = match adapter {
        Adapter::Pglite => PGLITE,
        Adapter::Sqlite => SQLITE,
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
    local.then_some(database).into_iter().chain([ELECTRIC, db]).chain(hooks).chain(collection).collect()
}
