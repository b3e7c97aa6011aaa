//! The generated SQL in real databases: PGlite, SQLite, and the oldest SQLite that is supported.

mod contract;
mod databases;
mod sqlite_old;
