//! The worked example's page (`examples/contacts`) in Chromium: the client is generated for each adapter, the page built
//! with Vite, and used as a person would, in one tab and in two, with and without a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use libtest_mimic::Trial;

use crate::support::binary::sync_patterns;
use crate::support::chromium::chromium;
use crate::support::node::{node, run_suite};
use crate::support::npm::{link_packages, npm_frameworks, npm_sync_server};
use crate::support::postgres::Postgres;
use crate::support::size::is_long;
use crate::support::workspace::Workspace;
use crate::{ADAPTERS, case, loading, sveltekit};

/// The page with its client for each adapter, and the tests as JavaScript.
pub fn workspace() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = Workspace::new("browser");
        let tests = repository.join("tests");
        for folder in ["browser", "client/server"] {
            workspace.copy(&tests.join(folder), &format!("src/{folder}"));
        }
        for name in ["size.ts", "small-disk.ts", "until.ts"] {
            let text = fs::read_to_string(tests.join("client/support").join(name)).expect("text");
            workspace.write_file(&format!("src/client/support/{name}"), &text);
        }
        pushed(&workspace, repository);
        workspace.compile();
        components(&workspace, repository);
        for adapter in adapters() {
            page(&workspace, adapter, repository, adapter, &[]);
            older(&workspace, repository, adapter);
            let mut pages = vec![adapter.to_owned(), format!("{adapter}/older")];
            if is_long() {
                let electric = electric(adapter);
                let spec = sees_other(&workspace, repository);
                page(&workspace, &electric, &repository.join("fixtures/contacts"), adapter, &["--spec", &spec]);
                tell_where_electric_is(&workspace, &electric);
                pages.push(electric);
            }
            for page in pages {
                for name in ["index.html", "main.js"] {
                    let text = fs::read_to_string(tests.join("browser/bare").join(name)).expect("text");
                    workspace.write_file(&format!("{page}/bare/{name}"), &text);
                }
            }
        }
        workspace
    })
}

/// Those whose pages are tested.
fn adapters() -> impl Iterator<Item = &'static str> {
    ADAPTERS.into_iter().filter(|adapter| is_long() || *adapter == "sqlite")
}

/// For each framework a page with components that use the hooks, and the packages of that set.
const FRAMEWORKS: [&str; 4] = ["react", "vue", "svelte", "solid"];

/// Those whose pages are tested.
fn frameworks() -> impl Iterator<Item = &'static str> {
    FRAMEWORKS.into_iter().filter(|framework| is_long() || *framework == "react")
}

/// The pages, with the example's client for each framework.
fn components(workspace: &Workspace, repository: &Path) {
    let config = fs::read_to_string(repository.join("sync-patterns.config.yaml")).expect("the example's config");
    let config = config.replace("./examples", &repository.join("examples").to_string_lossy());
    for framework in frameworks() {
        let page = format!("components/{framework}");
        workspace.write_file("components.yaml", &format!("{config}framework: {framework}\n"));
        let output = format!("{page}/src/generated");
        let args = ["generate", "--config", "components.yaml", "--adapter", "sqlite", "--output", &output, "--quiet"];
        let run = sync_patterns(&args, workspace.folder());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let sources = repository.join("tests/components");
        for (folder, names) in [("", ["index.html", "conflict.html"]), ("src/", ["page.ts", "refused.ts"])] {
            for name in names {
                let text = fs::read_to_string(sources.join(name)).expect("text");
                workspace.write_file(&format!("{page}/{folder}{name}"), &text);
            }
        }
        for entry in fs::read_dir(sources.join(framework)).expect("its components") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            workspace.write_file(&format!("{page}/src/{name}"), &fs::read_to_string(&path).expect("text"));
        }
    }
    link_packages(&npm_frameworks(), &workspace.folder().join("components"));
}

/// For each framework a client of a sync server, and that server, in `src/crm/sync`.
fn pushed(workspace: &Workspace, repository: &Path) {
    let folder = repository.join("tests/sync_server");
    let config = fs::read_to_string(folder.join("sync-patterns.config.yaml")).expect("the sync server's config");
    let config = config.replace("spec: .", &format!("spec: {}", folder.to_string_lossy()));
    let config = config.replace("./src/server/sync", "./src/crm/sync");
    for part in ["src", "dist"] {
        let server = workspace.folder().join(part).join("crm/sync");
        fs::create_dir_all(&server).expect("a folder");
        link_packages(&npm_sync_server(), &server);
    }
    for framework in frameworks() {
        let config = config.replace("framework: none", &format!("framework: {framework}"));
        workspace.write_file("pushed.yaml", &format!("{config}transport: push-pull\n"));
        let output = format!("components/{framework}/src/pushed");
        let args = ["generate", "--config", "pushed.yaml", "--adapter", "sqlite", "--output", &output, "--quiet"];
        let run = sync_patterns(&args, workspace.folder());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
}

/// The folder of the page whose rows come from Electric.
fn electric(adapter: &str) -> String {
    format!("electric-{adapter}")
}

/// The example's page, with the client that the config in a folder makes, with these arguments more.
fn page(workspace: &Workspace, to: &str, config: &Path, adapter: &str, arguments: &[&str]) {
    let output = workspace.folder().join(to).join("src/generated");
    let output = output.to_str().expect("a path");
    let run = sync_patterns(&[&["generate", "--adapter", adapter, "--output", output], arguments].concat(), config);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    copy_example(&example("contacts"), workspace, to);
    begin_with_a_file(workspace, to, adapter);
    type_check(workspace, to);
}

/// Makes what a new PGlite begins with, as the example's build does. The others need no such file, and their
/// clients take none.
fn begin_with_a_file(workspace: &Workspace, page: &str, adapter: &str) {
    let folder = workspace.folder().join(page);
    if adapter != "pglite" {
        let main = folder.join("src/main.tsx");
        let text = fs::read_to_string(&main).expect("the page");
        let option = "{ initialData: \"/database.tar.gz\" }";
        assert!(text.contains(option), "the page begins with a file");
        fs::write(main, text.replace(option, "")).expect("the page");
    } else if is_long() {
        let script = "src/generated/db/store/sql/pglite/initial-data.mjs";
        let mut make = Command::new("node");
        let made =
            make.args([script, "public/database.tar.gz"]).current_dir(folder).status().expect("Node on the PATH");
        assert!(made.success(), "the file is made");
    }
}

pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// A document of `fixtures/contacts` where a new contact may be answered with where it is.
fn sees_other(workspace: &Workspace, repository: &Path) -> String {
    let text = fs::read_to_string(repository.join("fixtures/contacts/openapi.yaml")).expect("the document");
    let created = "        \"201\":\n          description: The new contact\n";
    assert!(text.contains(created), "the answer to a new contact");
    let other = format!("        \"303\": {{ description: Where the new contact is }}\n{created}");
    workspace.write_file("sees-other.yaml", &text.replace(created, &other));
    workspace.folder().join("sees-other.yaml").to_string_lossy().into_owned()
}

/// The page's own server passes Electric on, too.
fn tell_where_electric_is(workspace: &Workspace, page: &str) {
    let file = format!("{page}/src/main.tsx");
    let text = fs::read_to_string(workspace.folder().join(&file)).expect("the page");
    let settings = "configureSync({ ";
    assert!(text.contains(settings), "{file} configures the client");
    workspace.write_file(&file, &text.replace(settings, &format!("{settings}electricUrl: location.origin, ")));
}

/// The page with a client from the time when contacts had no mail. Its code is today's, so it isn't type-checked.
fn older(workspace: &Workspace, repository: &Path, adapter: &str) {
    let config = fs::read_to_string(repository.join("sync-patterns.config.yaml")).expect("the example's config");
    let config = config.replace("./examples", &repository.join("examples").to_string_lossy());
    workspace.write_file("older.yaml", &format!("{config}models:\n  contacts:\n    exclude: [email]\n"));
    let output = format!("{adapter}/older/src/generated");
    let args = ["generate", "--config", "older.yaml", "--adapter", adapter, "--output", &output, "--quiet"];
    let run = sync_patterns(&args, workspace.folder());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let page = format!("{adapter}/older");
    copy_example(&example("contacts"), workspace, &page);
    begin_with_a_file(workspace, &page, adapter);
}

/// The example, but for what is generated or installed there.
pub fn copy_example(from: &Path, workspace: &Workspace, to: &str) {
    for entry in fs::read_dir(from).expect("the example") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        let target = format!("{to}/{name}");
        if path.is_file() && !name.ends_with(".png") {
            workspace.write_file(&target, &fs::read_to_string(&path).expect("text"));
        } else if path.is_dir()
            && !["generated", "node_modules", "dist", "build", "data", "public", ".tanstack", ".svelte-kit", ".next"]
                .contains(&name.as_ref())
        {
            copy_example(&path, workspace, &target);
        }
    }
}

/// Vite only takes the types away.
fn type_check(workspace: &Workspace, adapter: &str) {
    let mut tsc = Command::new("node");
    tsc.args(["node_modules/typescript/bin/tsc", "--project"]).arg(adapter);
    let output = tsc.current_dir(workspace.folder()).output().expect("Node on the PATH");
    assert!(output.status.success(), "{adapter}: {}", String::from_utf8_lossy(&output.stdout));
}

/// The page as it goes into production, and as Vite's development server gives it; with rows from Electric; and the client
/// with an API of another origin. A short run has the first, with SQLite.
pub fn cases() -> Vec<Trial> {
    let mut cases = Vec::new();
    let suites: &[&str] =
        if is_long() { &["built-page", "development", "origins", "electric"] } else { &["built-page"] };
    for &suite in suites {
        // What a browser lets through is the same for every database.
        for adapter in adapters().filter(|adapter| suite != "origins" || *adapter == "sqlite") {
            let test = suite.replace('-', "_");
            cases.push(case(format!("browser::{adapter}::{test}"), move || run(adapter, suite)));
        }
    }
    if is_long() {
        cases.push(case("browser::pglite::initial_data", || run("pglite", "initial-data")));
        cases.push(case("browser::indexeddb::indexeddb", || run("indexeddb", "indexeddb")));
    }
    for framework in frameworks() {
        cases.push(case(format!("browser::components::{framework}"), move || run_components(framework)));
    }
    if is_long() {
        cases.push(case("browser::npm_start", npm_start));
        cases.push(case("browser::code_review", code_review));
        cases.push(case("browser::next", loading::next));
        cases.push(case("older_pglite", loading::older_pglite));
        cases.push(case("typescript_in_node", loading::typescript_in_node));
        cases.push(case("browser::sveltekit", sveltekit::application));
        cases.push(case("browser::notes", sveltekit::notes));
    }
    cases
}

/// The example as somebody starts it, after `npm ci` of its own lock file.
fn npm_start() {
    let started = "started";
    page(workspace(), started, Path::new(env!("CARGO_MANIFEST_DIR")), "pglite", &[]);
    install(&workspace().folder().join(started));
    run(started, "npm-start");
}

/// The example with TanStack Start, after `npm ci` of its own lock file, with what its config generates now. On PGlite, and
/// on PostgreSQL where that is installed.
fn code_review() {
    let Some(chromium) = chromium() else { return };
    let folder = workspace().folder().join("code-review");
    copy_example(&example("code-review"), workspace(), "code-review");
    // The tests hear when the server looks for news for an open stream.
    let file = folder.join("src/server/sync.server.ts");
    let text = fs::read_to_string(&file).expect("the server");
    let opens = "const database = await openDatabase();";
    assert!(text.contains(opens), "the server opens its database");
    let heard = "const opened = await openDatabase();\nconst query: typeof opened.query = (statement, parameters) => {\n  \
                 if (statement.includes(\"sync_heads\")) console.log(\"looks\");\n  return opened.query(statement, parameters);\n};\n\
                 const database = { ...opened, query };";
    fs::write(&file, text.replace(opens, heard)).expect("the server");
    let run = sync_patterns(&["generate"], &folder);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    install(&folder);
    let check = Command::new("npm").args(["run", "check"]).current_dir(&folder).output().expect("npm on the PATH");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    let postgres = Postgres::shared();
    let mut node = node(workspace().folder());
    node.env("FOLDER", &folder).env("POSTGRES", postgres.as_ref().map_or("", |postgres| &postgres.url));
    chromium.give_to(&mut node);
    run_suite(&mut node, "dist/browser/code-review.js", "");
}

pub fn install(folder: &Path) {
    let install = ["ci", "--prefer-offline", "--no-audit", "--no-fund"];
    let output = Command::new("npm").args(install).current_dir(folder).output().expect("npm on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn run_components(framework: &str) {
    let Some(chromium) = chromium() else { return };
    let mut node = node(workspace().folder());
    chromium.give_to(node.env("FRAMEWORK", framework));
    run_suite(&mut node, "dist/browser/components.js", framework);
}

fn run(adapter: &str, suite: &str) {
    let Some(chromium) = chromium() else { return };
    let mut node = node(workspace().folder());
    node.env("ADAPTER", adapter).env("ELECTRIC", electric(adapter));
    chromium.give_to(&mut node);
    let screenshots = workspace().folder().join("screenshots").join(adapter);
    let hint = format!("screenshots are in {}", screenshots.display());
    run_suite(&mut node, &format!("dist/browser/{suite}.js"), &hint);
}
