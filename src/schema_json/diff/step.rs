//! SQL that takes the sync server's tables to a new schema, before `schema.sql` runs on them.

use crate::names::sql::{MAX_IDENTIFIER_BYTES, identifier};

/// A statement, without its semicolon.
#[derive(Debug, Clone)]
pub struct Step {
    pub phase: Phase,
    pub sql: String,
    /// Whether somebody has to decide on it, or to put in a value where it has `…`.
    pub is_yours: bool,
}

/// When a statement runs: each phase is done for all tables before the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Tables and columns get their new names.
    Rename,
    /// What refers to a key stands in the way of another one.
    Unlink,
    Column,
    Key,
    Rows,
    Drop,
}

/// Gives a table another name, another schema, or both. Both names are in SQL, quoted.
pub fn rename(from: &str, to: &str) -> Vec<String> {
    let (old, new) = (parts(from), parts(to));
    let schema = |parts: &[String]| parts.first().filter(|_| parts.len() > 1).cloned();
    let mut steps = Vec::new();
    let mut now = from.to_owned();
    if schema(&old) != schema(&new) {
        let schema = schema(&new).unwrap_or_else(|| "public".to_owned());
        steps.push(format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(&schema)));
        steps.push(format!("ALTER TABLE {now} SET SCHEMA {}", identifier(&schema)));
        now = format!("{}.{}", identifier(&schema), identifier(&table(&old)));
    }
    if table(&old) != table(&new) {
        steps.push(format!("ALTER TABLE {now} RENAME TO {}", identifier(&table(&new))));
    }
    steps
}

/// What PostgreSQL has called the constraint of a table's key.
pub fn key_constraint(name: &str) -> String {
    let table = table(&parts(name));
    let end = table.floor_char_boundary(MAX_IDENTIFIER_BYTES - "_pkey".len());
    format!("{}_pkey", table.get(..end).unwrap_or_default())
}

fn table(parts: &[String]) -> String {
    parts.last().cloned().unwrap_or_default()
}

/// The identifiers of a name in SQL, without their quotes.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    for character in name.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(String::new()),
            _ => {}
        }
        if let (Some(part), true) = (parts.last_mut(), is_quoted || character == '"') {
            part.push(character);
        }
    }
    parts.iter().map(|part| unquoted(part)).collect()
}

fn unquoted(part: &str) -> String {
    let inside = part.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(part).replace("\"\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_gets_another_name_and_schema() {
        assert_eq!(rename(r#""a""#, r#""a""#), [""; 0]);
        assert_eq!(rename(r#""a""#, r#""b""#), [r#"ALTER TABLE "a" RENAME TO "b""#]);
        assert_eq!(
            rename(r#""a""#, r#""crm"."b.c""#),
            [
                r#"CREATE SCHEMA IF NOT EXISTS "crm""#,
                r#"ALTER TABLE "a" SET SCHEMA "crm""#,
                r#"ALTER TABLE "crm"."a" RENAME TO "b.c""#
            ]
        );
        assert_eq!(rename(r#""a""b""#, r#""b""#), [r#"ALTER TABLE "a""b" RENAME TO "b""#]);
        assert_eq!(rename(r#""a""#, r#""a""b""#), [r#"ALTER TABLE "a" RENAME TO "a""b""#]);
        assert_eq!(rename(r#""crm"."a""#, r#""a""#)[1..], [r#"ALTER TABLE "crm"."a" SET SCHEMA "public""#]);
    }

    #[test]
    fn the_key_is_called_as_postgresql_does() {
        assert_eq!(key_constraint(r#""crm"."things""#), "things_pkey");
        assert_eq!(key_constraint(&identifier(&"x".repeat(63))), format!("{}_pkey", "x".repeat(58)));
    }
}
