//! Documents that are out to use up the machine: each gets a result or a located error, within bounds of memory and time
//! that the system enforces.

use std::fs;
use std::path::Path;

use crate::support::binary::Run;
use serde_json::{Map, Value, json};

/// Processor time, and address space: the largest of these documents needs a third of the space, and on a slow machine of the
/// time.
#[cfg(target_os = "linux")]
const BOUNDS: &str = "ulimit -t 60 && ulimit -v 1500000 && exec \"$0\" \"$@\"";

#[cfg(target_os = "linux")]
fn within_bounds(arguments: &[&str], folder: &Path) -> Run {
    use std::process::Command;
    let output = Command::new("sh")
        .args(["-c", BOUNDS, env!("CARGO_BIN_EXE_sync-patterns")])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[cfg(not(target_os = "linux"))]
fn within_bounds(arguments: &[&str], folder: &Path) -> Run {
    crate::support::binary::sync_patterns(arguments, folder)
}

fn generate(name: &str, text: impl AsRef<[u8]>) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), text).expect("a document");
    within_bounds(&["generate", "--all", "--spec", name, "--output", "out", "--stdout"], folder.path())
}

/// What is made has the model `rows`.
fn makes(what: &str, document: &Value) -> String {
    let run = generate("openapi.json", document.to_string());
    assert_eq!(run.code, 0, "{what}: {}", start(&run.stderr));
    assert!(run.stdout.contains("==> schema/rows.sql <=="), "{what}: {}", start(&run.stderr));
    run.stdout
}

/// Nothing is made, and the reason is told with its place.
fn refuses(what: &str, name: &str, text: &str, message: &str, place: &str) {
    let run = generate(name, text);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{what}: {}", start(&run.stderr));
    assert!(run.stderr.contains(&format!("{message}\n  --> {place}")), "{what}: {}", start(&run.stderr));
}

fn start(text: &str) -> String {
    text.chars().take(2_000).collect()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object with an id, and these.
fn object(more: impl IntoIterator<Item = (String, Value)>) -> Value {
    let id = ("id".to_owned(), json!({ "type": "string", "format": "uuid" }));
    json!({ "type": "object", "properties": Map::from_iter([id].into_iter().chain(more)) })
}

fn with(name: &str, schema: Value) -> Value {
    object([(name.to_owned(), schema)])
}

/// A collection at a path, whose rows are of a schema.
fn collection(path: &str, row: &Value) -> [(String, Value); 2] {
    let answer = |schema: Value| json!({ "200": { "content": { "application/json": { "schema": schema } } } });
    let list = json!({ "get": { "responses": answer(json!({ "type": "array", "items": row })) } });
    let body = json!({ "content": { "application/json": { "schema": row } } });
    let item = json!({
        "get": { "responses": answer(row.clone()) },
        "patch": { "requestBody": body, "responses": answer(row.clone()) },
    });
    [(path.to_owned(), list), (format!("{path}/{{id}}"), item)]
}

fn document(paths: impl IntoIterator<Item = (String, Value)>, schemas: Value) -> Value {
    json!({ "openapi": "3.0.3", "paths": Map::from_iter(paths), "components": { "schemas": schemas } })
}

/// A document of one model, whose row is the schema `Row`.
fn rows(schemas: Value) -> Value {
    document(collection("/rows", &reference("Row")), schemas)
}

/// Schemas that are made from numbers, and one of a row.
fn many(count: usize, row: Value, schema: impl Fn(usize) -> Value) -> Value {
    let numbered = (0..count).map(|number| (format!("S{number}"), schema(number)));
    Value::Object(numbered.chain([("Row".to_owned(), row)]).collect())
}

#[test]
fn references_in_circles() {
    let next = |number: usize, by: usize| reference(&format!("S{}", (number + by) % 40));
    let itself = json!({ "$ref": "#/components/schemas/Row/properties/a" });
    let circles = [
        ("a row of itself", json!({ "Row": { "allOf": [reference("Row"), object([])] } })),
        ("a list of itself", json!({ "Row": with("a", reference("L")), "L": { "items": reference("L") } })),
        (
            "a map of itself",
            json!({ "Row": with("a", reference("M")), "M": { "additionalProperties": reference("M") } }),
        ),
        ("the row in the row", json!({ "Row": with("a", reference("Row")) })),
        ("the document", json!({ "Row": with("a", json!({ "$ref": "#" })) })),
        (
            "into itself",
            json!({ "Row": with("a", object([("b".to_owned(), itself.clone()), ("c".to_owned(), itself)])) }),
        ),
        ("unions", many(40, with("a", reference("S0")), |n| json!({ "oneOf": [next(n, 1), next(n, 2), object([])] }))),
        ("parts", many(40, reference("S0"), |n| json!({ "allOf": [next(n, 1), next(n, 2), object([])] }))),
    ];
    for (what, schemas) in circles {
        makes(what, &rows(schemas));
    }
}

#[test]
fn references_that_only_lead_to_each_other() {
    for schemas in [
        json!({ "Row": reference("Row") }),
        json!({ "Row": with("a", reference("A")), "A": reference("B"), "B": reference("A") }),
        many(1_000, with("a", reference("S0")), |n| reference(&format!("S{}", n + 1))),
    ] {
        let run = generate("openapi.json", rows(schemas).to_string());
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("is left out") && run.stderr.contains("openapi.json:1:"), "{}", run.stderr);
    }
    let mut paths = document(collection("/rows", &object([])), json!({}));
    paths["paths"]["/one"] = json!({ "$ref": "#/paths/~1two" });
    paths["paths"]["/two"] = json!({ "$ref": "#/paths/~1one" });
    makes("path items", &paths);
}

#[test]
fn many_of_everything() {
    let text = json!({ "type": "string" });
    let names = |count: usize| (0..count).map(|number| (format!("p{number}"), text.clone()));
    let nested = object(names(20_000));
    let made = makes("properties of a JSON column", &rows(json!({ "Row": with("a", nested) })));
    assert!(made.contains("p19999?: string"), "{}", start(&made));
    let enumeration: Vec<String> = (0..2_000).map(|number| format!("v{number}")).collect();
    makes("an enum", &rows(json!({ "Row": with("a", json!({ "type": "string", "enum": enumeration })) })));
    makes(
        "a ring of unions",
        &rows(many(
            300,
            with("a", reference("S0")),
            |n| json!({ "oneOf": [reference(&format!("S{}", (n + 1) % 300)), with(&format!("b{n}"), text.clone())] }),
        )),
    );
    makes(
        "a chain of types",
        &rows(many(500, with("a", reference("S0")), |n| with("next", reference(&format!("S{}", (n + 1) % 500))))),
    );
    makes("parts", &rows(json!({ "Row": { "allOf": vec![object([]); 2_000] } })));
    let one_name = (0..150).flat_map(|n| collection(&format!("/in{n}/rows"), &with(&format!("a{n}"), text.clone())));
    let one_name = document(one_name.chain(collection("/rows", &object([]))), json!({}));
    makes("paths with one name", &one_name);
    let segments: String = (0..20_000).map(|number| format!("/s{number}")).collect();
    makes("segments of a path", &document(collection(&format!("{segments}/rows"), &object([])), json!({})));
    let wide = rows(json!({ "Row": object(names(50_000)) })).to_string();
    refuses(
        "properties of a row",
        "openapi.json",
        &wide,
        "it has 50001 columns; the maximum is 900",
        "openapi.json:1:",
    );
}

#[test]
fn depth() {
    let around =
        |levels: usize, wrap: fn(Value) -> Value| (0..levels).fold(json!({ "type": "string" }), |at, _| wrap(at));
    makes("objects", &rows(json!({ "Row": with("a", around(55, |inner| with("b", inner))) })));
    makes("lists", &rows(json!({ "Row": with("a", around(110, |inner| json!({ "type": "array", "items": inner }))) })));
    let twice = |inner: Value| json!({ "allOf": [inner.clone(), inner] });
    generate("openapi.json", rows(json!({ "Row": with("a", around(10, twice)) })).to_string());

    let deep = format!("{{\"openapi\": \"3.0.0\", \"paths\": {}", "[".repeat(300_000));
    refuses("JSON", "deep.json", &deep, "the JSON is nested too deeply", "deep.json:1:");
    let flow = format!("openapi: 3.0.0\npaths: {}", "[".repeat(300_000));
    refuses(
        "YAML in one line",
        "deep.yaml",
        &flow,
        "the YAML is nested too deeply, or its aliases make it too large",
        "deep.yaml:2:",
    );
    let block: String = (0..1_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    refuses(
        "YAML in lines",
        "deep.yaml",
        &block,
        "the YAML is nested too deeply, or its aliases make it too large",
        "deep.yaml:",
    );
}

#[test]
fn aliases() {
    let levels = |first: &str, level: fn(usize) -> String| {
        let levels: String = (1..40).map(level).collect();
        format!("openapi: 3.0.0\na0: &a0 {first}\n{levels}paths: {{ /a: *a39 }}\n")
    };
    let too_large = "the YAML is nested too deeply, or its aliases make it too large";
    for (what, bomb) in [
        ("lists", levels("[x, x]", |n| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1))),
        ("mappings", levels("{ x: 1 }", |n| format!("a{n}: &a{n} {{ l: *a{0}, r: *a{0} }}\n", n - 1))),
        ("a long text", format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), "*a, ".repeat(2_000))),
    ] {
        refuses(what, "bomb.yaml", &bomb, too_large, "bomb.yaml:");
    }
    // Of what is merged twice, the first counts, so that it stays as small as it is.
    let merges = levels("{ x: 1 }", |n| format!("a{n}: &a{n} {{ <<: [*a{0}, *a{0}], x{n}: 1 }}\n", n - 1));
    refuses("merges", "merges.yaml", &merges, "no models were found", "merges.yaml:42:1");
    let within = "an alias is inside its own anchor: write it out, or use a `$ref`";
    let inside = "openapi: 3.0.0\npaths: &p { /a: *p }\n";
    refuses("inside of itself", "a.yaml", inside, within, "a.yaml:2:");
}

#[test]
fn large_documents() {
    let mut large = rows(json!({ "Row": object([]) }));
    large["x-filler"] = Value::String("filler ".repeat(4_000_000));
    makes("28 MB", &large);

    let folder = tempfile::tempdir().expect("a folder");
    let file = fs::File::create(folder.path().join("huge.json")).expect("a document");
    file.set_len(100 * 1024 * 1024 + 1).expect("room");
    let run = within_bounds(&["generate", "--spec", "huge.json", "--output", "out"], folder.path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("the OpenAPI document huge.json has more than 100 MB"), "{}", run.stderr);
}

#[test]
fn duplicate_keys() {
    let json = r#"{ "openapi": "3.0.0",
  "info": { "title": "a" }, "x-list": [1, { "k": 1,
    "k": 2 }],
  "info": { "title": "b" },
  "paths": {} }"#;
    let run = generate("openapi.json", json);
    let told = "duplicate key `k`: the last value counts\n  --> openapi.json:3:5 (/x-list/1/k)";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(run.stderr.contains("openapi.json:4:3 (/info)"), "{}", run.stderr);

    let yaml = "openapi: 3.0.0\nbase: &base { a: 1, b: 2 }\nx: { <<: *base, a: 3 }\npaths: {}\npaths:\n  /a: {}\n";
    let run = generate("openapi.yaml", yaml);
    assert!(run.stderr.contains("duplicate key `paths`"), "{}", run.stderr);
    assert!(run.stderr.contains("openapi.yaml:5:1 (/paths)"), "{}", run.stderr);
    assert!(!run.stderr.contains("/x/a"), "a merge key is there to be overridden: {}", run.stderr);

    let numbers = "openapi: 3.0.0\npaths:\n  /a:\n    - responses:\n        200: { a: 1 }\n        200: { a: 2 }\n        b: {}\n        b: {}\n";
    let run = generate("openapi.yaml", numbers);
    assert!(run.stderr.contains("openapi.yaml:6:9 (/paths/~1a/0/responses/200)"), "{}", run.stderr);
    assert!(run.stderr.contains("openapi.yaml:8:9 (/paths/~1a/0/responses/b)"), "{}", run.stderr);

    let broken = r#"{ "info": { "title": 1, "title": 2 }, "openapi": "3.0.0" "#;
    let run = generate("openapi.json", broken);
    assert!(run.stderr.contains("not valid JSON") && !run.stderr.contains("warning"), "{}", run.stderr);

    for text in ["a: { b: 1, b: 2 }\na: {}\n", r#"{ "a": { "b": 1, "b": 2 }, "a": {} }"#] {
        let run = generate("openapi", text);
        assert_eq!(run.stderr.matches("duplicate key `").count(), 1, "what is dropped isn't told: {}", run.stderr);
    }

    let many: String = (0..100).map(|number| format!("k{number}: 1\nk{number}: 2\n")).collect();
    let run = generate("openapi.yaml", format!("openapi: 3.0.0\n{many}"));
    assert!(run.stderr.contains("92 more duplicate keys"), "{}", run.stderr);

    let folder = tempfile::tempdir().expect("a folder");
    let config = "version: 1\nspec: ./openapi.json\noutput: ./out\noutput: ./src\n";
    fs::write(folder.path().join("sync-patterns.config.yaml"), config).expect("a config");
    fs::write(folder.path().join("openapi.json"), rows(json!({ "Row": object([]) })).to_string()).expect("a document");
    let run = within_bounds(&["generate", "--all"], folder.path());
    assert_eq!(run.code, 2);
    let told = "error: duplicate key `output`\n  --> sync-patterns.config.yaml:4:1 (/output)";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!folder.path().join("out").exists() && !folder.path().join("src").exists());
}
