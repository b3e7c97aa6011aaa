-- ---------------------------------------------------------------------------------------------------------------------
-- What has changed, for those who show it
-- ---------------------------------------------------------------------------------------------------------------------

-- Keys of rows that the views may show otherwise than before. Without a row_key: too many to list, or all of them.
CREATE TABLE IF NOT EXISTS _changed_keys (
  seq BIGINT GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME _changed_keys_seq) PRIMARY KEY,
  table_name TEXT NOT NULL,
  row_key TEXT
);

-- Callers need not count: of more keys than this lists, it wants one too many.
CREATE OR REPLACE FUNCTION _note_keys(of_table TEXT, row_keys TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  IF row_keys = '{}' THEN
    RETURN;
  END IF;

  INSERT INTO _changed_keys (table_name, row_key)
  SELECT of_table, r.row_key
  FROM unnest(CASE WHEN cardinality(row_keys) > 1000 THEN ARRAY[NULL] ELSE row_keys END) AS r (row_key);

  NOTIFY _changed_keys;
END
$$;
