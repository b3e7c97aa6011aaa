-- {{ banner }}

-- What the database must know of itself.
CREATE TABLE IF NOT EXISTS _sync_meta (
  key TEXT PRIMARY KEY,
  value TEXT
);

INSERT INTO _sync_meta (key, value)
VALUES ('log_version', '1'), ('client_id', gen_random_uuid()::TEXT)
ON CONFLICT (key) DO NOTHING;

-- The log of local writes. Only this must survive: everything else is made again from it and the server.
CREATE TABLE IF NOT EXISTS _changes (
  id BIGINT GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME _changes_id) PRIMARY KEY,
  table_name TEXT NOT NULL,
  row_key TEXT NOT NULL,
  operation TEXT NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
  -- The key columns and the columns that this write sets, as the API has them.
  value JSONB NOT NULL CHECK (jsonb_typeof(value) = 'object'),
  write_id TEXT NOT NULL DEFAULT gen_random_uuid()::TEXT,
  transaction_id TEXT NOT NULL DEFAULT pg_current_xact_id()::TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'acknowledged', 'rejected')),
  -- Raised before a request leaves: with 0, the server can't have seen it.
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  -- The write_id of the insert whose rejection took this entry along.
  rejected_with TEXT
);

CREATE UNIQUE INDEX IF NOT EXISTS _changes_write_id ON _changes (write_id);
CREATE INDEX IF NOT EXISTS _changes_row ON _changes (row_key, table_name, id);
CREATE INDEX IF NOT EXISTS _changes_pending ON _changes (id) WHERE status = 'pending';

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

-- Folds every row of a model that the log knows.
CREATE OR REPLACE FUNCTION _fold_all(of_table TEXT) RETURNS VOID
LANGUAGE sql AS $$
  SELECT _fold_rows(of_table, array_agg(DISTINCT c.row_key))
  FROM _changes AS c
  WHERE c.table_name = of_table
  HAVING count(*) > 0
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Changes to the log by the sync worker and the application
-- ---------------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION _changes_updated() RETURNS TRIGGER
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  rejected_inserts BIGINT[];
  sent_again BIGINT[];
BEGIN
  -- What was written to a row whose insert is rejected goes with it, up to the next insert of that key.
  rejected_inserts := ARRAY(
    SELECT n.id FROM after AS n WHERE n.status = 'rejected' AND n.operation = 'insert'
    EXCEPT
    SELECT o.id FROM before AS o WHERE o.status = 'rejected'
  );
  IF rejected_inserts <> '{}' THEN
    UPDATE _changes AS c
    SET status = 'rejected', error = i.error, rejected_with = i.write_id
    FROM _changes AS i
    WHERE i.id = ANY (rejected_inserts)
      AND c.row_key = i.row_key
      AND c.table_name = i.table_name
      AND c.id > i.id
      AND c.status = 'pending'
      AND NOT EXISTS (
        SELECT
        FROM _changes AS n
        WHERE n.row_key = i.row_key
          AND n.table_name = i.table_name
          AND n.id > i.id
          AND n.id <= c.id
          AND n.operation = 'insert'
      );
  END IF;

  -- A rejected entry that is to be sent again moves to the end, with those rejected with it: in its old place, the
  -- echo of a later write would settle it unsent. A server may answer the old write_id with the old refusal.
  sent_again := ARRAY(
    SELECT n.id FROM after AS n WHERE n.status = 'pending'
    INTERSECT
    SELECT o.id FROM before AS o WHERE o.status = 'rejected'
  );
  IF sent_again <> '{}' THEN
    WITH moved AS (
      DELETE FROM _changes AS c
      WHERE c.id = ANY (
        ARRAY(
          SELECT together.id
          FROM _changes AS s
          CROSS JOIN LATERAL (
            SELECT e.id
            FROM _changes AS e
            WHERE e.row_key = s.row_key
              AND e.table_name = s.table_name
              AND coalesce(e.rejected_with, e.write_id) = coalesce(s.rejected_with, s.write_id)
            OFFSET 0
          ) AS together
          WHERE s.id = ANY (sent_again)
        )
      )
      RETURNING c.*
    )
    INSERT INTO _changes (table_name, row_key, operation, value, transaction_id, created_at)
    SELECT m.table_name, m.row_key, m.operation, m.value, m.transaction_id, m.created_at
    FROM moved AS m
    ORDER BY m.id;
  END IF;

  -- Acknowledging an entry changes no row, nor does counting attempts.
  PERFORM _fold_rows(changed.table_name, array_agg(DISTINCT changed.row_key))
  FROM (
    (
      SELECT n.id, n.table_name, n.row_key, n.operation, n.value, n.write_id, n.status = 'rejected' FROM after AS n
      EXCEPT
      SELECT o.id, o.table_name, o.row_key, o.operation, o.value, o.write_id, o.status = 'rejected' FROM before AS o
    )
    UNION ALL
    (
      SELECT o.id, o.table_name, o.row_key, o.operation, o.value, o.write_id, o.status = 'rejected' FROM before AS o
      EXCEPT
      SELECT n.id, n.table_name, n.row_key, n.operation, n.value, n.write_id, n.status = 'rejected' FROM after AS n
    )
  ) AS changed
  GROUP BY changed.table_name;

  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER _changes_updated AFTER UPDATE ON _changes
REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION _changes_updated();

CREATE OR REPLACE FUNCTION _changes_deleted() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM _fold_rows(o.table_name, array_agg(DISTINCT o.row_key))
  FROM before AS o
  WHERE o.status <> 'rejected'
  GROUP BY o.table_name;

  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER _changes_deleted AFTER DELETE ON _changes
REFERENCING OLD TABLE AS before
FOR EACH STATEMENT EXECUTE FUNCTION _changes_deleted();

-- ---------------------------------------------------------------------------------------------------------------------
-- Changes by the sync stream
-- ---------------------------------------------------------------------------------------------------------------------

-- Settles the entries that have come back from the server, and what they have overtaken: earlier entries of the row
-- that the server has taken too. Gives the keys that must be folded again.
CREATE OR REPLACE FUNCTION _settle(of_table TEXT, row_keys TEXT[], write_ids TEXT[]) RETURNS TEXT[]
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  DELETE FROM _changes AS c
  WHERE c.id = ANY (
    ARRAY(
      SELECT settled.id
      FROM _changes AS seen
      CROSS JOIN LATERAL (
        SELECT e.id
        FROM _changes AS e
        WHERE seen.table_name = of_table
          AND seen.status <> 'rejected'
          AND e.row_key = seen.row_key
          AND e.table_name = of_table
          AND (e.id = seen.id OR e.id < seen.id AND e.status = 'acknowledged')
        OFFSET 0
      ) AS settled
      WHERE seen.write_id = ANY (write_ids)
    )
  );

  RETURN ARRAY(SELECT u.row_key FROM _unsettled(of_table, row_keys) AS u);
END
$$;

-- The server has deleted rows: what it has acknowledged is settled, what it hasn't will be answered by the API.
CREATE OR REPLACE FUNCTION _settle_deleted(of_table TEXT, row_keys TEXT[]) RETURNS TEXT[]
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  DELETE FROM _changes AS c
  WHERE c.row_key = ANY (row_keys) AND c.table_name = of_table AND c.status = 'acknowledged';

  RETURN ARRAY(SELECT u.row_key FROM _unsettled(of_table, row_keys) AS u);
END
$$;

-- The server has made the keys of new rows: their entries, which have temporary ones, take them over. The arrays run
-- in parallel.
CREATE OR REPLACE FUNCTION _take_keys(of_table TEXT, write_ids TEXT[], row_keys TEXT[], keys JSONB[]) RETURNS VOID
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  -- Temporary key to what takes its place.
  made JSONB;
BEGIN
  -- Servers leave the write_id in a row, so nearly all that arrive have one.
  IF NOT EXISTS (SELECT FROM _changes AS c WHERE c.write_id = ANY (write_ids)) THEN
    RETURN;
  END IF;

  SELECT jsonb_object_agg(i.row_key, jsonb_build_object('from', i.id, 'row_key', a.row_key, 'members', a.key))
  INTO made
  FROM unnest(write_ids, row_keys, keys) AS a (write_id, row_key, key)
  CROSS JOIN LATERAL (
    SELECT c.id, c.row_key
    FROM _changes AS c
    WHERE c.write_id = a.write_id
      AND c.table_name = of_table
      AND c.operation = 'insert'
      AND c.status <> 'rejected'
      AND c.row_key <> a.row_key
    OFFSET 0
  ) AS i;

  UPDATE _changes AS c
  SET row_key = made -> c.row_key ->> 'row_key', value = c.value || (made -> c.row_key -> 'members')
  WHERE c.row_key = ANY (ARRAY(SELECT jsonb_object_keys(made)))
    AND c.table_name = of_table
    AND c.id >= (made -> c.row_key ->> 'from')::BIGINT;
END
$$;

-- After a TRUNCATE; the trigger's argument is the model.
CREATE OR REPLACE FUNCTION _truncated() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM _fold_all(TG_ARGV[0]);
  RETURN NULL;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Writing through the views
-- ---------------------------------------------------------------------------------------------------------------------

-- The members that differ.
CREATE OR REPLACE FUNCTION _difference(before JSONB, after JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
  FROM jsonb_each(after) AS a
  WHERE a.value IS DISTINCT FROM before -> a.key
$$;

-- Nulls inside a member are data, and stay.
CREATE OR REPLACE FUNCTION _without_nulls(value JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(v.key, v.value), '{}')
  FROM jsonb_each(value) AS v
  WHERE v.value <> 'null'
$$;

CREATE OR REPLACE FUNCTION _refuse_nulls(of_table TEXT, value JSONB, required TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  missing CONSTANT TEXT := (SELECT r.name FROM unnest(required) AS r (name) WHERE value -> r.name = 'null' LIMIT 1);
BEGIN
  IF missing IS NOT NULL THEN
    RAISE not_null_violation USING
      MESSAGE = format('%s: column %s is required', of_table, missing),
      TABLE = of_table,
      COLUMN = missing;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION _refuse_read_only(of_table TEXT, value JSONB, read_only TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  written CONSTANT TEXT := (SELECT r.name FROM unnest(read_only) AS r (name) WHERE value ? r.name LIMIT 1);
BEGIN
  IF written IS NOT NULL THEN
    RAISE generated_always USING
      MESSAGE = format('%s: column %s is read-only', of_table, written),
      TABLE = of_table,
      COLUMN = written;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION _refuse_new_key(of_table TEXT, value JSONB, key TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  written CONSTANT TEXT := (SELECT k.name FROM unnest(key) AS k (name) WHERE value ? k.name LIMIT 1);
BEGIN
  IF written IS NOT NULL THEN
    RAISE object_not_in_prerequisite_state USING
      MESSAGE = format('%s: column %s is the key, and can''t change', of_table, written),
      TABLE = of_table,
      COLUMN = written;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION _refuse_duplicate(of_table TEXT, row_key TEXT, key TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  RAISE unique_violation USING
    MESSAGE = format('%s: there is a row with %s %s already', of_table, array_to_string(key, ', '), row_key),
    TABLE = of_table;
END
$$;

CREATE OR REPLACE FUNCTION _refuse_operation() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  RAISE object_not_in_prerequisite_state USING
    MESSAGE = format('%s: the API has no endpoint for %s', TG_TABLE_NAME, TG_OP),
    TABLE = TG_TABLE_NAME;
END
$$;

-- A row that was never sent needs no delete: its entries go, from the last insert on.
CREATE OR REPLACE FUNCTION _cancel_unsent(of_table TEXT, of_key TEXT) RETURNS VOID
LANGUAGE sql AS $$
  WITH since AS (
    SELECT c.id, c.status, c.attempts
    FROM _changes AS c
    WHERE c.row_key = of_key
      AND c.table_name = of_table
      AND c.id >= (
        SELECT max(i.id)
        FROM _changes AS i
        WHERE i.row_key = of_key AND i.table_name = of_table AND i.operation = 'insert'
      )
  )
  DELETE FROM _changes AS c
  WHERE c.id IN (SELECT s.id FROM since AS s)
    AND NOT EXISTS (SELECT FROM since AS s WHERE s.status <> 'pending' OR s.attempts > 0)
$$;

-- The key of a row whose own key the server will make; no two rows ever have the same.
CREATE OR REPLACE FUNCTION _temporary_key() RETURNS BIGINT
LANGUAGE sql VOLATILE AS $$
  SELECT -nextval('_changes_id')
$$;

-- The text form of a composite key.
CREATE OR REPLACE FUNCTION _row_key(VARIADIC parts JSON[]) RETURNS TEXT
LANGUAGE sql IMMUTABLE AS $$
  SELECT '[' || array_to_string(parts, ',') || ']'
$$;

-- Bytes are base64 in the log, as on the wire.
CREATE OR REPLACE FUNCTION _base64(bytes BYTEA) RETURNS TEXT
LANGUAGE sql IMMUTABLE AS $$
  SELECT translate(encode(bytes, 'base64'), E'\n', '')
$$;

-- A row's members as on the wire, where that isn't PostgreSQL's JSON: decimals are strings, for their digits.
CREATE OR REPLACE FUNCTION _on_wire(value JSONB, decimals TEXT[] DEFAULT '{}', bytes TEXT[] DEFAULT '{}') RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT value || coalesce(jsonb_object_agg(c.name, c.text), '{}')
  FROM (
    SELECT d.name, value ->> d.name FROM unnest(decimals) AS d (name)
    UNION ALL
    SELECT b.name, _base64(decode(substr(value ->> b.name, length('\x') + 1), 'hex')) FROM unnest(bytes) AS b (name)
  ) AS c (name, text)
$$;

-- Base64 members as PostgreSQL reads bytes.
CREATE OR REPLACE FUNCTION _with_bytes(value JSONB, columns TEXT[]) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT value || coalesce(
    (
      SELECT jsonb_object_agg(c.name, '\x' || encode(decode(value ->> c.name, 'base64'), 'hex'))
      FROM unnest(columns) AS c (name)
      WHERE value ? c.name
    ),
    '{}'
  )
$$;
