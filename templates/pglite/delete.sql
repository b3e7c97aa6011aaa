{% if delete %}
CREATE OR REPLACE FUNCTION {{ functions.delete }}() RETURNS TRIGGER
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS {{ dollar }}
DECLARE
  row_key CONSTANT TEXT := {{ row_key.old }};
BEGIN
{% if insert %}
  PERFORM _cancel_unsent({{ name_text }}, row_key);

  -- Gone already, where it was never sent.
  IF NOT EXISTS (SELECT FROM {{ view }} AS v WHERE {{ key_match.view_old }}) THEN
    RETURN OLD;
  END IF;

{% endif %}
  INSERT INTO _changes (table_name, row_key, operation, value)
  VALUES ({{ name_text }}, row_key, 'delete', {{ key_object.old }});

  PERFORM {{ functions.fold }}(ARRAY[row_key]);
  RETURN OLD;
END
{{ dollar }};

CREATE OR REPLACE TRIGGER {{ functions.delete }} INSTEAD OF DELETE ON {{ view }}
FOR EACH ROW EXECUTE FUNCTION {{ functions.delete }}();
{% else %}
CREATE OR REPLACE TRIGGER {{ functions.delete }} INSTEAD OF DELETE ON {{ view }}
FOR EACH ROW EXECUTE FUNCTION _refuse_operation();
{% endif %}
