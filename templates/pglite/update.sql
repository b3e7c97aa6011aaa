{% if update %}
CREATE OR REPLACE FUNCTION {{ functions.update }}() RETURNS TRIGGER
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS {{ dollar }}
DECLARE
  row_key CONSTANT TEXT := {{ row_key.old }};
  changed JSONB;
BEGIN
{% include "made_keys.sql" %}
  changed := _difference(
    {{ row_value.old }},
    {{ row_value.new }}
  );
  IF changed = '{}' THEN
    RETURN OLD;
  END IF;

  PERFORM _refuse_new_key({{ name_text }}, changed, {{ key_names }});
{% if update.read_only %}
  PERFORM _refuse_read_only({{ name_text }}, changed, ARRAY[
{% for column in update.read_only %}
    {{ column }}{% if not loop.last %},{% endif %}

{% endfor %}
  ]);
{% endif %}
{% if update.required %}
  PERFORM _refuse_nulls({{ name_text }}, changed, ARRAY[
{% for column in update.required %}
    {{ column }}{% if not loop.last %},{% endif %}

{% endfor %}
  ]);
{% endif %}

  INSERT INTO _changes (table_name, row_key, operation, value)
  VALUES ({{ name_text }}, row_key, 'update', {{ key_object.old }} || changed);

  PERFORM {{ functions.fold }}(ARRAY[row_key]);

  SELECT v.* INTO NEW FROM {{ view }} AS v WHERE {{ key_match.view_old }};
  RETURN NEW;
END
{{ dollar }};

CREATE OR REPLACE TRIGGER {{ functions.update }} INSTEAD OF UPDATE ON {{ view }}
FOR EACH ROW EXECUTE FUNCTION {{ functions.update }}();
{% else %}
CREATE OR REPLACE TRIGGER {{ functions.update }} INSTEAD OF UPDATE ON {{ view }}
FOR EACH ROW EXECUTE FUNCTION _refuse_operation();
{% endif %}
