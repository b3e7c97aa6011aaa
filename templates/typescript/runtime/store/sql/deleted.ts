import { membersOf, objectOf } from "../../client/json.js";
import { isoTimestamp } from "../../client/values.js";
import type { DeletedRow, DeletedRows } from "../store.js";
import type { Dialect } from "./dialect.js";
import { commas, list, sql, type Connection } from "./driver.js";

/** How many rows one statement takes. */
const AT_ONCE = 500;

export function deletedRows(connection: Connection, dialect: Dialect): DeletedRows {
  async function inParts<T>(all: readonly T[], work: (some: readonly T[]) => Promise<unknown>): Promise<void> {
    for (let start = 0; start < all.length; start += AT_ONCE) await work(all.slice(start, start + AT_ONCE));
  }

  return {
    async all(model) {
      const rows = await connection.query(sql`
        SELECT row_key, CAST(value AS TEXT) AS value, deleted_at, device_id, scope, version
        FROM _deleted_rows
        WHERE table_name = ${model.name}
      `);
      return rows.map(({ row_key, value, deleted_at, device_id = null, scope, version }): DeletedRow => {
        return {
          rowKey: String(row_key),
          members: membersOf(String(value)) ?? {},
          at: isoTimestamp(String(deleted_at)),
          device: device_id === null ? null : String(device_id),
          scope: String(scope),
          version: String(version),
        };
      });
    },

    async isEmpty(model) {
      const rows = await connection.query(sql`SELECT 1 FROM _deleted_rows WHERE table_name = ${model.name} LIMIT 1`);
      return rows.length === 0;
    },

    put: (model, rows) =>
      inParts(rows, (some) => {
        const values = some.map(({ rowKey, members, at, device, scope, version }) => {
          const value = dialect.logValue(objectOf(members));
          return sql`(${model.name}, ${rowKey}, ${value}, ${at}, ${device}, ${scope}, ${version})`;
        });
        return connection.query(sql`
          INSERT INTO _deleted_rows (table_name, row_key, value, deleted_at, device_id, scope, version)
          VALUES ${commas(values)}
          ON CONFLICT (table_name, row_key) DO UPDATE
          SET
            value = excluded.value, deleted_at = excluded.deleted_at, device_id = excluded.device_id,
            scope = excluded.scope, version = excluded.version
        `);
      }),

    remove: (model, rowKeys) =>
      inParts(rowKeys, (some) =>
        connection.query(
          sql`DELETE FROM _deleted_rows WHERE table_name = ${model.name} AND row_key IN (${list(some)})`,
        ),
      ),

    async clear(model) {
      await connection.query(sql`DELETE FROM _deleted_rows WHERE table_name = ${model.name}`);
    },
  };
}
