-- {{ banner }}

{% include "tables.sql" %}

{% include "view.sql" %}

{% include "fold.sql" %}

{% include "stream.sql" %}

{% include "insert.sql" %}

{% include "update.sql" %}

{% include "delete.sql" %}

-- What the log already holds of the model: that is how the local rows come back when the schema is made anew.
SELECT _fold_all({{ name_text }});
