CREATE TRIGGER IF NOT EXISTS {{ view_insert }} INSTEAD OF INSERT ON {{ view }}
BEGIN
{% if insert %}
  SELECT CASE
{% for check in insert.checks %}
    WHEN {{ check.fails }} THEN RAISE(ABORT, {{ check.message }})
{% endfor %}
    WHEN EXISTS (SELECT 1 FROM {{ view }} AS v WHERE {{ shown_is_new }})
      THEN RAISE(ABORT, {{ insert.duplicate }})
  END;

{% if has_temporary_keys %}
  -- A temporary key that the application uses again is another row's now.
  DELETE FROM _made_keys WHERE table_name = {{ table_name }} AND temporary_key = {{ new_row_key }};

{% endif %}
  INSERT INTO _changes_log (table_name, row_key, operation, value, transaction_id)
  SELECT
    {{ table_name }},
    {{ insert.row_key }},
    'insert',
    (
{% if has_floats %}
      -- Floating-point numbers that 15 digits don't tell apart have 17.
      SELECT json_group_object(
        c.column1,
        json(
          CASE
            WHEN typeof(c.column2) = 'real' AND CAST(json_quote(c.column2) AS REAL) <> c.column2
              THEN printf('%!.17g', c.column2)
            ELSE c.column2
          END
        )
      )
{% else %}
      SELECT json_group_object(c.column1, json(c.column2))
{% endif %}
      FROM (
        VALUES
{% for column in insert.columns %}
          ({{ column.literal }}, {{ column.new }}){% if not loop.last %},{% endif %}

{% endfor %}
      ) AS c
      WHERE c.column2 <> 'null'
    ),
    (SELECT t.id FROM _transaction_id AS t){% if not insert.made_key %};{% endif %}

{% if insert.made_key %}
  -- As an aggregate, the key is made once, however often it is used.
  FROM (SELECT max({{ insert.made_key }}) AS key) AS k;
{% endif %}

  INSERT INTO {{ fold }} (row_key)
  SELECT c.row_key FROM _changes_log AS c WHERE c.id = last_insert_rowid();
{% else %}
  SELECT RAISE(ABORT, {{ no_insert }});
{% endif %}
END;
