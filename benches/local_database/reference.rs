//! The usual way to write such a view, for comparison: a full outer join of both tables with a CASE for each column, and
//! row-level triggers that clean up. Written for this bench; it keeps none of the contract's promises.

use sync_patterns::config::Adapter;

const COLUMNS: [&str; 5] = ["first_name", "last_name", "email", "created_at", "updated_at"];

/// The synced table without any trigger.
pub fn bare_table(adapter: Adapter) -> String {
    format!("{}; CREATE INDEX bare_last_name ON bare (last_name);", table(adapter, "bare", "NOT NULL"))
}

fn table(adapter: Adapter, name: &str, required: &str) -> String {
    let (key, time, strict) = match adapter {
        Adapter::Pglite => ("UUID", "TIMESTAMPTZ", ""),
        _ => ("TEXT", "TEXT", " STRICT"),
    };
    format!(
        "CREATE TABLE {name} (
          id {key} NOT NULL PRIMARY KEY,
          first_name TEXT {required}, last_name TEXT {required}, email TEXT,
          created_at {time} {required}, updated_at {time} {required}, write_id TEXT
        ){strict}"
    )
}

pub fn schema(adapter: Adapter) -> String {
    let synced = table(adapter, "usual_synced", "NOT NULL");
    let local = table(adapter, "usual_local", "");
    let columns: String = COLUMNS
        .iter()
        .map(|name| {
            format!("CASE WHEN l.changed_columns LIKE '%\"{name}\"%' THEN l.{name} ELSE s.{name} END AS {name},\n")
        })
        .collect();
    let clean_up = match adapter {
        Adapter::Pglite => {
            "CREATE FUNCTION usual_clean_up() RETURNS TRIGGER LANGUAGE plpgsql AS $$
            BEGIN
              DELETE FROM usual_local WHERE id = NEW.id AND write_id IS NOT NULL AND write_id = NEW.write_id;
              RETURN NEW;
            END $$;
            CREATE TRIGGER usual_clean_up AFTER INSERT OR UPDATE ON usual_synced
            FOR EACH ROW EXECUTE FUNCTION usual_clean_up();"
        }
        _ => {
            "CREATE TRIGGER usual_insert AFTER INSERT ON usual_synced
            BEGIN DELETE FROM usual_local WHERE id = NEW.id AND write_id = NEW.write_id; END;
            CREATE TRIGGER usual_update AFTER UPDATE ON usual_synced
            BEGIN DELETE FROM usual_local WHERE id = NEW.id AND write_id = NEW.write_id; END;"
        }
    };
    format!(
        "{synced}; {local};
        ALTER TABLE usual_local ADD COLUMN changed_columns TEXT;
        ALTER TABLE usual_local ADD COLUMN is_deleted INTEGER;
        CREATE INDEX usual_last_name ON usual_synced (last_name);
        CREATE VIEW usual AS
        SELECT coalesce(l.id, s.id) AS id, {columns} l.id IS NOT NULL AS has_local_changes
        FROM usual_synced AS s FULL OUTER JOIN usual_local AS l ON s.id = l.id
        WHERE l.id IS NULL OR l.is_deleted = 0;
        {clean_up}"
    )
}

/// An unsettled edit of one row.
pub fn edit(adapter: Adapter, id: &str) -> String {
    let id = match adapter {
        Adapter::Pglite => format!("'{id}'::UUID"),
        _ => format!("'{id}'"),
    };
    format!(
        "INSERT INTO usual_local (id, email, changed_columns, is_deleted) VALUES ({id}, 'edited', '[\"email\"]', 0)
        ON CONFLICT (id) DO UPDATE SET email = 'edited'"
    )
}
