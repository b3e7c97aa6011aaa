-- What the application reads and writes. Two scans by index, so that a lookup by key costs the same at any size.
CREATE OR REPLACE VIEW {{ view }} AS
SELECT
{% for column in columns %}
  s.{{ column.name }},
{% endfor %}
  FALSE AS {{ has_local_changes }},
  NULL::TEXT AS {{ pending_write_id }}
FROM {{ synced }} AS s
WHERE NOT EXISTS (SELECT FROM {{ local }} AS l WHERE {{ key_match.both }})
UNION ALL
SELECT
{% for column in columns %}
  l.{{ column.name }},
{% endfor %}
  TRUE,
  l.write_id
FROM {{ local }} AS l
WHERE NOT l.{{ is_deleted }};
