//! Every change of a type into every other: whether `diff` says that pending values stay, and what becomes of some.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::diff::api::{api, column, int32, text};
use crate::cli::diff::compiled;
use crate::support::binary::sync_patterns;

#[test]
fn values_of_every_type_fit_as_told() {
    let string = |format: &str| json!({ "type": "string", "format": format });
    let types = [
        ("text", text()),
        ("uuid", string("uuid")),
        ("date_time", string("date-time")),
        ("date", string("date")),
        ("time", string("time")),
        ("int32", int32()),
        ("int64", json!({ "type": "integer", "format": "int64" })),
        ("float", json!({ "type": "number" })),
        ("decimal", string("decimal")),
        ("boolean", json!({ "type": "boolean" })),
        ("bytes", string("byte")),
        ("json", json!({ "type": "object", "additionalProperties": true })),
    ];
    let mut all = api();
    for (new, schema) in &types {
        for (old, _) in &types {
            all.things.columns.push(column(format!("{old} {new}").leak(), schema.clone()));
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("a file");
    write("openapi.json", all.document().to_string());
    write("sync-patterns.config.yaml", all.config());
    let run = sync_patterns(&["generate", "--stdout"], folder.path());
    let schema = run.stdout.split("==> ").find_map(|file| file.strip_prefix("schema/schema.json <==\n"));
    let mut base: Value = serde_json::from_str(schema.expect("the schema")).expect("JSON");
    let fields = base["models"][1]["fields"].as_array_mut().expect("the things");
    for field in fields {
        let old = field["name"].as_str().and_then(|name| name.split_once(' ')).map(|(old, _)| old.to_owned());
        if let Some(old) = old {
            field["type"] = old.into();
        }
    }
    write("base.json", base.to_string());
    let run = sync_patterns(&["diff", "--base", "base.json", "--format", "json"], folder.path());
    let told: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let retyped =
        told["changes"].as_array().expect("a list").iter().filter(|change| change["kind"] == "column_retyped");
    let fits: Vec<Value> =
        retyped.map(|change| json!({ "column": change["column"], "always": change["rejected"].is_null() })).collect();
    assert_eq!(fits.len(), types.len() * (types.len() - 1), "{}{}", run.stdout, run.stderr);

    let workspace = compiled();
    workspace.write_file("fits.json", &json!(fits).to_string());
    let output = Command::new("node").arg("dist/fits.js").current_dir(workspace.folder()).output().expect("Node");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}
