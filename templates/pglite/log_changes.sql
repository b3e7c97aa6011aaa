-- ---------------------------------------------------------------------------------------------------------------------
-- Changes to the log by the sync worker and the application
-- ---------------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION _changes_updated() RETURNS TRIGGER
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  rejected_inserts BIGINT[];
  sent_again BIGINT[];
BEGIN
  IF NOT EXISTS (SELECT FROM after) THEN
    RETURN NULL;
  END IF;

  NOTIFY _changed_keys;

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
  IF NOT EXISTS (SELECT FROM before) THEN
    RETURN NULL;
  END IF;

  NOTIFY _changed_keys;

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
