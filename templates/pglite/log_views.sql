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
