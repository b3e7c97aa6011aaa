//! The schema is made anew over the log.

use sync_patterns::config::Adapter;

use super::{Outcome, World};
use crate::simulation::schedule::Dice;
use crate::simulation::values::text;

impl World<'_> {
    /// The schema is dropped, all but the log, and built again; the stream fills it again.
    pub(super) fn rebuild(&mut self, dice: &mut Dice) -> Outcome {
        let keeps_synced = dice.chance(30);
        if self.adapter() == Adapter::IndexedDb {
            self.is_touched = true;
            self.database.upgrade(keeps_synced).map_err(|error| error.message)?;
        } else {
            self.make_again(keeps_synced)?;
        }
        if keeps_synced {
            return Ok(());
        }
        let before: Vec<_> = self.oracle.synced.iter_mut().map(std::mem::take).collect();
        self.check()?;
        for (table, rows) in before.into_iter().enumerate() {
            let script = self.upsert(table, rows.into_values().collect(), dice);
            self.exec(&script)?;
        }
        Ok(())
    }

    fn make_again(&mut self, keeps_synced: bool) -> Outcome {
        let names = self.relations()?;
        let mut script = String::from("BEGIN;");
        for (kind, name) in names {
            if !(keeps_synced && name.trim_end_matches('"').ends_with("_synced")) {
                script += &format!(
                    "DROP {kind} IF EXISTS {name}{};",
                    if self.adapter() == Adapter::Pglite { " CASCADE" } else { "" }
                );
            }
        }
        self.exec(&format!("{script} COMMIT;"))?;
        self.database.load(self.files);
        Ok(())
    }

    /// What a rebuild drops: kinds and quoted names, views first.
    fn relations(&mut self) -> Outcome<Vec<(String, String)>> {
        let statement = match self.adapter() {
            Adapter::Sqlite => {
                "SELECT type AS kind, '\"' || replace(name, '\"', '\"\"') || '\"' AS name FROM sqlite_schema
                 WHERE type IN ('view', 'table') AND name NOT IN ('_changes_log', '_made_keys', '_sync_meta')
                   AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
                 ORDER BY type DESC"
            }
            Adapter::IndexedDb => return Ok(Vec::new()),
            Adapter::Pglite => {
                "SELECT CASE relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind, format('%I', relname) AS name
                 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
                   AND relname NOT IN ('_changes', '_made_keys', '_sync_meta')
                 UNION ALL
                 SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                 ORDER BY 1 DESC"
            }
        };
        let rows = self.database.query(statement).map_err(|error| error.message)?;
        Ok(rows.iter().map(|row| (text(&row["kind"]), text(&row["name"]))).collect())
    }
}
