-- The server's rows as last received. Only the sync stream writes here.
CREATE TABLE IF NOT EXISTS {{ synced }} (
{% for column in columns %}
  {{ column.name }} {{ column.type }}{% if column.required %} NOT NULL{% endif %},
{% endfor %}
  write_id TEXT,
  PRIMARY KEY ({{ key_list }})
);

-- Rows with unsettled local writes, as the log and the server's row make them. Only triggers write here.
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
