-- The server's rows as last received.
CREATE TABLE IF NOT EXISTS {{ synced }} (
{% for column in columns %}
  {{ column.name }} {{ column.ty }}{% if column.not_null %} NOT NULL{% endif %},
{% endfor %}
  {{ write_id }} TEXT,
  PRIMARY KEY ({{ key_list }})
) STRICT;

-- Rows with unsettled writes, as full images.
CREATE TABLE IF NOT EXISTS {{ local }} (
{% for column in columns %}
  {{ column.name }} {{ column.ty }}{% if column.is_key %} NOT NULL{% endif %},
{% endfor %}
  {{ write_id }} TEXT NOT NULL,
  {{ changed_columns }} TEXT NOT NULL,
  {{ is_deleted }} INTEGER NOT NULL,
  PRIMARY KEY ({{ key_list }})
) STRICT;
{% for index in indexes %}
{% if loop.first %}

{% endif %}
CREATE INDEX IF NOT EXISTS {{ index.name }} ON {{ index.table }} ({{ index.columns }});
{% endfor %}

INSERT OR IGNORE INTO _key_columns (table_name, position, column_name)
VALUES
{% for column in key_columns %}
  ({{ table_name }}, {{ loop.index }}, {{ column }}){% if loop.last %};{% else %},{% endif %}

{% endfor %}
{% if references %}

INSERT OR IGNORE INTO _references (table_name, column_name, parent)
VALUES
{% for reference in references %}
  ({{ table_name }}, {{ reference.column }}, {{ reference.parent }}){% if loop.last %};{% else %},{% endif %}

{% endfor %}
{% endif %}
