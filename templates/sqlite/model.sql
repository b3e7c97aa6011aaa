-- {{ banner }}

{% include "tables.sql" %}

{% include "view.sql" %}

{% include "fold.sql" %}

{% include "stream.sql" %}

{% include "insert.sql" %}

{% include "update.sql" %}

{% include "delete.sql" %}

-- A schema that is built anew has its local rows back from the log. The keys of rejected entries may be those of an
-- older one, and read as nothing in this.
INSERT INTO {{ fold }} (row_key)
SELECT DISTINCT c.row_key
FROM _changes_log AS c
WHERE c.table_name = {{ table_name }} AND +c.status <> 'rejected';
