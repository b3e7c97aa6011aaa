import { membersOf } from "../../client/json.js";
import { errorText, type Entry, type LogOperations } from "../store.js";
import { list, sql, type Connection, type Row, type Statement } from "./driver.js";

export function logOperations(connection: Connection): LogOperations {
  async function entries(condition: Statement, limit = sql``): Promise<Entry[]> {
    const rows = await connection.query(sql`
      SELECT
        id, table_name, row_key, operation, value, write_id, transaction_id, status, attempts, error, txid, sent_with,
        rejected_with
      FROM _changes
      WHERE ${condition}
      ORDER BY id${limit}
    `);
    return rows.map(entry);
  }

  return {
    pending: (after, limit) => entries(sql`status = 'pending' AND id > ${after ?? 0}`, sql` LIMIT ${limit}`),
    ofRow: (model, rowKey) => entries(sql`row_key = ${rowKey} AND table_name = ${model}`),
    // Found by the text, and then told apart by the part that it is.
    ofOwnKey: (model, ownKey) =>
      entries(sql`table_name = ${model} AND row_key LIKE ${containing(ownKey)} ESCAPE '\\'`),
    sent: (model) =>
      entries(sql`table_name = ${model} AND (status = 'acknowledged' OR (status = 'pending' AND attempts > 0))`),
    acknowledged: () => entries(sql`status = 'acknowledged'`),
    rejected: () => entries(sql`status = 'rejected'`),
    withIds: (writeIds) => entries(sql`write_id IN (${list(writeIds)}) OR rejected_with IN (${list(writeIds)})`),

    async newest() {
      const [row] = await connection.query(sql`SELECT id FROM _changes ORDER BY id DESC LIMIT 1`);
      return row?.["id"] ?? null;
    },

    async writtenAfter(id) {
      const rows = await connection.query(sql`SELECT id, table_name FROM _changes WHERE id > ${id ?? 0} ORDER BY id`);
      return rows.map((row) => ({ id: row["id"] ?? 0, model: String(row["table_name"]) }));
    },

    async unacknowledged(ids) {
      const rows = await connection.query(
        sql`SELECT id, status, error FROM _changes WHERE status <> 'acknowledged' AND id IN (${list(ids)}) ORDER BY id`,
      );
      return rows.map((row) => ({
        id: row["id"] ?? 0,
        status: text(row, "status") as Entry["status"],
        error: text(row, "error"),
      }));
    },

    async tally() {
      const [counts = {}] = await connection.query(sql`
        SELECT
          count(*) FILTER (WHERE status = 'pending') AS pending,
          count(*) FILTER (WHERE status = 'rejected') AS rejected,
          min(created_at) FILTER (WHERE status = 'pending') AS oldest
        FROM _changes
        WHERE status IN ('pending', 'rejected')
      `);
      return {
        pending: Number(counts["pending"] ?? 0),
        rejected: Number(counts["rejected"] ?? 0),
        oldestPending: text(counts, "oldest"),
      };
    },

    async markSent(writeIds, sentWith) {
      await connection.query(sql`
        UPDATE _changes
        SET attempts = attempts + 1, sent_with = ${sentWith}
        WHERE write_id IN (${list(writeIds)})
      `);
    },

    async acknowledge(writeIds, txid) {
      await connection.query(sql`
        UPDATE _changes
        SET status = 'acknowledged', txid = ${txid}
        WHERE status = 'pending' AND write_id IN (${list(writeIds)})
      `);
    },

    async reject(writeIds, rejection) {
      await connection.query(sql`
        UPDATE _changes
        SET status = 'rejected', error = ${errorText(rejection)}
        WHERE status = 'pending' AND write_id IN (${list(writeIds)})
      `);
    },

    async settle(writeIds) {
      if (writeIds.length === 0) return;
      await connection.query(sql`DELETE FROM _changes WHERE status <> 'rejected' AND write_id IN (${list(writeIds)})`);
    },

    async retry(writeId) {
      await connection.query(
        sql`UPDATE _changes SET status = 'pending' WHERE status = 'rejected' AND write_id = ${writeId}`,
      );
    },

    async discard(writeId) {
      await connection.query(
        sql`DELETE FROM _changes WHERE status = 'rejected' AND (write_id = ${writeId} OR rejected_with = ${writeId})`,
      );
    },

    async discardOnly(ids) {
      await connection.query(sql`DELETE FROM _changes WHERE status = 'rejected' AND id IN (${list(ids)})`);
    },

    async madeKey(model, temporary) {
      const [made] = await connection.query(
        sql`SELECT row_key, key FROM _made_keys WHERE table_name = ${model} AND temporary_key = ${temporary}`,
      );
      return made === undefined ? undefined : { rowKey: String(made["row_key"]), json: String(made["key"]) };
    },

    async isMadeKey(model, rowKey) {
      const made = await connection.query(
        sql`SELECT 1 FROM _made_keys WHERE table_name = ${model} AND row_key = ${rowKey} LIMIT 1`,
      );
      return made.length > 0;
    },

    // The triggers do the rest.
    async noteMadeKey(model, temporary, made) {
      await connection.query(sql`
        INSERT INTO _made_keys (table_name, temporary_key, row_key, key)
        VALUES (${model}, ${temporary}, ${made.rowKey}, ${made.json})
        ON CONFLICT DO NOTHING
      `);
    },
  };
}

/** A pattern for the JSON of lists that have this text in them. */
function containing(text: string): string {
  return `[%${JSON.stringify(text).slice(1, -1).replace(/[\\%_]/g, "\\$&")}%]`;
}

function entry(row: Row): Entry {
  return {
    id: row["id"] ?? 0,
    model: text(row, "table_name") ?? "",
    rowKey: text(row, "row_key") ?? "",
    operation: text(row, "operation") as Entry["operation"],
    members: membersOf(text(row, "value") ?? "") ?? {},
    writeId: text(row, "write_id") ?? "",
    status: text(row, "status") as Entry["status"],
    attempts: Number(row["attempts"]),
    sentWith: text(row, "sent_with"),
    transactionId: text(row, "transaction_id") ?? "",
    error: text(row, "error"),
    txid: text(row, "txid"),
    rejectedWith: text(row, "rejected_with"),
  };
}

function text(row: Row, column: string): string | null {
  const value = row[column] ?? null;
  return value === null ? null : String(value);
}
