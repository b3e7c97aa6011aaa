//! Indexes on a model's tables, as the config lists them.

use crate::model::Model;
use crate::names::{Scope, sql};

#[derive(Debug, Clone)]
pub struct Index {
    pub name: String,
    pub table: String,
    pub columns: Vec<String>,
}

/// Room for a number, where two lists of columns make one name.
const NUMBER_BYTES: usize = 3;

/// One on each of the two tables that the view reads, for each list of columns.
pub fn of(model: &Model) -> Vec<Index> {
    let mut names = Scope::default();
    let lists = model.indexes.iter().flat_map(|columns| ["synced", "local"].map(|table| (columns, table)));
    lists
        .map(|(columns, table)| {
            let name = sql::fit(&format!("_{}_{table}_{}", model.name, columns.join("_")), NUMBER_BYTES);
            Index { name: names.unique(&name), table: format!("{}_{table}", model.name), columns: columns.clone() }
        })
        .collect()
}
