-- Rows have come from the server. An initial load finds nothing in the log, and costs nothing.
CREATE OR REPLACE FUNCTION {{ functions.arrived }}() RETURNS TRIGGER
LANGUAGE plpgsql AS {{ dollar }}
DECLARE
  row_keys TEXT[];
  write_ids TEXT[];
BEGIN
  PERFORM _note_keys({{ name_text }}, ARRAY(SELECT {{ arrived_key }} FROM arrived AS s LIMIT 1001));

  IF EXISTS (SELECT FROM _changes) THEN
    SELECT array_agg({{ arrived_key }}), array_agg(s.write_id)
    INTO row_keys, write_ids
    FROM arrived AS s;
{% if arrived_key_json %}
    PERFORM _take_keys(
      {{ name_text }},
      write_ids,
      row_keys,
      ARRAY(SELECT {{ arrived_key_json }} FROM arrived AS s)
    );
{% endif %}
    PERFORM {{ functions.fold }}(_settle({{ name_text }}, row_keys, write_ids));
  END IF;
  RETURN NULL;
END
{{ dollar }};

CREATE OR REPLACE TRIGGER {{ functions.arrived }} AFTER INSERT ON {{ synced }}
REFERENCING NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION {{ functions.arrived }}();

CREATE OR REPLACE TRIGGER {{ functions.changed }} AFTER UPDATE ON {{ synced }}
REFERENCING NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION {{ functions.arrived }}();

CREATE OR REPLACE FUNCTION {{ functions.departed }}() RETURNS TRIGGER
LANGUAGE plpgsql AS {{ dollar }}
BEGIN
  PERFORM _note_keys({{ name_text }}, ARRAY(SELECT {{ arrived_key }} FROM departed AS s LIMIT 1001));

  IF EXISTS (SELECT FROM _changes) THEN
    PERFORM {{ functions.fold }}(_settle_deleted({{ name_text }}, ARRAY(SELECT {{ arrived_key }} FROM departed AS s)));
  END IF;
  RETURN NULL;
END
{{ dollar }};

CREATE OR REPLACE TRIGGER {{ functions.departed }} AFTER DELETE ON {{ synced }}
REFERENCING OLD TABLE AS departed
FOR EACH STATEMENT EXECUTE FUNCTION {{ functions.departed }}();

CREATE OR REPLACE TRIGGER {{ functions.truncated }} AFTER TRUNCATE ON {{ synced }}
FOR EACH STATEMENT EXECUTE FUNCTION _truncated({{ name_text }});
