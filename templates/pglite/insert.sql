{% if insert %}
CREATE OR REPLACE FUNCTION {{ functions.insert }}() RETURNS TRIGGER
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS {{ dollar }}
DECLARE
  row_key TEXT;
  new_value JSONB;
BEGIN
{% if insert.temporary_key %}
  -- A temporary key that the application uses again is another row's now.
  DELETE FROM _made_keys AS m WHERE m.table_name = {{ name_text }} AND m.temporary_key = {{ insert.temporary_key }};

{% endif %}
{% include "made_keys.sql" %}
{% for column in insert.defaults %}
  NEW.{{ column.name }} := coalesce(NEW.{{ column.name }}, {{ column.value }});
{% endfor %}
  row_key := {{ row_key.new }};
  new_value := {{ row_value.new }};
{% if insert.required %}
  PERFORM _refuse_nulls({{ name_text }}, new_value, ARRAY[
{% for column in insert.required %}
    {{ column }}{% if not loop.last %},{% endif %}

{% endfor %}
  ]);
{% endif %}
  -- What is null was left out, and isn't sent.
  new_value := _without_nulls(new_value);
{% if insert.read_only %}
  PERFORM _refuse_read_only({{ name_text }}, new_value, ARRAY[
{% for column in insert.read_only %}
    {{ column }}{% if not loop.last %},{% endif %}

{% endfor %}
  ]);
{% endif %}
  IF EXISTS (SELECT FROM {{ view }} AS v WHERE {{ key_match.view_new }}) THEN
    PERFORM _refuse_duplicate({{ name_text }}, row_key, {{ key_names }});
  END IF;

  INSERT INTO _changes (table_name, row_key, operation, value)
  VALUES ({{ name_text }}, row_key, 'insert', new_value);

  PERFORM {{ functions.fold }}(ARRAY[row_key]);

  SELECT v.* INTO NEW FROM {{ view }} AS v WHERE {{ key_match.view_new }};
  RETURN NEW;
END
{{ dollar }};

CREATE OR REPLACE TRIGGER {{ functions.insert }} INSTEAD OF INSERT ON {{ view }}
FOR EACH ROW EXECUTE FUNCTION {{ functions.insert }}();
{% else %}
CREATE OR REPLACE TRIGGER {{ functions.insert }} INSTEAD OF INSERT ON {{ view }}
FOR EACH ROW EXECUTE FUNCTION _refuse_operation();
{% endif %}
