//! The text of `schema/schema.json`, laid out as Prettier leaves it.

use indexmap::IndexMap;
use serde_json::Value;

use super::literal::Language;
use crate::codegen::{BANNER, Settings};
use crate::config::{ServerConfig, ServerTables};
use crate::plan::Plan;
use crate::schema_json::document;

/// `tables`: those of the sync server, by model.
pub fn text(plan: &Plan, settings: Settings, tables: &IndexMap<String, document::Table>) -> anyhow::Result<String> {
    let head: [(&str, Value); 4] = [
        ("_generated", BANNER.into()),
        ("version", document::VERSION.into()),
        ("adapter", settings.adapter.word().into()),
        ("database", settings.database.into()),
    ];
    let mut out = "{\n".to_owned();
    for (name, value) in head {
        out.extend(["  ", &member(name, &value, 1), ",\n"]);
    }
    // One by one: as values they take many times the room of their text.
    out.push_str("  \"models\": [\n");
    for (index, one) in plan.models.iter().map(|plan| plan.model).enumerate() {
        let is_last = index + 1 == plan.models.len();
        let text = Language::Json.text(&serde_json::to_value(document::Model::from(one))?, 4, 4, usize::from(!is_last));
        out.extend(["    ", &text, if is_last { "\n" } else { ",\n" }]);
    }
    out.push_str("  ]");
    if !plan.types.is_empty() {
        let types = plan.types.iter().map(|named| (named.name.clone(), document::schema(&named.shape))).collect();
        out.extend([",\n  ", &member("types", &Value::Object(types), 0)]);
    }
    if !tables.is_empty() {
        out.extend([",\n  ", &member("tables", &serde_json::to_value(tables)?, 0)]);
    }
    if let Some(server) = settings.server {
        let ServerConfig { row_level_security, history, tables, .. } = *server;
        let existing = tables == ServerTables::Existing;
        let server = document::SyncServer { row_level_security, history, existing };
        out.extend([",\n  ", &member("server", &serde_json::to_value(server)?, 0)]);
    }
    out.push_str("\n}\n");
    Ok(out)
}

/// A member of the whole, with `after` columns of text behind it.
fn member(name: &str, value: &Value, after: usize) -> String {
    let key = format!("\"{name}\": ");
    let value = Language::Json.text(value, 2, 2 + key.len(), after);
    key + &value
}
