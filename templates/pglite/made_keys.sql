{% if made_keys %}
  -- The application may hold a key that the server has replaced.
{% for column in made_keys %}
  NEW.{{ column.name }} := coalesce(
    (
      SELECT {{ column.made_key }}
      FROM _made_keys AS m
      WHERE m.table_name = {{ column.parent }} AND m.temporary_key = NEW.{{ column.name }}::TEXT
    ),
    NEW.{{ column.name }}
  );
{% endfor %}

{% endif %}
