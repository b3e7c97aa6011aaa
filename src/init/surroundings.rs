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

/// The packages that bundle an application and find no `x.ts` where `x.js` is imported, and what people call them.
const WITHOUT_ENDINGS: [(&str, &str); 6] = [
    ("next", "Next.js"),
    ("react-scripts", "Create React App"),
    ("@vue/cli-service", "Vue CLI"),
    ("expo", "Metro"),
    ("react-native", "Metro"),
    ("webpack", "webpack"),
];

/// What bundles the application, by `package.json`, where it has to be told to find `x.ts` by `x.js`, or can't.
pub fn bundler_without_endings(folder: &Path) -> Option<&'static str> {
    let found = WITHOUT_ENDINGS.iter().find(|(package, _)| lists_package(folder, package))?;
    // Tools beside Vite bring webpack along.
    (!lists_package(folder, "vite")).then_some(found.1)
}

/// Whether `package.json` lists a package.
pub fn lists_package(folder: &Path, name: &str) -> bool {
    let Some(package) = package(folder) else { return false };
    ["dependencies", "devDependencies", "peerDependencies"]
        .iter()
        .any(|kind| package.get(kind).is_some_and(|packages| packages.get(name).is_some()))
}

/// Whether `package.json` says that its files are ES modules.
pub fn is_of_modules(folder: &Path) -> bool {
    package(folder).is_some_and(|package| package.get("type").is_some_and(|kind| kind == "module"))
}

fn package(folder: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(folder.join("package.json")).ok()?;
    serde_json::from_str(&text).ok()
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
