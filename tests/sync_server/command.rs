//! The server's folder is written, compared and cleared as the client's is.

use crate::support::project::{Project, SPEC};

const CONFIG: &str = "version: 1\nspec: ./openapi.yaml\noutput: ./src/generated\nsync: all\n";

fn project() -> Project {
    let project = Project::new();
    project.write("openapi.yaml", SPEC);
    project.write("sync-patterns.config.yaml", format!("{CONFIG}server: {{ output: ./src/server/sync }}\n"));
    project.generate();
    project
}

#[test]
fn a_changed_a_missing_and_a_stale_file_are_found_and_mended() {
    let project = project();
    let check = || project.run(&["check"]);
    assert_eq!(check().code, 0, "{}", check().stdout);
    let banner = std::fs::read_to_string(project.path("src/server/sync/push.ts")).expect("a file");
    project.write("src/server/sync/models/gone.ts", &banner);
    project.write("src/server/sync/own.ts", "// mine\n");
    project.write("src/server/sync/push.ts", format!("{banner}// more\n"));
    std::fs::remove_file(project.path("src/server/sync/schema.sql")).expect("removed");
    let found = check();
    assert_eq!(found.code, 1);
    for file in ["models/gone.ts", "push.ts", "schema.sql"] {
        assert!(found.stdout.contains(&format!("src/server/sync/{file}")), "{file}: {}", found.stdout);
    }
    project.generate();
    assert_eq!(check().code, 0);
    assert!(!project.path("src/server/sync/models/gone.ts").exists());
    assert!(project.path("src/server/sync/own.ts").exists());
}

#[test]
fn the_functions_of_a_framework_come_and_go_with_it() {
    let project = project();
    let file = project.path("src/server/sync/tanstack-start.ts");
    let with = |framework: &str| {
        let server = format!("server: {{ output: ./src/server/sync, framework: {framework} }}\n");
        project.write("sync-patterns.config.yaml", format!("{CONFIG}{server}"));
        let checked = project.run(&["check"]);
        assert_eq!(checked.code, 1);
        assert!(checked.stdout.contains("src/server/sync/tanstack-start.ts"), "{}", checked.stdout);
        project.generate();
        assert_eq!(project.run(&["check"]).code, 0);
    };
    assert!(!file.exists());
    with("tanstack-start");
    let text = std::fs::read_to_string(&file).expect("the functions");
    assert!(text.contains("from \"../sync.server.js\""), "beside the folder, under its name: {text}");
    with("fetch");
    assert!(!file.exists());
}

/// The routes have a folder of their own, and lead from there to the application's module.
#[test]
fn the_routes_of_a_framework_come_and_go_with_it() {
    let project = project();
    let with = |server: &str| {
        project
            .write("sync-patterns.config.yaml", format!("{CONFIG}server: {{ output: ./src/server/sync, {server} }}\n"));
        let checked = project.run(&["check"]);
        assert_eq!(checked.code, 1);
        assert!(checked.stdout.contains("/push/+server.ts"), "{}", checked.stdout);
        project.generate();
        assert_eq!(project.run(&["check"]).code, 0);
    };
    let routes = |folder: &str| project.path(&format!("src/routes/{folder}"));
    let text = |path: &str| std::fs::read_to_string(routes(path)).expect("an endpoint");
    with("framework: sveltekit");
    assert!(project.path("src/server/sync/sveltekit.ts").exists());
    let push = text("api/sync/push/+server.ts");
    assert!(push.contains("from \"../../../../server/sync.server.js\""), "{push}");
    assert!(push.ends_with("export const POST = sync.push;\n"), "{push}");
    assert!(text("api/sync/poke/+server.ts").ends_with("export const GET = sync.poke;\n"));
    project.write("src/routes/api/sync/mine/+server.ts", "// mine\n");
    with("framework: fetch");
    assert!(!project.path("src/server/sync/sveltekit.ts").exists());
    assert!(!routes("api/sync/push").exists() && routes("api/sync/mine/+server.ts").exists());
    with("framework: sveltekit, routes: ./src/routes/(app)/sync");
    assert!(text("(app)/sync/pull/+server.ts").contains("from \"../../../../server/sync.server.js\""));
    // A file of somebody else is in the way.
    project.write("src/routes/(app)/sync/push/+server.ts", "// mine\n");
    let run = project.run(&["generate"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("src/routes/(app)/sync/push/+server.ts"), "{}", run.stderr);
}

/// The files for Drizzle: all tables, or the server's own where those of the models are an application's.
#[test]
fn the_tables_for_drizzle_come_and_go_with_it() {
    let project = project();
    let with = |more: &str| {
        let server = format!("server: {{ output: ./src/server/sync{more} }}\n");
        project.write("sync-patterns.config.yaml", format!("{CONFIG}{server}"));
        project.generate();
        assert_eq!(project.run(&["check"]).code, 0);
    };
    let file = |name: &str| project.path("src/server/sync").join(name);
    let text = |name: &str| std::fs::read_to_string(file(name)).expect("a file");
    with(", orm: drizzle");
    assert!(text("schema.ts").contains("export const contacts = pgTable("), "{}", text("schema.ts"));
    assert!(text("drizzle.config.ts").contains("schema: \"./src/server/sync/schema.ts\""));
    let statements = text("migration.sql").matches("--> statement-breakpoint\n").count();
    assert!(statements > 50, "{statements}");
    with(", orm: drizzle, tables: existing");
    let schema = text("schema.ts");
    assert!(!schema.contains("contacts") && schema.contains("export const syncRow = pgTable("), "{schema}");
    with("");
    for name in ["schema.ts", "drizzle.ts", "drizzle.config.ts", "migration.sql"] {
        assert!(!file(name).exists(), "{name}");
    }
}

/// Names that Drizzle would put into SQL as they are.
#[test]
fn names_that_drizzle_cant_write_are_refused() {
    let project = Project::new();
    let server = "server: { output: ./src/server/sync, orm: drizzle }\n";
    project.write("sync-patterns.config.yaml", format!("{CONFIG}{server}"));
    for name in ["a\"b", "a;b", "a,b", "a--b"] {
        let quoted = serde_json::to_string(name).expect("text");
        let spec = SPEC.replace("        email:\n", &format!("        {quoted}: {{ type: string }}\n        email:\n"));
        assert_ne!(spec, SPEC, "the document has an e-mail");
        project.write("openapi.yaml", spec);
        let run = project.run(&["generate"]);
        assert_eq!(run.code, 2, "{name}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("Drizzle can't write the name `{name}` into SQL")), "{}", run.stderr);
    }
}

#[test]
fn what_removes_the_server_is_written_where_the_tables_are_an_applications() {
    let project = project();
    let remove = project.path("src/server/sync/remove.sql");
    assert!(!remove.exists());
    let existing = "server: { output: ./src/server/sync, tables: existing }\n";
    project.write("sync-patterns.config.yaml", format!("{CONFIG}{existing}"));
    project.generate();
    assert!(remove.exists());
    assert_eq!(project.run(&["check"]).code, 0);
    let schema = std::fs::read_to_string(project.path("src/server/sync/schema.sql")).expect("a file");
    let tables = schema.lines().filter(|line| line.starts_with("CREATE TABLE") || line.starts_with("ALTER TABLE"));
    assert!(tables.clone().all(|line| line.contains(" sync_")), "{:?}", tables.collect::<Vec<_>>());
    project.write("sync-patterns.config.yaml", format!("{CONFIG}server: {{ output: ./src/server/sync }}\n"));
    project.generate();
    assert!(!remove.exists());
}

#[test]
fn without_a_server_nothing_of_it_is_written() {
    let project = Project::new();
    project.write("openapi.yaml", SPEC);
    project.write("sync-patterns.config.yaml", CONFIG);
    project.generate();
    assert!(!project.path("src/server").exists());
}

#[test]
fn folders_within_one_another_and_later_values_are_refused() {
    let project = Project::new();
    project.write("openapi.yaml", SPEC);
    let refused = |server: &str| {
        project.write("sync-patterns.config.yaml", format!("{CONFIG}server: {server}\n"));
        let run = project.run(&["generate"]);
        assert_eq!(run.code, 2, "{server}");
        run.stderr
    };
    assert!(refused("{ output: ./src/generated/server }").contains("in that of the client"));
    let framework = refused("{ output: ./server, framework: nuxt }");
    assert!(framework.contains("it is `fetch`, `tanstack-start` or `sveltekit`"), "{framework}");
    let routes = refused("{ output: ./server, routes: ./src/routes/sync }");
    assert!(routes.contains("set `framework: sveltekit`"), "{routes}");
    let routes = refused("{ output: ./src/routes, framework: sveltekit }");
    assert!(routes.contains("the folder of the routes is in src/routes, or the other way round"), "{routes}");
    assert!(refused("{ framework: fetch }").contains("`output` is missing"));
    let policies = refused("{ output: ./server, tables: existing, row_level_security: true }");
    assert!(policies.contains("those of `tables: existing` are the application's"), "{policies}");
}
