-- What the application reads and writes. Both branches are plain scans of one table, with columns of the same types:
-- that lets SQLite answer each by index, and merge them in order.
CREATE VIEW IF NOT EXISTS {{ view }} AS
SELECT
{% for column in columns %}
  s.{{ column.name }},
{% endfor %}
  false AS {{ has_local_changes }},
  CAST(NULL AS TEXT) AS {{ pending_write_id }}
FROM {{ synced }} AS s
WHERE NOT EXISTS (SELECT 1 FROM {{ local }} AS l WHERE {{ local_is_synced }})
UNION ALL
SELECT
{% for column in columns %}
  l.{{ column.name }},
{% endfor %}
  true,
  l.{{ write_id }}
FROM {{ local }} AS l
WHERE NOT l.{{ is_deleted }};
