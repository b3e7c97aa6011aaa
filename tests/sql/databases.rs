//! The databases that the other tests stand on answer, keep digits, and report errors.

use crate::support::database::{self, Database};
use serde_json::json;
use sync_patterns::config::Adapter;

#[test]
fn both_answer_alike() {
    for adapter in [Adapter::Pglite, Adapter::Sqlite] {
        let mut database = database::open(adapter);
        database
            .exec("CREATE TABLE t (a BIGINT NOT NULL, b TEXT); INSERT INTO t VALUES (9007199254740993, 'ü')")
            .unwrap();
        let rows = database.query("SELECT a, b, NULL AS c, CAST(1.5 AS DOUBLE PRECISION) AS d FROM t").unwrap();
        assert_eq!(json!(rows), json!([{ "a": 9_007_199_254_740_993_i64, "b": "ü", "c": null, "d": 1.5 }]));
        assert_eq!(rows[0].keys().collect::<Vec<_>>(), ["a", "b", "c", "d"]);

        let error = database.exec("INSERT INTO t (b) VALUES ('x')").unwrap_err();
        assert_eq!(error.code, if adapter == Adapter::Pglite { "23502" } else { "1299" });
        assert!(error.message.contains('a'));
    }
}

#[test]
fn an_idle_database_is_empty_again() {
    for _ in 0..2 {
        let mut database = database::Pglite::open();
        database.exec("CREATE TABLE only_once (a INT)").unwrap();
    }
}
