//! PostgreSQL in the browser: PL/pgSQL functions and statement triggers.

mod expression;

use super::dialect::Dialect;
use crate::codegen::template::templates;

pub const DIALECT: Dialect = Dialect {
    templates: templates!["pglite":
        "_changes.sql",
        "delete.sql",
        "expressions.sql",
        "fold.sql",
        "insert.sql",
        "log_changes.sql",
        "log_feed.sql",
        "log_fold.sql",
        "log_keys.sql",
        "log_stream.sql",
        "log_views.sql",
        "made_keys.sql",
        "model.sql",
        "stream.sql",
        "tables.sql",
        "update.sql",
        "view.sql",
    ],
    column_type: expression::column_type,
    constant: expression::constant,
};
