import type { ChangedKeys } from "../store.js";
import { sql, type Connection } from "./driver.js";
import { setMeta } from "./meta.js";

export function changedKeys(connection: Connection): ChangedKeys {
  async function newest(): Promise<number> {
    const [row] = await connection.query(sql`SELECT max(seq) AS seq FROM _changed_keys`);
    return Number(row?.["seq"] ?? 0);
  }

  return {
    newest,

    async mark() {
      const number = await newest();
      return () => number;
    },

    // In one statement, because a user waits for it.
    async since(position, limit) {
      const found = await connection.query(sql`
        SELECT e.pruned_to, e.last, k.seq, k.table_name, k.row_key
        FROM (
          SELECT
            (SELECT m.value FROM _sync_meta AS m WHERE m.key = 'feed_pruned_to') AS pruned_to,
            (SELECT max(c.seq) FROM _changed_keys AS c) AS last
        ) AS e
        LEFT JOIN _changed_keys AS k ON k.seq > ${position} AND e.last - ${position} <= ${limit}
        ORDER BY k.seq
      `);
      const [first = {}] = found;
      return {
        forgottenTo: Number(first["pruned_to"] ?? 0),
        newest: Number(first["last"] ?? 0),
        changes: found
          .filter(({ seq }) => seq != null)
          .map(({ table_name, row_key }) => ({
            model: String(table_name),
            rowKey: row_key == null ? null : String(row_key),
          })),
      };
    },

    async forget(upTo) {
      await connection.query(sql`DELETE FROM _changed_keys WHERE seq <= ${upTo}`);
      await setMeta(connection, "feed_pruned_to", String(upTo));
    },
  };
}
