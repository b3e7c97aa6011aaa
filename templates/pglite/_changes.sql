-- {{ banner }}

-- What the database must know of itself.
CREATE TABLE IF NOT EXISTS _sync_meta (
  key TEXT PRIMARY KEY,
  value TEXT
);

INSERT INTO _sync_meta (key, value)
VALUES ('log_version', '2'), ('client_id', gen_random_uuid()::TEXT)
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
  rejected_with TEXT,
  -- The newest write_id of the entries that were sent as one with it.
  sent_with TEXT,
  -- The server's transaction id, where the answer has one.
  txid TEXT
);

CREATE UNIQUE INDEX IF NOT EXISTS _changes_write_id ON _changes (write_id);
CREATE INDEX IF NOT EXISTS _changes_row ON _changes (row_key, table_name, id);
CREATE INDEX IF NOT EXISTS _changes_pending ON _changes (id) WHERE status = 'pending';

{% include "log_feed.sql" %}

{% include "log_fold.sql" %}

{% include "log_changes.sql" %}

{% include "log_keys.sql" %}

{% include "log_stream.sql" %}

{% include "log_views.sql" %}
