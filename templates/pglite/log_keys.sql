-- ---------------------------------------------------------------------------------------------------------------------
-- Keys that the server makes
-- ---------------------------------------------------------------------------------------------------------------------

-- The columns of each model's key, in the order of the key.
CREATE TABLE IF NOT EXISTS _key_columns (
  table_name TEXT,
  position INTEGER,
  column_name TEXT NOT NULL,
  PRIMARY KEY (table_name, position)
);

-- Columns that hold the key of another row.
CREATE TABLE IF NOT EXISTS _references (
  table_name TEXT,
  column_name TEXT,
  parent TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
);

-- What has become of temporary keys. Kept with the log: the application may still hold one.
CREATE TABLE IF NOT EXISTS _made_keys (
  table_name TEXT,
  temporary_key TEXT,
  row_key TEXT NOT NULL,
  -- As JSON.
  key TEXT NOT NULL,
  PRIMARY KEY (table_name, temporary_key)
);

CREATE INDEX IF NOT EXISTS _made_keys_row ON _made_keys (table_name, row_key);

-- The text form of the key in an entry's value.
CREATE OR REPLACE FUNCTION _row_key_in(of_table TEXT, value JSONB) RETURNS TEXT
LANGUAGE sql STABLE AS $$
  SELECT
    CASE
      WHEN count(*) = 1 THEN min(value ->> k.column_name)
      ELSE '[' || string_agg((value -> k.column_name)::TEXT, ',' ORDER BY k.position) || ']'
    END
  FROM _key_columns AS k
  WHERE k.table_name = of_table
$$;

-- The entries of a row take its new key over, from its insert on, and so do those that refer to the row.
CREATE OR REPLACE FUNCTION _keys_made() RETURNS TRIGGER
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  -- Of each entry, the members that take the place of its own.
  taken JSONB;
BEGIN
  SELECT jsonb_object_agg(entry.id, entry.members)
  INTO taken
  FROM (
    SELECT held.id, jsonb_object_agg(held.column_name, held.key::JSONB) AS members
    FROM (
      SELECT own.id, k.column_name, m.key
      FROM made AS m
      JOIN _key_columns AS k ON k.table_name = m.table_name
      CROSS JOIN LATERAL (
        SELECT e.id
        FROM _changes AS e
        WHERE e.row_key = m.temporary_key
          AND e.table_name = m.table_name
          AND e.id >= (
            SELECT min(i.id)
            FROM _changes AS i
            WHERE i.row_key = m.temporary_key
              AND i.table_name = m.table_name
              AND i.operation = 'insert'
              AND i.status <> 'rejected'
          )
        OFFSET 0
      ) AS own
      UNION ALL
      SELECT child.id, r.column_name, parent.key
      FROM _references AS r
      CROSS JOIN LATERAL (
        SELECT e.id, e.value ->> r.column_name AS parent_key
        FROM _changes AS e
        WHERE e.table_name = r.table_name
        OFFSET 0
      ) AS child
      CROSS JOIN LATERAL (
        SELECT m.key
        FROM _made_keys AS m
        WHERE m.table_name = r.parent AND m.temporary_key = child.parent_key
        OFFSET 0
      ) AS parent
      WHERE r.parent IN (SELECT m.table_name FROM made AS m)
    ) AS held
    GROUP BY held.id
  ) AS entry;

  UPDATE _changes AS c
  SET
    value = c.value || (taken -> c.id::TEXT),
    row_key = _row_key_in(c.table_name, c.value || (taken -> c.id::TEXT))
  WHERE c.id = ANY (ARRAY(SELECT t.id::BIGINT FROM jsonb_object_keys(taken) AS t (id)));

  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER _keys_made AFTER INSERT ON _made_keys
REFERENCING NEW TABLE AS made
FOR EACH STATEMENT EXECUTE FUNCTION _keys_made();
