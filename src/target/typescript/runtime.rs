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

const LOCAL: &[Module] = modules![
    "db": "access.ts",
    "config.ts",
    "confirmation.ts",
    "driver.ts",
    "keys.ts",
    "local-collection.ts",
    "model.ts",
    "mutations.ts",
    "row-schema.ts",
    "rows.ts",
    "watch.ts",
];
const PGLITE: &[Module] = modules!["pglite":];
const SQLITE: &[Module] = modules!["sqlite":];
const REACT: &[Module] = modules!["react": "hooks.ts"];
const VUE: &[Module] = modules!["vue": "hooks.ts"];
const SVELTE: &[Module] = modules!["svelte": "hooks.ts"];
const SOLID: &[Module] = modules!["solid": "hooks.ts"];

pub fn files(settings: Settings) -> Files {
    let adapter = match settings.adapter {
        Adapter::Pglite => PGLITE,
        Adapter::Sqlite => SQLITE,
    };
    let hooks = match settings.framework {
        Framework::React => REACT,
        Framework::Vue => VUE,
        Framework::Svelte => SVELTE,
        Framework::Solid => SOLID,
        Framework::None => &[],
    };
    let modules = LOCAL.iter().chain(adapter).chain(hooks);
    modules.map(|(name, text)| (format!("db/{name}"), format!("// {BANNER}\n\n{text}"))).collect()
}
