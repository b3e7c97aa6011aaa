//! What can change of an API, each alone and some together.

use serde_json::json;

use crate::cli::diff::api::{Api, Column, column, int32, notes, text};

pub struct Case {
    pub name: &'static str,
    /// The changes that `diff` tells: kinds with what they are of.
    pub kinds: &'static [&'static str],
    pub edit: fn(&mut Api),
    /// The pending values that don't fit a column's new type, as JSON.
    pub unfit: &'static [&'static str],
}

/// The keys of the rows that pending writes are about: `upgrade.ts` makes them.
const KEYS: &[&str] = &[
    r#""00000000-0000-4000-8000-000000000001""#,
    r#""00000000-0000-4000-8000-000000000002""#,
    r#""00000000-0000-4000-8000-000000000003""#,
    r#""00000000-0000-4000-8000-000000000004""#,
    r#""00000000-0000-4000-8000-000000000005""#,
    r#""00000000-0000-4000-8000-000000000006""#,
];

const fn case(name: &'static str, kinds: &'static [&'static str], edit: fn(&mut Api)) -> Case {
    Case { name, kinds, edit, unfit: &[] }
}

pub const CASES: &[Case] = &[
    case("nothing", &[], |_| {}),
    case("column-added", &["column_added things.fresh"], |api| api.things.columns.push(column("fresh", text()))),
    case("column-added-required", &["column_added things.fresh"], |api| {
        api.things.columns.push(Column { nullable: false, insert: Some(true), ..column("fresh", text()) });
    }),
    case("column-removed", &["column_removed things.nick"], |api| drop(api.things.remove("nick"))),
    case("read-only-column-removed", &["column_removed things.made_at"], |api| drop(api.things.remove("made_at"))),
    case("column-renamed", &["column_renamed things.nickname"], |api| api.things.column("nick").name = "nickname"),
    case("required-column-renamed", &["column_renamed things.headline"], |api| {
        api.things.column("title").name = "headline";
    }),
    case("retyped-and-fits", &["column_retyped things.age"], |api| api.things.column("age").schema = text()),
    case("retyped-to-json", &["column_retyped things.score"], |api| {
        api.things.column("score").schema = json!({ "type": "array", "items": { "type": "string" } });
    }),
    case("decimal-to-text", &["column_retyped things.size"], |api| api.things.column("size").schema = text()),
    Case {
        unfit: &[r#""seven""#],
        ..case("retyped", &["column_retyped things.score"], |api| api.things.column("score").schema = int32())
    },
    Case {
        unfit: &[r#""2026-01-02""#, r#""2026-01-03""#],
        ..case("date-to-date-time", &["column_retyped things.due"], |api| {
            api.things.column("due").schema = json!({ "type": "string", "format": "date-time" });
        })
    },
    Case {
        unfit: &[r#""seven""#, r#""7""#],
        ..case("text-to-uuid", &["column_retyped things.score"], |api| {
            api.things.column("score").schema = json!({ "type": "string", "format": "uuid" });
        })
    },
    Case {
        unfit: &[r#""n2""#, r#""n6""#, "null"],
        ..case(
            "retyped-and-required",
            &["column_retyped things.nick", "nullability_changed things.nick", "insert_changed things.nick"],
            |api| {
                *api.things.column("nick") =
                    Column { nullable: false, insert: Some(true), ..column("nick", json!({ "type": "boolean" })) };
            },
        )
    },
    case("never-null", &["nullability_changed things.nick"], |api| api.things.column("nick").nullable = false),
    case("json-never-null", &["nullability_changed things.data"], |api| api.things.column("data").nullable = false),
    case("can-be-null", &["nullability_changed things.title", "insert_changed things.title"], |api| {
        api.things.column("title").nullable = true;
    }),
    case("required-on-insert", &["nullability_changed things.nick", "insert_changed things.nick"], |api| {
        *api.things.column("nick") = Column { nullable: false, insert: Some(true), ..column("nick", text()) };
    }),
    case("not-on-insert", &["insert_changed things.nick"], |api| api.things.column("nick").insert = None),
    case("not-on-update", &["update_changed things.nick"], |api| api.things.column("nick").update = false),
    case("read-only", &["insert_changed things.nick", "update_changed things.nick"], |api| {
        *api.things.column("nick") = Column { insert: None, update: false, ..column("nick", text()) };
    }),
    case("default", &["default_changed things.score"], |api| api.things.column("score").schema["default"] = "0".into()),
    case("fewer-values", &["values_changed things.state"], |api| {
        api.things.column("state").schema["enum"] = json!(["new"]);
    }),
    case("more-values", &["values_changed things.state"], |api| {
        api.things.column("state").schema["enum"] = json!(["new", "done", "late"]);
    }),
    case("only-some-values", &["values_changed things.score"], |api| {
        api.things.column("score").schema["enum"] = json!(["7"]);
    }),
    case("any-value", &["values_changed things.state"], |api| {
        api.things.column("state").schema.as_object_mut().expect("a schema").remove("enum");
    }),
    case(
        "metadata",
        &[
            "column_added labels._edited_at",
            "column_added labels._device_id",
            "column_added labels._synced_at",
            "column_added things._edited_at",
            "column_added things._device_id",
            "column_added things._synced_at",
        ],
        |api| api.config = "  things: true\ntransport: push-pull\nmetadata: true\n",
    ),
    case("columns-reordered", &["columns_reordered things"], |api| {
        let nick = api.things.remove("nick");
        api.things.columns.push(nick);
    }),
    Case {
        unfit: KEYS,
        ..case(
            "key-retyped",
            &["references_changed labels", "key_origin_changed things", "column_retyped things.id"],
            |api| api.things.column("id").schema = int32(),
        )
    },
    case("key-retyped-and-fits", &["references_changed labels", "column_retyped things.id"], |api| {
        api.things.column("id").schema = text();
    }),
    case(
        "other-key",
        &["references_changed labels", "key_changed things", "key_origin_changed things", "update_changed things.code"],
        |api| api.config = "  things: { key: [code] }\n",
    ),
    case(
        "other-key-and-column-removed",
        &[
            "references_changed labels",
            "key_changed things",
            "key_origin_changed things",
            "update_changed things.code",
            "column_removed things.nick",
        ],
        |api| {
            api.config = "  things: { key: [code] }\n";
            drop(api.things.remove("nick"));
        },
    ),
    case(
        "composite-key",
        &[
            "references_changed labels",
            "key_changed things",
            "key_origin_changed things",
            "insert_changed things.id",
            "update_changed things.code",
        ],
        |api| api.config = "  things: { key: [id, code] }\n",
    ),
    case("key-made-by-the-server", &["key_origin_changed things", "insert_changed things.id"], |api| {
        api.things.column("id").insert = None;
    }),
    case("no-create", &["endpoint_removed things"], |api| api.things.create = false),
    case("no-update", &["endpoint_removed things"], |api| api.things.update = None),
    case("no-update-nor-column", &["endpoint_removed things", "column_removed things.nick"], |api| {
        api.things.update = None;
        drop(api.things.remove("nick"));
    }),
    case("no-delete", &["endpoint_removed things"], |api| api.things.delete = false),
    case(
        "read-only-model",
        &["endpoint_removed things", "endpoint_removed things", "endpoint_removed things"],
        |api| {
            (api.things.create, api.things.update, api.things.delete) = (false, None, false);
        },
    ),
    case("put", &["endpoint_changed things"], |api| api.things.update = Some("put")),
    case("always-sent", &["endpoint_changed things"], |api| api.things.always = &["title"]),
    case(
        "json-api",
        &[
            "endpoint_changed labels",
            "endpoint_changed labels",
            "values_changed labels.name",
            "values_changed labels.thing_id",
        ],
        |api| api.labels.as_mut().expect("labels").is_json_api = true,
    ),
    case("mode", &["mode_changed things"], |api| api.config = "  things: { local_first: true }\n"),
    case("server-table", &["server_changed things"], |api| api.config = "  things: { table: crm.things }\n"),
    case("server-columns", &["server_changed things"], |api| {
        api.config = "  things: { columns: { nick: nick_name } }\n"
    }),
    case("write-id", &["write_id_changed things"], |api| api.config = "  things: { write_id: true }\n"),
    case("indexes", &["indexes_changed things"], |api| api.config = "  things: { indexes: [[nick]] }\n"),
    case("references", &["references_changed labels"], |api| {
        api.config = "  labels: { references: { thing_id: labels } }\n";
    }),
    case("model-added", &["model_added notes"], |api| api.notes = Some(notes())),
    case("on-electric-alone", &["collections_changed things"], |api| {
        api.config = "  things: { collections: electric }\n";
    }),
    case("model-removed", &["model_removed labels"], |api| api.labels = None),
    case("model-renamed", &["model_renamed items", "references_changed labels"], |api| api.things.name = "items"),
    case(
        "several",
        &[
            "model_removed labels",
            "model_added notes",
            "endpoint_removed things",
            "column_retyped things.age",
            "column_added things.fresh",
            "column_removed things.nick",
        ],
        |api| {
            api.labels = None;
            api.notes = Some(notes());
            api.things.delete = false;
            drop(api.things.remove("nick"));
            api.things.column("age").schema = text();
            api.things.columns.push(column("fresh", int32()));
        },
    ),
];
