CREATE TRIGGER IF NOT EXISTS {{ view_delete }} INSTEAD OF DELETE ON {{ view }}
BEGIN
{% if can_delete %}
{% if insert %}
  -- A row that the server can't have seen is taken back: nothing is left to send.
  DELETE FROM _changes_log
  WHERE table_name = {{ table_name }} AND row_key = {{ old_row_key }}
    AND id >= (
      SELECT max(i.id)
      FROM _changes_log AS i
      WHERE i.table_name = {{ table_name }} AND i.row_key = {{ old_row_key }}
        AND i.operation = 'insert'
        AND NOT EXISTS (
          SELECT 1
          FROM _changes_log AS c
          WHERE c.table_name = i.table_name AND c.row_key = i.row_key AND c.id >= i.id
            AND (c.status <> 'pending' OR c.attempts > 0)
        )
    );

  INSERT INTO {{ fold }} (row_key) VALUES ({{ old_row_key }});

{% endif %}
  INSERT INTO _changes_log (table_name, row_key, operation, value, transaction_id)
  SELECT {{ table_name }}, {{ old_row_key }}, 'delete', {{ old_key_object }}, t.id
  FROM _transaction_id AS t{% if not insert %};{% endif %}

{% if insert %}
  WHERE EXISTS (SELECT 1 FROM {{ view }} AS v WHERE {{ shown_is_old }});
{% endif %}

  INSERT INTO {{ fold }} (row_key) VALUES ({{ old_row_key }});
{% else %}
  SELECT RAISE(ABORT, {{ no_delete }});
{% endif %}
END;
