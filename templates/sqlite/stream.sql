-- A row has come from the server: settles the write that it shows, if it shows one of ours.
CREATE VIEW IF NOT EXISTS {{ arrive }} AS
SELECT NULL AS row_key, NULL AS write_id WHERE false;

CREATE TRIGGER IF NOT EXISTS {{ arrive }} INSTEAD OF INSERT ON {{ arrive }}
BEGIN
  INSERT INTO _settle (table_name, write_id) VALUES ({{ table_name }}, NEW.write_id);

{% if has_temporary_keys %}
  -- The server has made the key of a row that has a temporary one. One that it has made before stays: a server that
  -- shows one write on several rows would otherwise turn what was written to one into writes to another.
  INSERT INTO _made_keys (table_name, temporary_key, row_key, key)
  SELECT s.table_name, s.row_key, NEW.row_key, json_quote({{ row_key_as_key }})
  FROM _changes_log AS s
  WHERE s.status = 'settled' AND s.operation = 'insert' AND s.row_key <> NEW.row_key
    AND NOT EXISTS (SELECT 1 FROM _made_keys AS m WHERE m.table_name = s.table_name AND m.row_key = s.row_key)
  ON CONFLICT DO NOTHING;

{% endif %}
  INSERT INTO {{ fold }} (row_key)
  SELECT NEW.row_key
  UNION
  SELECT s.row_key FROM _changes_log AS s WHERE s.status = 'settled';

  DELETE FROM _changes_log WHERE status = 'settled';
END;
{% for event in ["INSERT", "UPDATE"] %}

CREATE TRIGGER IF NOT EXISTS {% if event == "INSERT" %}{{ synced_insert }}{% else %}{{ synced_update }}{% endif %} AFTER {{ event }} ON {{ synced }}
WHEN EXISTS (
    SELECT 1 FROM _changes_log AS c WHERE c.table_name = {{ table_name }} AND c.row_key = {{ new_row_key }}
  )
  OR EXISTS (SELECT 1 FROM _changes_log AS c WHERE c.write_id = NEW.{{ write_id }})
BEGIN
  -- OR ABORT is what an upsert has in its UPDATE: under two ways to treat conflicts, SQLite would compile all that
  -- follows twice.
  INSERT OR ABORT INTO {{ arrive }} (row_key, write_id) VALUES ({{ new_row_key }}, NEW.{{ write_id }});
END;
{% endfor %}

-- A row that the server no longer has: what it had taken is done, what it has not yet seen is still to be sent.
CREATE TRIGGER IF NOT EXISTS {{ synced_delete }} AFTER DELETE ON {{ synced }}
WHEN EXISTS (
    SELECT 1 FROM _changes_log AS c WHERE c.table_name = {{ table_name }} AND c.row_key = {{ old_row_key }}
  )
BEGIN
  DELETE FROM _changes_log
  WHERE table_name = {{ table_name }} AND row_key = {{ old_row_key }} AND +status = 'acknowledged';

  INSERT INTO {{ fold }} (row_key) VALUES ({{ old_row_key }});
END;

-- What the feed hears of the server's rows; what it hears of local ones, the fold tells it.
{% for trigger in notes %}
{% if not loop.first %}

{% endif %}
CREATE TRIGGER IF NOT EXISTS {{ trigger.name }} AFTER {{ trigger.event }} ON {{ synced }}
WHEN NOT EXISTS (SELECT 1 FROM _loading AS l WHERE l.table_name = {{ table_name }})
BEGIN
  INSERT INTO _changed_keys (table_name, row_key) VALUES ({{ table_name }}, {{ trigger.row_key }});
END;
{% endfor %}
