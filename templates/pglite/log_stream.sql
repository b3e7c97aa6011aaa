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

-- The server has made the keys of new rows, whose entries have temporary ones. The arrays run in parallel. A key that
-- the server has made before stays: one that shows one write on several rows would otherwise turn what was written to
-- one into writes to another.
CREATE OR REPLACE FUNCTION _take_keys(of_table TEXT, write_ids TEXT[], row_keys TEXT[], keys JSONB[]) RETURNS VOID
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  -- Servers leave the write_id in a row, so nearly all that arrive have one.
  IF NOT EXISTS (SELECT FROM _changes AS c WHERE c.write_id = ANY (write_ids)) THEN
    RETURN;
  END IF;

  INSERT INTO _made_keys (table_name, temporary_key, row_key, key)
  SELECT of_table, i.row_key, a.row_key, a.key::TEXT
  FROM unnest(write_ids, row_keys, keys) AS a (write_id, row_key, key)
  CROSS JOIN LATERAL (
    SELECT c.row_key
    FROM _changes AS c
    WHERE c.write_id = a.write_id
      AND c.table_name = of_table
      AND c.operation = 'insert'
      AND c.status <> 'rejected'
      AND c.row_key <> a.row_key
      AND NOT EXISTS (SELECT FROM _made_keys AS m WHERE m.table_name = of_table AND m.row_key = c.row_key)
    OFFSET 0
  ) AS i
  ON CONFLICT DO NOTHING;
END
$$;

-- After a TRUNCATE; the trigger's argument is the model.
CREATE OR REPLACE FUNCTION _truncated() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM _note_keys(TG_ARGV[0], ARRAY[NULL]);
  PERFORM _fold_all(TG_ARGV[0]);
  RETURN NULL;
END
$$;
