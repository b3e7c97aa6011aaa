CREATE TRIGGER IF NOT EXISTS {{ view_update }} INSTEAD OF UPDATE ON {{ view }}
BEGIN
{% if update %}
  SELECT CASE
{% for check in update.checks %}
    WHEN {{ check.fails }} THEN RAISE(ABORT, {{ check.message }})
{% endfor %}
  END;

  -- The key, and the columns that differ; nothing where none does.
  INSERT INTO _changes_log (table_name, row_key, operation, value, transaction_id)
  SELECT
    {{ table_name }},
    {{ old_row_key }},
    'update',
{% if has_floats %}
    -- Floating-point numbers that 15 digits don't tell apart have 17.
    json_group_object(
      c.column1,
      json(
        CASE
          WHEN typeof(c.column2) = 'real' AND CAST(json_quote(c.column2) AS REAL) <> c.column2
            THEN printf('%!.17g', c.column2)
          ELSE c.column2
        END
      )
    ),
{% else %}
    json_group_object(c.column1, json(c.column2)),
{% endif %}
    (SELECT t.id FROM _transaction_id AS t)
  FROM (
    VALUES
{% for column in update.columns %}
      ({{ column.literal }}, {{ column.new }}, {{ column.old }}){% if not loop.last %},{% endif %}

{% endfor %}
  ) AS c
  WHERE c.column2 IS NOT c.column3
  HAVING count(*) > {{ update.key_columns }};

  INSERT INTO {{ fold }} (row_key)
  SELECT {{ old_row_key }}
  WHERE changes() > 0;
{% else %}
  SELECT RAISE(ABORT, {{ no_update }});
{% endif %}
END;
