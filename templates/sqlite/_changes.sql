-- {{ banner }}

-- What the database knows of itself.
CREATE TABLE IF NOT EXISTS _sync_meta (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT
) STRICT;

-- Another UUID each time it is read.
CREATE VIEW IF NOT EXISTS _uuid AS
SELECT
  lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2)
    || '-' || hex(randomblob(6))
  ) AS uuid;

INSERT OR IGNORE INTO _sync_meta (key, value)
VALUES ('log_version', '2'), ('client_id', (SELECT u.uuid FROM _uuid AS u));

-- The log of local writes. It has no triggers, so that a write to one model compiles nothing of the others.
CREATE TABLE IF NOT EXISTS _changes_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  table_name TEXT NOT NULL,
  row_key TEXT NOT NULL,
  operation TEXT NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
  value TEXT NOT NULL CHECK (json_valid(value)),
  write_id TEXT NOT NULL UNIQUE DEFAULT (
    lower(
      hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
      || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2)
      || '-' || hex(randomblob(6))
    )
  ),
  transaction_id TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  -- 'settled' only within the statement that then deletes the entry.
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'acknowledged', 'rejected', 'settled')),
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  -- The write_id of the insert whose rejection took this entry along.
  rejected_with TEXT,
  -- The newest write_id of the entries that were sent as one with it.
  sent_with TEXT,
  -- The server's transaction id, where the answer has one.
  txid TEXT
) STRICT;

-- Both give their entries in order of id. Where a statement below has `+status`, the plus keeps SQLite to the index by
-- row: by status it would go through all rows.
CREATE INDEX IF NOT EXISTS _changes_log_row ON _changes_log (table_name, row_key);
CREATE INDEX IF NOT EXISTS _changes_log_status ON _changes_log (status);

-- What has changed, for those who show it: keys of rows that the views may show otherwise than before. Without a
-- row_key: all of the model.
CREATE TABLE IF NOT EXISTS _changed_keys (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  table_name TEXT NOT NULL,
  row_key TEXT
) STRICT;

-- Models whose synced tables are being filled: their keys aren't noted one by one.
CREATE TABLE IF NOT EXISTS _loading (
  table_name TEXT NOT NULL PRIMARY KEY
) STRICT;

-- Who opens a transaction puts its id here, and takes it away before COMMIT.
CREATE TABLE IF NOT EXISTS _transaction (
  id TEXT NOT NULL
) STRICT;

CREATE VIEW IF NOT EXISTS _transaction_id AS
SELECT coalesce((SELECT t.id FROM _transaction AS t), (SELECT u.uuid FROM _uuid AS u)) AS id;

-- The highest id that an entry had when the statement began: SQLite writes it down at the statement's end.
CREATE VIEW IF NOT EXISTS _sequence AS
SELECT ifnull(max(q.seq), 0) AS seq FROM sqlite_sequence AS q WHERE q.name = '_changes_log';

-- A key that no row has had, for one whose own key the server will make: minus the id of the next entry. Within a
-- statement the sequence lags behind the log, and after a DELETE the log behind the sequence.
CREATE VIEW IF NOT EXISTS _temporary_key AS
SELECT -1 - max((SELECT ifnull(max(c.id), 0) FROM _changes_log AS c), (SELECT s.seq FROM _sequence AS s)) AS key;

-- Where the entries of a row begin to count. A row that the log makes anew begins at its first insert
-- after the last delete; what came before that insert had no row to change.
CREATE VIEW IF NOT EXISTS _unsettled_rows AS
SELECT
  c.table_name,
  c.row_key,
  max(c.id) AS newest,
  max(c.id) FILTER (WHERE c.operation = 'delete') AS last_delete,
  max(c.id) FILTER (WHERE c.operation = 'insert') AS last_insert,
  min(c.id) FILTER (
    WHERE c.operation = 'insert' AND NOT EXISTS (
      SELECT 1
      FROM _changes_log AS d
      WHERE d.table_name = c.table_name
        AND d.row_key = c.row_key
        AND d.id > c.id
        AND d.operation = 'delete'
        AND +d.status IN ('pending', 'acknowledged')
    )
  ) AS made_by
FROM _changes_log AS c
WHERE +c.status IN ('pending', 'acknowledged')
GROUP BY c.table_name, c.row_key;

-- Each column that a row's unsettled entries set, as the last of them sets it: as a value, and as JSON text for
-- columns that hold JSON.
CREATE VIEW IF NOT EXISTS _unsettled_columns AS
SELECT
  c.table_name,
  c.row_key,
  max(c.id) AS id,
  e.key AS name,
  e.value AS value,
  CASE e.type
    WHEN 'true' THEN 'true'
    WHEN 'false' THEN 'false'
    WHEN 'text' THEN json_quote(e.value)
    WHEN 'real' THEN iif(CAST(json_quote(e.value) AS REAL) <> e.value, printf('%!.17g', e.value), json_quote(e.value))
    ELSE CAST(e.value AS TEXT)
  END AS json
FROM _changes_log AS c, json_each(c.value) AS e
WHERE +c.status IN ('pending', 'acknowledged')
GROUP BY c.table_name, c.row_key, e.key;

-- The views from here on are procedures: an INSERT calls them with its values.

-- Marks the entry that has come back from the server, and deletes what it has overtaken: earlier entries of the
-- row that the server has taken too.
CREATE VIEW IF NOT EXISTS _settle AS
SELECT NULL AS table_name, NULL AS write_id WHERE false;

CREATE TRIGGER IF NOT EXISTS _settle INSTEAD OF INSERT ON _settle
BEGIN
  UPDATE _changes_log
  SET status = 'settled'
  WHERE write_id = NEW.write_id AND table_name = NEW.table_name AND status IN ('pending', 'acknowledged');

  DELETE FROM _changes_log
  WHERE id IN (
    SELECT c.id
    FROM _changes_log AS s
    JOIN _changes_log AS c ON c.table_name = s.table_name AND c.row_key = s.row_key AND c.id < s.id
    WHERE s.status = 'settled' AND +c.status = 'acknowledged'
  );
END;

-- Folds a row again, whatever its model.
CREATE VIEW IF NOT EXISTS _fold AS
SELECT NULL AS table_name, NULL AS row_key WHERE false;

-- Entries of a model that is gone have nothing to fold.
CREATE TRIGGER IF NOT EXISTS _fold_nothing INSTEAD OF INSERT ON _fold WHEN false
BEGIN
  SELECT NULL;
END;

-- The log, in its order, as the application and the sync worker see and change it.
CREATE VIEW IF NOT EXISTS _changes AS
SELECT
  c.id,
  c.table_name,
  c.row_key,
  c.operation,
  c.value,
  c.write_id,
  c.transaction_id,
  c.created_at,
  c.status,
  c.attempts,
  c.error,
  c.rejected_with,
  c.sent_with,
  c.txid
FROM _changes_log AS c
ORDER BY c.id;

CREATE TRIGGER IF NOT EXISTS _changes_update INSTEAD OF UPDATE ON _changes
WHEN NOT (OLD.status = 'rejected' AND NEW.status = 'pending')
BEGIN
  UPDATE _changes_log
  SET
    table_name = NEW.table_name,
    row_key = NEW.row_key,
    operation = NEW.operation,
    value = NEW.value,
    write_id = NEW.write_id,
    transaction_id = NEW.transaction_id,
    created_at = NEW.created_at,
    status = NEW.status,
    attempts = NEW.attempts,
    error = NEW.error,
    rejected_with = NEW.rejected_with,
    sent_with = NEW.sent_with,
    txid = NEW.txid
  WHERE id = OLD.id;

  -- What was written to a row whose insert is rejected goes with it, up to the next insert of that key.
  UPDATE _changes_log
  SET status = 'rejected', error = NEW.error, rejected_with = NEW.write_id
  WHERE NEW.operation = 'insert' AND NEW.status = 'rejected' AND OLD.status <> 'rejected'
    AND table_name = NEW.table_name
    AND row_key = NEW.row_key
    AND +status = 'pending'
    AND id > OLD.id
    AND id < ifnull(
      (
        SELECT min(i.id)
        FROM _changes_log AS i
        WHERE i.table_name = NEW.table_name AND i.row_key = NEW.row_key AND i.id > OLD.id AND i.operation = 'insert'
      ),
      9223372036854775807
    );

  -- An acknowledgement changes nothing that the user sees.
  INSERT INTO _fold (table_name, row_key)
  SELECT OLD.table_name, OLD.row_key
  WHERE (OLD.status = 'rejected') <> (NEW.status = 'rejected')
    OR (OLD.operation, OLD.value, OLD.write_id) IS NOT (NEW.operation, NEW.value, NEW.write_id)
    OR (OLD.table_name, OLD.row_key) IS NOT (NEW.table_name, NEW.row_key)
  UNION
  SELECT NEW.table_name, NEW.row_key
  WHERE (OLD.table_name, OLD.row_key) IS NOT (NEW.table_name, NEW.row_key);
END;

-- Where each rejected entry goes if the statement that has begun with this sequence sends it again.
CREATE TABLE IF NOT EXISTS _places (
  id INTEGER NOT NULL PRIMARY KEY,
  new_id INTEGER NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;

-- Sets the places aside, for the first row of a statement.
CREATE VIEW IF NOT EXISTS _retry AS
SELECT NULL AS sequence WHERE false;

CREATE TRIGGER IF NOT EXISTS _retry INSTEAD OF INSERT ON _retry
WHEN NEW.sequence IS NOT (SELECT p.sequence FROM _places AS p LIMIT 1)
BEGIN
  DELETE FROM _places;

  INSERT INTO _places (id, new_id, sequence)
  SELECT c.id, NEW.sequence + row_number() OVER (ORDER BY c.id), NEW.sequence
  FROM _changes_log AS c
  WHERE c.status = 'rejected';
END;

-- Sends a rejected entry again, with all that were rejected with it: at the end of the log and under new write
-- ids, since the server may answer an old one from memory, and its later echo would settle what it never took.
-- All that a statement moves keeps its order, whichever rows it comes to first.
CREATE TRIGGER IF NOT EXISTS _changes_retry INSTEAD OF UPDATE ON _changes
WHEN OLD.status = 'rejected' AND NEW.status = 'pending'
BEGIN
  INSERT INTO _retry (sequence) SELECT s.seq FROM _sequence AS s;

  INSERT INTO _changes_log (id, table_name, row_key, operation, value, transaction_id, created_at)
  SELECT
    p.new_id,
    c.table_name,
    c.row_key,
    c.operation,
    iif(c.id = OLD.id, NEW.value, c.value),
    c.transaction_id,
    c.created_at
  FROM _changes_log AS c
  CROSS JOIN _places AS p ON p.id = c.id
  WHERE c.table_name = OLD.table_name
    AND c.row_key = OLD.row_key
    AND +c.status = 'rejected'
    AND ifnull(c.rejected_with, c.write_id) = ifnull(OLD.rejected_with, OLD.write_id);

  DELETE FROM _changes_log
  WHERE table_name = OLD.table_name
    AND row_key = OLD.row_key
    AND +status = 'rejected'
    AND ifnull(rejected_with, write_id) = ifnull(OLD.rejected_with, OLD.write_id)
    AND EXISTS (SELECT 1 FROM _places AS p WHERE p.id = _changes_log.id);

  INSERT INTO _fold (table_name, row_key) VALUES (OLD.table_name, OLD.row_key);
END;

CREATE TRIGGER IF NOT EXISTS _changes_delete INSTEAD OF DELETE ON _changes
BEGIN
  DELETE FROM _changes_log WHERE id = OLD.id;

  INSERT INTO _fold (table_name, row_key)
  SELECT OLD.table_name, OLD.row_key
  WHERE OLD.status <> 'rejected';
END;

{% include "keys.sql" %}
