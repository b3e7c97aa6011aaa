-- Makes the local rows of these keys again, from the log and the server's rows.
CREATE OR REPLACE FUNCTION {{ functions.fold }}(row_keys TEXT[]) RETURNS VOID
LANGUAGE sql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS {{ dollar }}
  DELETE FROM {{ local }} AS l
  USING unnest($1) AS r (row_key)
  WHERE {{ key_match.local }};

  INSERT INTO {{ local }}
  SELECT image.*, fold.changed_columns, fold.is_deleted
  FROM _unsettled({{ name_text }}, $1) AS r
  LEFT JOIN {{ synced }} AS s ON {{ key_match.synced }}
  CROSS JOIN _fold({{ name_text }}, r.row_key, {{ key_match.synced_exists }}, {{ key_names }}) AS fold
  CROSS JOIN jsonb_populate_record(
    CASE WHEN NOT fold.is_new THEN s.* END,
{% if placeholders %}
    -- Until the server's row arrives, what only the server sets is a guess.
    CASE
      WHEN fold.is_new THEN {% for columns in placeholders %}{% if not loop.first %} || {% endif %}jsonb_build_object(
{% for column in columns %}
        {{ column.text }}, {{ column.value }}{% if not loop.last %},{% endif %}

{% endfor %}
      ){% endfor %}

      ELSE '{}'
    END || {{ fold_value }}
{% else %}
    {{ fold_value }}
{% endif %}
  ) AS image;

  SELECT _note_keys({{ name_text }}, $1);
{{ dollar }};
