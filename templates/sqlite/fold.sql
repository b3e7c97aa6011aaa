-- Folds one row: what its unsettled entries make of the server's copy.
CREATE VIEW IF NOT EXISTS {{ fold }} AS
SELECT NULL AS row_key WHERE false;

CREATE TRIGGER IF NOT EXISTS {{ fold }} INSTEAD OF INSERT ON {{ fold }}
BEGIN
  DELETE FROM {{ local }} WHERE {{ local_is_row }};

{% if can_delete %}
  -- Deleted last: a tombstone hides the server's copy.
  INSERT INTO {{ local }} ({{ key_list }}, {{ write_id }}, {{ changed_columns }}, {{ is_deleted }})
  SELECT {{ synced_key_list }}, (SELECT c.write_id FROM _changes_log AS c WHERE c.id = r.newest), '[]', true
  FROM _unsettled_rows AS r, {{ synced }} AS s
  WHERE r.table_name = {{ table_name }} AND r.row_key = NEW.row_key
    AND {{ synced_is_row }}
    AND r.last_delete IS NOT NULL AND r.made_by IS NULL;

{% endif %}
  INSERT INTO {{ local }} (
{% for column in columns %}
    {{ column.name }},
{% endfor %}
    {{ write_id }},
    {{ changed_columns }},
    {{ is_deleted }}
  )
  SELECT
{% for column in columns %}
    {{ column.folded }},
{% endfor %}
    (SELECT n.write_id FROM _changes_log AS n WHERE n.id = r.newest),
    json_group_array(c.name) FILTER (WHERE c.id >= ifnull(r.last_insert, 0) AND c.name NOT IN ({{ key_literals }})),
    false
  FROM _unsettled_rows AS r
  LEFT JOIN {{ synced }} AS s ON {{ synced_is_row }}{% if can_delete %} AND r.last_delete IS NULL{% endif %}

  JOIN _unsettled_columns AS c
    ON c.table_name = {{ table_name }} AND c.row_key = NEW.row_key
    AND c.id >= iif(s.{{ first_key }} IS NULL, r.made_by, 0)
  WHERE r.table_name = {{ table_name }} AND r.row_key = NEW.row_key
  GROUP BY r.row_key;

  INSERT INTO _changed_keys (table_name, row_key) VALUES ({{ table_name }}, NEW.row_key);
END;

CREATE TRIGGER IF NOT EXISTS {{ fold_again }} INSTEAD OF INSERT ON _fold
WHEN NEW.table_name = {{ table_name }}
BEGIN
  INSERT INTO {{ fold }} (row_key) VALUES (NEW.row_key);
END;
