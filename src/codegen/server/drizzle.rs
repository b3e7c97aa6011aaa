//! The tables for Drizzle: `schema.ts`, the config of drizzle-kit, and as a migration what Drizzle can't write.

use std::collections::BTreeSet;

use serde::Serialize;

use super::columns;
use super::shape::{self, ColumnView};
use crate::codegen::sql::statements;
use crate::codegen::template::{Page, Renderer};
use crate::codegen::width::{WIDTH, width};
use crate::codegen::{BANNER, Files};
use crate::config::{ServerConfig, ServerTables};
use crate::names::sql::MAX_IDENTIFIER_BYTES;
use crate::names::{self, Scope, ts};
use crate::plan::{Column, ModelPlan, Plan};

/// What the tables of the bookkeeping are made with.
const IMPORTS: [&str; 11] = [
    "bigint",
    "boolean",
    "customType",
    "index",
    "jsonb",
    "pgTable",
    "primaryKey",
    "text",
    "timestamp",
    "unique",
    "uuid",
];

/// What else the tables of models are made with.
const MORE: [&str; 6] = ["check", "date", "doublePrecision", "integer", "numeric", "pgSchema"];

/// Names that `schema.ts` declares or imports besides the tables: no table can have them.
const OWN: [&str; 12] = [
    "sql",
    "bytewise",
    "bytea",
    "time",
    "version",
    "table",
    "syncMeta",
    "syncScope",
    "syncRow",
    "syncWrite",
    "syncClient",
    "syncHistory",
];

#[derive(Serialize)]
struct ConfigView {
    banner: &'static str,
    /// The path of `schema.ts`, as a string literal.
    schema: String,
}

#[derive(Serialize)]
struct PlainView {
    banner: &'static str,
}

#[derive(Serialize)]
struct MigrationView<'s> {
    banner: &'static str,
    statements: Vec<&'s str>,
}

#[derive(Serialize)]
struct SchemaView {
    banner: &'static str,
    imports: Vec<&'static str>,
    schemas: Vec<SchemaOf>,
    tables: Vec<TableView>,
    has_bytes: bool,
    history: bool,
    metadata: bool,
}

/// A schema of the database.
#[derive(Serialize)]
struct SchemaOf {
    constant: String,
    /// A string literal.
    name: String,
    #[serde(skip)]
    plain_name: String,
}

#[derive(Serialize)]
struct TableView {
    constant: String,
    /// The function that makes it.
    make: String,
    /// A string literal.
    name: String,
    /// Members of an object, which may have several lines.
    columns: Vec<String>,
    /// Whether it has more than columns.
    has_more: bool,
    /// Of several columns.
    key: Option<Key>,
    index: Option<Index>,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Key {
    /// A string literal.
    name: String,
    columns: String,
}

#[derive(Serialize)]
struct Index {
    /// A string literal.
    name: String,
    column: String,
}

#[derive(Serialize)]
struct Check {
    /// A string literal.
    name: String,
    /// A string literal.
    condition: String,
}

/// `schema`: the text of `schema.sql`.
pub fn files(plan: &Plan, server: &ServerConfig, schema: &str, renderer: &Renderer) -> anyhow::Result<Files> {
    let output = server.written_output.trim_end_matches('/');
    let config = ConfigView { banner: BANNER, schema: ts::string(&format!("{output}/schema.ts")) };
    let migration = MigrationView { banner: BANNER, statements: statements(schema) };
    Ok([
        renderer.render(Page::new("drizzle.config.ts", "drizzle.config.ts"), config)?,
        renderer.render(Page::new("drizzle.ts", "drizzle.ts"), PlainView { banner: BANNER })?,
        renderer.render(Page::new("migration.sql", "migration.sql"), migration)?,
        renderer.render(Page::new("schema.ts", "schema.ts"), schema_view(plan, server))?,
    ]
    .into())
}

fn schema_view(plan: &Plan, server: &ServerConfig) -> SchemaView {
    // An application's tables are in a schema of its own.
    let models: &[ModelPlan] = if server.tables == ServerTables::Existing { &[] } else { &plan.models };
    let mut constants = Scope::with(&[&IMPORTS[..], &MORE, &OWN].concat());
    let mut constant = |name: &str| constants.unique(&ts::identifier(&names::camel_case(name)));
    let mut schemas: Vec<SchemaOf> = Vec::new();
    let mut used: BTreeSet<&str> = IMPORTS.into();
    let mut tables = Vec::new();
    for one in models {
        let (schema, name) = columns::plain_table(one.model);
        // `pgSchema` refuses the one in which tables are anyway.
        let schema = schema.filter(|schema| *schema != "public");
        if let Some(schema) = schema.filter(|name| !schemas.iter().any(|other| other.plain_name == *name)) {
            used.insert("pgSchema");
            schemas.push(SchemaOf {
                constant: constant(&format!("{schema}_schema")),
                name: ts::string(schema),
                plain_name: schema.to_owned(),
            });
        }
        let schema = schemas.iter().find(|other| Some(other.plain_name.as_str()) == schema);
        let make = schema.map_or("pgTable".to_owned(), |schema| format!("{}.table", schema.constant));
        tables.push(table(one, constant(&one.model.name), make, name, &mut used));
    }
    SchemaView {
        banner: BANNER,
        has_bytes: used.remove("bytea"),
        imports: used.into_iter().collect(),
        schemas,
        tables,
        history: server.history,
        metadata: plan.has_metadata(),
    }
}

fn table(one: &ModelPlan, constant: String, make: String, name: &str, used: &mut BTreeSet<&'static str>) -> TableView {
    let model = one.model;
    let member = |field: &str| {
        let key = ts::property_key(field);
        if key == field { format!("table.{key}") } else { format!("table[{}]", ts::string(field)) }
    };
    let views: Vec<ColumnView> = one.table_columns().map(|column| shape::column_view(one, column)).collect();
    let keys: Vec<&Column> = one.key().collect();
    let is_single = keys.len() == 1;
    let checks: Vec<Check> = views
        .iter()
        .flat_map(|view| view.conditions())
        .map(|(name, condition)| Check {
            name: ts::string(name),
            condition: ts::string(&without_semicolons(condition)),
        })
        .collect();
    if !checks.is_empty() {
        used.insert("check");
    }
    let key = (!is_single).then(|| Key {
        name: ts::string(&primary_key(name)),
        columns: keys.iter().map(|column| member(&column.field.name)).collect::<Vec<_>>().join(", "),
    });
    let index = shape::scope_index(model).map(|(name, field)| Index { name: ts::string(&name), column: member(field) });
    let has_more = key.is_some() || index.is_some() || !checks.is_empty();
    let indent = if has_more { 4 } else { 2 };
    let columns = one.table_columns().zip(&views).map(|(column, view)| {
        let (function, options) = builder(view.ty);
        used.insert(function);
        column_line(indent, one, column, view, (function, options), is_single)
    });
    TableView { columns: columns.collect(), constant, make, name: ts::string(name), has_more, key, index, checks }
}

/// The function that makes a column of a type, and its options.
fn builder(ty: &str) -> (&'static str, &'static str) {
    match ty {
        "UUID" => ("uuid", ""),
        "TIMESTAMPTZ" => ("timestamp", ", { withTimezone: true, mode: \"string\" }"),
        "DATE" => ("date", ""),
        "INTEGER" => ("integer", ""),
        "BIGINT" => ("bigint", ", { mode: \"bigint\" }"),
        "DOUBLE PRECISION" => ("doublePrecision", ""),
        "NUMERIC" => ("numeric", ""),
        "BOOLEAN" => ("boolean", ""),
        "BYTEA" => ("bytea", ""),
        "JSONB" => ("jsonb", ""),
        _ => ("text", ""),
    }
}

/// A member of the table's columns. What is too long for a line is broken before its calls.
fn column_line(
    indent: usize,
    one: &ModelPlan,
    column: &Column,
    view: &ColumnView,
    (function, options): (&str, &str),
    is_single: bool,
) -> String {
    let field = &column.field.name;
    let made =
        format!("{}: {function}({}{options})", ts::property_key(field), ts::string(columns::name(one.model, field)));
    let mut calls = Vec::new();
    if column.is_key && is_single {
        calls.push(".primaryKey()".to_owned());
    } else if view.not_null {
        calls.push(".notNull()".to_owned());
    }
    if view.identity {
        calls.push(".generatedByDefaultAsIdentity()".to_owned());
    }
    calls.extend(view.default.as_ref().map(|default| format!(".default(sql.raw({}))", ts::string(default))));
    let line = format!("{made}{}", calls.concat());
    if indent + width(&line) < WIDTH || calls.len() < 2 {
        return line;
    }
    let before = format!("\n{}", " ".repeat(indent + 2));
    calls.iter().fold(made, |line, call| line + &before + call)
}

/// How PostgreSQL calls the key of a table that doesn't name it.
fn primary_key(table: &str) -> String {
    const SUFFIX: &str = "_pkey";
    let end = table.floor_char_boundary(MAX_IDENTIFIER_BYTES - SUFFIX.len());
    format!("{}{SUFFIX}", table.get(..end).unwrap_or(table))
}

/// drizzle-kit ends a condition at the first semicolon. Literals have them as escapes, which PostgreSQL reads as the same.
fn without_semicolons(condition: &str) -> String {
    if !condition.contains(';') {
        return condition.to_owned();
    }
    let mut out = String::with_capacity(condition.len() + 16);
    let mut rest = condition;
    while let Some(at) = rest.find(['\'', '"']) {
        let (before, quoted) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let quote = if quoted.starts_with('"') { '"' } else { '\'' };
        let end = end_of_quoted(quoted, quote);
        let (text, following) = quoted.split_at_checked(end).unwrap_or((quoted, ""));
        out.push_str(before);
        if text.contains(';') && quote == '\'' {
            out.push_str("U&");
            out.push_str(&text.replace('\\', "\\\\").replace(';', "\\003B"));
        } else {
            out.push_str(text);
        }
        rest = following;
    }
    out + rest
}

/// The length of what is in quotes at the start of a text, with them; one that is doubled doesn't end it.
fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut quotes = text.match_indices(quote).map(|(at, _)| at).skip(1).peekable();
    while let Some(at) = quotes.next() {
        if quotes.next_if_eq(&(at + 1)).is_none() {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_are_escaped_in_literals() {
        for (condition, expected) in [
            ("\"a\" > 1", "\"a\" > 1"),
            ("\"a\" IN ('x', 'y;z')", "\"a\" IN ('x', U&'y\\003Bz')"),
            ("\"a\" ~ '^\\d;''$'", "\"a\" ~ U&'^\\\\d\\003B''$'"),
            ("\"a\" IN ('', ';')", "\"a\" IN ('', U&'\\003B')"),
            ("\"it's\" = ';'", "\"it's\" = U&'\\003B'"),
        ] {
            assert_eq!(without_semicolons(condition), expected);
        }
    }

    #[test]
    fn keys_are_called_as_postgresql_calls_them() {
        assert_eq!(primary_key("tasks"), "tasks_pkey");
        assert_eq!(primary_key(&"ü".repeat(31)), format!("{}_pkey", "ü".repeat(29)));
    }
}
