-- The columns of each model's key, in the order of the key.
CREATE TABLE IF NOT EXISTS _key_columns (
  table_name TEXT NOT NULL,
  position INTEGER NOT NULL,
  column_name TEXT NOT NULL,
  PRIMARY KEY (table_name, position)
) STRICT;

-- Columns that hold the key of another row.
CREATE TABLE IF NOT EXISTS _references (
  table_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  parent TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT;

-- What has become of temporary keys, for rows whose keys the server makes. Kept with the log: the application may
-- still hold one.
CREATE TABLE IF NOT EXISTS _made_keys (
  table_name TEXT NOT NULL,
  temporary_key TEXT NOT NULL,
  row_key TEXT NOT NULL,
  key TEXT NOT NULL CHECK (json_valid(key)),
  PRIMARY KEY (table_name, temporary_key)
) STRICT;

CREATE INDEX IF NOT EXISTS _made_keys_row ON _made_keys (table_name, row_key);

-- Columns of entries that hold a temporary key: the row's own, from its insert on, and those that refer to the row.
CREATE VIEW IF NOT EXISTS _held_keys AS
SELECT m.table_name, m.temporary_key, m.key, c.id, k.column_name
FROM _made_keys AS m
JOIN _key_columns AS k ON k.table_name = m.table_name
JOIN _changes_log AS c ON c.table_name = m.table_name AND c.row_key = m.temporary_key
WHERE c.id >= (
  SELECT min(i.id)
  FROM _changes_log AS i
  WHERE i.table_name = m.table_name
    AND i.row_key = m.temporary_key
    AND i.operation = 'insert'
    AND +i.status <> 'rejected'
)
UNION ALL
SELECT m.table_name, m.temporary_key, m.key, c.id, r.column_name
FROM _made_keys AS m
JOIN _references AS r ON r.parent = m.table_name
JOIN _changes_log AS c ON c.table_name = r.table_name
JOIN json_each(c.value) AS e ON e.key = r.column_name
WHERE CAST(e.value AS TEXT) = m.temporary_key;

-- Gives entries the key that the server has made, where they have the temporary one.
DROP TRIGGER IF EXISTS _made_keys_insert;

CREATE TRIGGER _made_keys_insert AFTER INSERT ON _made_keys
BEGIN
  UPDATE _changes
  SET value = taken.value, row_key = taken.row_key
  FROM (
    SELECT
      n.id,
      n.value,
      (
        SELECT iif(count(*) = 1, CAST(max(k.value) AS TEXT), json_group_array(k.value))
        FROM (
          SELECT e.value
          FROM _key_columns AS k
          JOIN json_each(n.value) AS e ON e.key = k.column_name
          WHERE k.table_name = n.table_name
          ORDER BY k.position
        ) AS k
      ) AS row_key
    FROM (
      SELECT c.id, c.table_name, json_patch(c.value, json_group_object(h.column_name, json(h.key))) AS value
      FROM _held_keys AS h
      JOIN _changes_log AS c ON c.id = h.id
      WHERE h.table_name = NEW.table_name AND h.temporary_key = NEW.temporary_key
      GROUP BY c.id
    ) AS n
  ) AS taken
  WHERE _changes.id = taken.id;
END;
