//! Whether what a pending write says of a column can stay when the column's type changes: `valueOf` in `carry.ts`, by
//! types instead of values.

/// Whether every value of the old type reads as one of the new.
pub fn always_fits(old: &str, new: &str) -> bool {
    match new {
        _ if old == new => true,
        "json" => true,
        // In the log, all but booleans and JSON are strings or numbers.
        "text" => !matches!(old, "boolean" | "json"),
        "int64" | "float" => old == "int32",
        "decimal" => matches!(old, "int32" | "int64" | "float"),
        _ => false,
    }
}

/// What a value has to be to stay, as in "where it isn't a date".
pub fn noun(ty: &str) -> &'static str {
    match ty {
        "text" => "text or a number",
        "uuid" => "a UUID",
        "date_time" => "a date with a time",
        "date" => "a date",
        "time" => "a time",
        "int32" => "a 32-bit integer",
        "int64" => "a 64-bit integer",
        "float" => "a number that floating point keeps",
        "decimal" => "a decimal number",
        "boolean" => "true or false",
        "bytes" => "base64",
        _ => "JSON",
    }
}

/// A type as a sentence calls it.
pub fn title(ty: &str) -> &'static str {
    match ty {
        "text" => "text",
        "uuid" => "UUID",
        "date_time" => "date-time",
        "date" => "date",
        "time" => "time",
        "int32" => "32-bit integer",
        "int64" => "64-bit integer",
        "float" => "number",
        "decimal" => "decimal",
        "boolean" => "boolean",
        "bytes" => "bytes",
        _ => "JSON",
    }
}
