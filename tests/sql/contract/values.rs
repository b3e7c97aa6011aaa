//! Values of every type keep their meaning from the view to the log and back.

use serde_json::{Value, json};

use crate::support::models;
use crate::sql::contract::world::{ADA, World, parsed};

/// As the API has them.
fn measurement() -> Value {
    json!({
        "id": ADA,
        "label": "it's \"new\" \\ ü \u{1F600}\nline",
        "amount": "12345678901234567890.120",
        "amount_or_none": "-0.10",
        "payload": "AP8B/w==",
        "payload_always": "",
        "active": false,
        "active_or_none": true,
        "tags": ["a", { "b": null }, 1.5],
        "details": { "it's": [null, "\"", { "x": [] }] },
        "ratio": -1.5e-300,
        "ratio_or_none": 0.1,
        "big": -9_007_199_254_740_993_i64,
        "big_or_none": i64::MAX,
        "small": -7,
        "taken_at": "2024-05-06T07:08:09.123456+00:00",
        "taken_on": "2024-02-29",
        "taken_time": "07:08:09+02:00",
    })
}

fn insert(world: &World, row: &Value) -> String {
    let model = world.model("measurements");
    let row = row.as_object().unwrap();
    let values = row.iter().map(|(name, value)| {
        let field = model.fields.iter().find(|field| &field.name == name).unwrap();
        world.literal(field.ty, value)
    });
    let values = values.collect::<Vec<_>>().join(", ");
    format!("INSERT INTO measurements ({}) VALUES ({values})", row.keys().cloned().collect::<Vec<_>>().join(", "))
}

/// What a view shows of the table, made the same for both databases.
fn shown(world: &mut World) -> Value {
    let (bytes, time) = if world.is_pglite() {
        ("encode(X, 'base64')", "to_char(taken_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '+00:00'")
    } else {
        ("X", "taken_at")
    };
    let plain = "id, label, amount, amount_or_none, active, active_or_none, tags, details, ratio, ratio_or_none, big, \
                 big_or_none, small, taken_on, taken_time";
    let columns = format!(
        "{plain}, {} AS payload, {} AS payload_always, {time} AS taken_at",
        bytes.replace('X', "payload"),
        bytes.replace('X', "payload_always")
    );
    let mut rows = world.shown("measurements", &columns);
    rows[0].take()
}

pub fn through_the_log(world: &mut World) {
    world.load([models::measurements()]);
    let row = measurement();
    let statement = insert(world, &row);
    world.exec(&statement);
    assert_eq!(world.log(), json!([["insert", row, "pending"]]));
    assert_eq!(shown(world), row);
    // The same over the server's row, by an update of one column.
    let write_id = world.write_id();
    world.arrives("measurements", row.clone(), Some(&write_id));
    assert_eq!(shown(world), row);
    world.exec("UPDATE measurements SET label = label || '!'");
    let mut expected = row;
    expected["label"] = json!(format!("{}!", expected["label"].as_str().unwrap()));
    assert_eq!(shown(world), expected);
    assert_eq!(world.log(), json!([["update", { "id": ADA, "label": expected["label"] }, "pending"]]));
}

pub fn every_column_is_cleared(world: &mut World) {
    world.load([models::measurements()]);
    let mut row = measurement();
    world.arrives("measurements", row.clone(), None);
    let nullable: Vec<String> = world.model("measurements").fields.iter().filter(|f| f.nullable).map(|f| f.name.clone()).collect();
    let set: Vec<String> = nullable.iter().map(|name| format!("{name} = NULL")).collect();
    world.exec(&format!("UPDATE measurements SET {}", set.join(", ")));
    let mut value = json!({ "id": ADA });
    for name in &nullable {
        value[name] = Value::Null;
        row[name] = Value::Null;
    }
    assert_eq!(world.log(), json!([["update", value, "pending"]]));
    assert_eq!(shown(world), row);
    world.refuses("UPDATE measurements SET tags = NULL", "23502", &["measurements", "tags"]);
}

pub fn integers_beyond_a_double(world: &mut World) {
    world.load([models::measurements()]);
    world.exec("INSERT INTO measurements (big) VALUES (9007199254740993)");
    let text = world.log_column("value")[0].as_str().unwrap().replace(' ', "");
    assert!(text.contains("\"big\":9007199254740993"), "{text}");
    world.exec("UPDATE measurements SET big = 9007199254740992");
    assert_eq!(world.log()[1][1]["big"], json!(9_007_199_254_740_992_i64));
    world.exec("UPDATE measurements SET big = -9223372036854775808");
    assert_eq!(world.value("SELECT big FROM measurements"), json!(i64::MIN));
}

pub fn digits_of_decimals(world: &mut World) {
    world.load([models::measurements()]);
    world.exec("INSERT INTO measurements (amount, amount_or_none) VALUES ('1.10', '79228162514264337593543950335.01')");
    let value = world.log()[0][1].clone();
    assert_eq!(value["amount"], "1.10");
    assert_eq!(value["amount_or_none"], "79228162514264337593543950335.01");
    let row = world.rows("SELECT amount, amount_or_none FROM measurements");
    assert_eq!(json!(row), json!([{ "amount": "1.10", "amount_or_none": "79228162514264337593543950335.01" }]));
}

pub fn nulls_inside_json(world: &mut World) {
    world.load([models::measurements()]);
    let details = r#"{"a": null, "b": [null]}"#;
    world.exec(&format!("INSERT INTO measurements (details, tags) VALUES ('{details}', '[null]')"));
    let value = world.log()[0][1].clone();
    assert_eq!((&value["details"], &value["tags"]), (&json!({ "a": null, "b": [null] }), &json!([null])));
    let shown = world.shown("measurements", "details, tags");
    assert_eq!(shown, json!([{ "details": { "a": null, "b": [null] }, "tags": [null] }]));
    // Text that says the same is no change.
    world.exec(r#"UPDATE measurements SET details = '{"a":null,"b":[null]}'"#);
    assert_eq!(world.count("_changes"), 1);
    for atom in ["true", "0", "\"text\"", "[]", "1.50"] {
        world.exec(&format!("UPDATE measurements SET details = '{atom}'"));
        let newest = world.log_column("value").pop().unwrap();
        let expected: Value = serde_json::from_str(atom).unwrap();
        assert_eq!(parsed(&newest)["details"], expected);
        assert_eq!(world.shown("measurements", "details"), json!([{ "details": expected }]));
    }
}

pub fn doubles_bit_for_bit(world: &mut World) {
    world.load([models::measurements()]);
    world.exec("INSERT INTO measurements (ratio) VALUES (0)");
    for number in [0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX, -123_456_789.123_456_78] {
        world.exec(&format!("UPDATE measurements SET ratio = {number:e}"));
        assert_eq!(world.value("SELECT ratio FROM measurements"), json!(number));
        let newest = world.log_column("value").pop().unwrap();
        assert_eq!(parsed(&newest)["ratio"].as_f64(), Some(number));
    }
}

pub fn defaults(world: &mut World) {
    world.load([models::measurements()]);
    world.exec(&format!("INSERT INTO measurements (id) VALUES ('{ADA}')"));
    let value = json!({
        "id": ADA,
        "label": "it's \"new\"",
        "amount": "0.10",
        "payload_always": "AAEC",
        "active": true,
        "tags": [],
        "ratio": 0.1,
        "big": 9_007_199_254_740_993_i64,
    });
    assert_eq!(world.log()[0][1], value);
    let mut row = shown(world);
    row.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    assert_eq!(row, value);
}
