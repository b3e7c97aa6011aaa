import { rowsByKey } from "./dialect.js";
import { name, sql, type Connection, type Row } from "./driver.js";
import { collectionKey, rowKey, type CollectionKey } from "./keys.js";
import type { Model } from "./model.js";
import { decode, decodeBoolean } from "./values.js";

/** Rows as the application sees them, by the key that they have in their collection. */
export type Rows = Map<CollectionKey, object>;

/** Every row of the view. */
export async function readAll(connection: Connection, model: Model): Promise<Rows> {
  return shown(model, await connection.query(sql`SELECT * FROM ${name(model.name)}`));
}

/** Those rows of the view that there are. */
export async function readByKey(connection: Connection, model: Model, keys: readonly string[]): Promise<Rows> {
  return shown(model, await connection.query(rowsByKey(model, keys)));
}

function shown(model: Model, rows: readonly Row[]): Rows {
  return new Map(
    rows.map((row) => {
      const fields = Object.fromEntries(
        model.fields.map((field) => [field.name, decode(field, row[field.name] ?? null)]),
      );
      return [
        collectionKey(model, rowKey(model, fields)),
        {
          ...fields,
          _has_local_changes: decodeBoolean(row["_has_local_changes"] ?? null),
          _pending_write_id: row["_pending_write_id"] ?? null,
        },
      ];
    }),
  );
}
