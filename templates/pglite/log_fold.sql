-- ---------------------------------------------------------------------------------------------------------------------
-- From the log to the local tables
-- ---------------------------------------------------------------------------------------------------------------------
--
-- Sessions keep their plans, and nobody gathers statistics: a plan that was made while a table was empty must still do
-- when it has 100,000 rows. So functions turn off what reads a table as a whole, and where the order of a join matters,
-- OFFSET 0 keeps it: the planner takes a condition on table_name for a selective one.

-- What the unsettled entries make of one row: nothing where the row doesn't exist and nothing has to be hidden.
CREATE OR REPLACE FUNCTION _fold(of_table TEXT, of_key TEXT, is_synced BOOLEAN, key_columns TEXT[])
RETURNS TABLE (
  value JSONB,
  changed_columns TEXT[],
  is_deleted BOOLEAN,
  -- The row starts from nothing, not from the server's row.
  is_new BOOLEAN,
  inserted_at TIMESTAMPTZ
)
LANGUAGE sql STABLE AS $$
  WITH unsettled AS (
    SELECT
      c.*,
      coalesce(max(c.id) FILTER (WHERE c.operation = 'delete') OVER (), 0) AS last_delete,
      coalesce(max(c.id) FILTER (WHERE c.operation <> 'update') OVER (), 0) AS last_start
    FROM _changes AS c
    WHERE c.row_key = of_key AND c.table_name = of_table AND c.status <> 'rejected'
  ),
  row AS (
    SELECT
      u.*,
      is_synced AND u.last_delete = 0 AS shows_synced,
      min(u.id) FILTER (WHERE u.operation = 'insert' AND u.id > u.last_delete) OVER () AS made_by
    FROM unsettled AS u
  )
  SELECT
    jsonb_object_agg(field.key, field.value ORDER BY row.id)
      || jsonb_build_object('write_id', (array_agg(row.write_id ORDER BY row.id DESC))[1]),
    coalesce(
      array_agg(DISTINCT field.key) FILTER (
        WHERE row.id >= row.last_start
          AND row.operation <> 'delete'
          AND field.key <> ALL (key_columns)
          AND (row.shows_synced OR row.made_by IS NOT NULL)
      ),
      '{}'
    ),
    NOT bool_or(row.shows_synced OR row.made_by IS NOT NULL),
    NOT bool_or(row.shows_synced),
    min(row.created_at) FILTER (WHERE row.id = row.made_by)
  FROM row
  CROSS JOIN jsonb_each(row.value) AS field
  WHERE row.id >= CASE
    WHEN row.shows_synced THEN 0
    WHEN row.made_by IS NOT NULL THEN row.made_by
    WHEN is_synced THEN row.last_delete
  END
  HAVING count(*) > 0
$$;

-- Those of the rows that the log has unsettled entries for.
CREATE OR REPLACE FUNCTION _unsettled(of_table TEXT, row_keys TEXT[]) RETURNS TABLE (row_key TEXT)
LANGUAGE sql STABLE AS $$
  SELECT DISTINCT c.row_key
  FROM _changes AS c
  WHERE c.row_key = ANY (row_keys) AND c.table_name = of_table AND c.status <> 'rejected'
$$;

-- Folds rows of any model. The log may hold entries of a model that is gone.
CREATE OR REPLACE FUNCTION _fold_rows(of_table TEXT, row_keys TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regprocedure(format('%I(TEXT[])', of_table || '_fold')) IS NOT NULL THEN
    EXECUTE format('SELECT %I($1)', of_table || '_fold') USING row_keys;
  END IF;
END
$$;

-- Folds every row of a model that the log has unsettled entries for. The keys of rejected ones may be those of an older
-- schema, and read as nothing in this one.
CREATE OR REPLACE FUNCTION _fold_all(of_table TEXT) RETURNS VOID
LANGUAGE sql AS $$
  SELECT _fold_rows(of_table, array_agg(DISTINCT c.row_key))
  FROM _changes AS c
  WHERE c.table_name = of_table AND c.status <> 'rejected'
  HAVING count(*) > 0
$$;
