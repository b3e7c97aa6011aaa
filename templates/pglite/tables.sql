-- The server's rows as last received. Only the sync stream writes here.
CREATE TABLE IF NOT EXISTS {{ synced }} (
{% for column in columns %}
  {{ column.name }} {{ column.type }}{% if column.required %} NOT NULL{% endif %},
{% endfor %}
  write_id TEXT,
  PRIMARY KEY ({{ key_list }})
);

-- Rows with unsettled local writes, as the log and the server's row make them. Only the fold writes here.
CREATE TABLE IF NOT EXISTS {{ local }} (
{% for column in columns %}
  {{ column.name }} {{ column.type }},
{% endfor %}
  write_id TEXT,
  {{ changed_columns }} TEXT[] NOT NULL,
  {{ is_deleted }} BOOLEAN NOT NULL,
  PRIMARY KEY ({{ key_list }})
);
{% if indexes %}

{% for index in indexes %}
CREATE INDEX IF NOT EXISTS {{ index.name }} ON {{ index.table }} ({{ index.columns }});
{% endfor %}
{% endif %}

INSERT INTO _key_columns (table_name, position, column_name)
VALUES
{% for column in key_columns %}
  ({{ name_text }}, {{ loop.index }}, {{ column }}){% if not loop.last %},{% endif %}

{% endfor %}
ON CONFLICT DO NOTHING;
{% if references %}

INSERT INTO _references (table_name, column_name, parent)
VALUES
{% for reference in references %}
  ({{ name_text }}, {{ reference.column }}, {{ reference.parent }}){% if not loop.last %},{% endif %}

{% endfor %}
ON CONFLICT DO NOTHING;
{% endif %}
