//! Reads what the folder of a project says about it.

use std::path::Path;

use serde_json::Value;

use crate::config::{Framework, ServerFramework};

/// The usual names of documents.
const DOCUMENTS: [&str; 6] =
    ["openapi.json", "openapi.yaml", "openapi.yml", "swagger.json", "swagger.yaml", "swagger.yml"];

/// A document in the folder.
pub fn document(folder: &Path) -> Option<String> {
    let name = DOCUMENTS.iter().find(|name| folder.join(name).is_file())?;
    let is_here = folder.as_os_str().is_empty();
    Some(if is_here { format!("./{name}") } else { folder.join(name).to_string_lossy().into_owned() })
}

/// The framework that `package.json` lists, if there are hooks for it.
pub fn framework(folder: &Path) -> Option<Framework> {
    let known = [
        ("vue", Framework::Vue),
        ("svelte", Framework::Svelte),
        ("solid-js", Framework::Solid),
        ("react", Framework::React),
    ];
    known.into_iter().find(|(name, _)| lists_package(folder, name)).map(|(_, framework)| framework)
}

/// What the application's server is made with, by `package.json`.
pub fn server_framework(folder: &Path) -> ServerFramework {
    let known =
        [("@tanstack/react-start", ServerFramework::TanstackStart), ("@sveltejs/kit", ServerFramework::Sveltekit)];
    let found = known.into_iter().find(|(name, _)| lists_package(folder, name));
    found.map_or(ServerFramework::Fetch, |(_, framework)| framework)
}

/// Whether `package.json` lists a package.
pub fn lists_package(folder: &Path, name: &str) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join("package.json")) else { return false };
    let package: Value = serde_json::from_str(&text).unwrap_or_default();
    ["dependencies", "devDependencies", "peerDependencies"]
        .iter()
        .any(|kind| package.get(kind).is_some_and(|packages| packages.get(name).is_some()))
}

/// The command with which the project's package manager installs exact versions.
pub fn install_command(folder: &Path) -> &'static str {
    let known = [
        ("pnpm-lock.yaml", "pnpm add --save-exact"),
        ("yarn.lock", "yarn add --exact"),
        ("bun.lock", "bun add --exact"),
        ("bun.lockb", "bun add --exact"),
    ];
    let found = known.into_iter().find(|(lock, _)| folder.join(lock).is_file());
    found.map_or("npm install --save-exact", |(_, command)| command)
}
