//! Encoders for the positions that a string can have in SQL.

/// PostgreSQL cuts identifiers at 63 bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 63;

/// Columns that every table of PostgreSQL has.
pub const RESERVED_BY_POSTGRESQL: &[&str] = &["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// Columns that SQLite loses in a view.
pub const RESERVED_BY_SQLITE: &[&str] = &["false", "true"];

/// Tables that the sync server has beside those of the models.
pub const TABLES_OF_THE_SYNC_SERVER: &[&str] =
    &["sync_client", "sync_history", "sync_meta", "sync_noted", "sync_row", "sync_scope", "sync_write"];

/// `order` becomes `"order"`. Both databases double a quote inside.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal. Standard strings know no escapes but the doubled quote.
pub fn literal(text: &str) -> String {
    format!("'{}'", in_literal(text))
}

/// Text for the inside of a string literal.
pub fn in_literal(text: &str) -> String {
    text.replace('\'', "''")
}

/// Shortens a name so that `longest_suffix` more bytes still fit, keeping it unique by a hash of the whole.
pub fn fit(name: &str, longest_suffix: usize) -> String {
    let room = MAX_IDENTIFIER_BYTES.saturating_sub(longest_suffix);
    if name.len() <= room {
        return name.to_owned();
    }
    let hash = format!("_{:08x}", fnv1a(name));
    let end = name.floor_char_boundary(room.saturating_sub(hash.len()));
    format!("{}{hash}", name.get(..end).unwrap_or_default())
}

/// 32-bit FNV-1a: stable over machines and versions, which the standard library's hasher doesn't promise.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn long_names_stay_apart() {
        let (one, two) = (format!("{}_one", "x".repeat(80)), format!("{}_two", "x".repeat(80)));
        assert_ne!(fit(&one, 10), fit(&two, 10));
        assert_eq!(fit(&one, 10).len(), 53);
        assert_eq!(fit("ü".repeat(40).as_str(), 12).len(), 51);
    }
}
