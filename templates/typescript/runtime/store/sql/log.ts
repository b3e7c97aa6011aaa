import { membersOf, objectOf, type Members } from "../../client/json.js";
import { own } from "../../client/model.js";
import { errorText, INPUTS, stampOf, type Entry, type LogOperations, type MadeKey } from "../store.js";
import type { Dialect } from "./dialect.js";
import { joined, list, name, raw, sql, type Connection, type Row, type Statement } from "./driver.js";
import { setMeta } from "./meta.js";
import { readZoneless, zonelessJson } from "./zones.js";

/** As the index has it. */
const IS_SENT = sql`(status = 'acknowledged' OR (status = 'pending' AND attempts > 0))`;

/** Who has made an entry. One that names nobody is that of the user who is signed in. */
const USER = sql`coalesce(user_id, (SELECT m.value FROM _sync_meta AS m WHERE m.key = 'user'))`;

export function logOperations(connection: Connection, dialect: Dialect): LogOperations {
  async function entries(condition: Statement, limit = sql``): Promise<Entry[]> {
    const rows = await connection.query(sql`
      SELECT
        id, table_name, row_key, operation, value, write_id, transaction_id, status, attempts, error, txid, sent_with,
        rejected_with, created_at, ${USER} AS user_id, base, edited_at, place
      FROM _changes
      WHERE ${condition}
      ORDER BY id${limit}
    `);
    const zoneless = rows.length === 0 ? {} : await readZoneless(connection, dialect);
    return rows.map((row) => entry(row, own(zoneless, String(row["table_name"])) ?? []));
  }

  return {
    pending: (after, limit) => entries(sql`status = 'pending' AND id > ${after ?? 0}`, sql` LIMIT ${limit}`),
    ofRows: (model, rowKeys) => entries(sql`row_key IN (${list(rowKeys)}) AND table_name = ${model}`),
    // Found by the text, and then told apart by the part that it is.
    ofOwnKey: (model, ownKey) => entries(sql`table_name = ${model} AND row_key LIKE ${containing(ownKey)} ESCAPE '\\'`),
    sent: (model) => entries(sql`table_name = ${model} AND ${IS_SENT}`),
    acknowledged: () => entries(sql`${IS_SENT} AND status = 'acknowledged'`),
    rejected: () => entries(sql`status = 'rejected'`),
    // The condition is such that both databases go through the log in its order, and stop at the limit.
    queue: (limit) => entries(sql`status <> 'acknowledged'`, sql` LIMIT ${limit}`),
    async withIds(writeIds) {
      if (writeIds.length === 0) return [];
      return entries(sql`write_id IN (${list(writeIds)}) OR rejected_with IN (${list(writeIds)})`);
    },

    ofTransactions: (transactionIds) => entries(sql`transaction_id IN (${list(transactionIds)})`),

    async countUnsent(upTo) {
      const [row] = await connection.query(sql`
        SELECT count(*) AS number FROM _changes WHERE status = 'pending' AND attempts = 0 AND id <= ${upTo}
      `);
      return Number(row?.["number"] ?? 0);
    },

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

    async tally(user) {
      const [counts = {}] = await connection.query(sql`
        SELECT
          count(*) FILTER (WHERE status = 'pending') AS pending,
          count(*) FILTER (WHERE status = 'pending' AND ${USER} <> ${user ?? ""}) AS held,
          count(*) FILTER (WHERE status = 'rejected') AS rejected,
          min(created_at) FILTER (WHERE status = 'pending') AS oldest
        FROM _changes
        WHERE status IN ('pending', 'rejected')
      `);
      return {
        pending: Number(counts["pending"] ?? 0),
        held: Number(counts["held"] ?? 0),
        rejected: Number(counts["rejected"] ?? 0),
        oldestPending: text(counts, "oldest"),
      };
    },

    async beginGroup() {
      await connection.query(dialect.beginGroup(crypto.randomUUID()));
    },

    async markSent(writes) {
      const writeIds = writes.flatMap((write) => write.writeIds);
      const sets = writes.filter((write) => write.writeIds.some((writeId) => writeId !== write.writeId));
      await connection.query(sql`
        UPDATE _changes
        SET attempts = attempts + 1, error = NULL, sent_with = ${choice(sets, ({ writeId }) => writeId, sql`write_id`)}
        WHERE write_id IN (${list(writeIds)})
      `);
    },

    async noteFailures(failures) {
      for (const { writeIds, failure } of failures) {
        await connection.query(sql`
          UPDATE _changes
          SET error = ${errorText(failure)}
          WHERE status = 'pending' AND write_id IN (${list(writeIds)})
        `);
      }
    },

    async unmarkSent(writeIds) {
      await connection.query(sql`
        UPDATE _changes
        SET attempts = attempts - 1, sent_with = CASE WHEN attempts > 1 THEN sent_with END
        WHERE status = 'pending' AND attempts > 0 AND write_id IN (${list(writeIds)})
      `);
    },

    async acknowledge(writes) {
      const writeIds = writes.flatMap((write) => write.writeIds);
      await connection.query(sql`
        UPDATE _changes
        SET
          status = 'acknowledged',
          txid = ${choice(writes, ({ txid }) => txid, sql`NULL`)},
          place = ${choice(writes, ({ place = null }) => place, sql`NULL`)}
        WHERE status = 'pending' AND write_id IN (${list(writeIds)})
      `);
      // Whatever the models have now: older code may have written them.
      await connection.query(sql`
        UPDATE ${name(dialect.logTable)}
        SET value = ${dialect.withoutInputs}
        WHERE status = 'acknowledged' AND ${dialect.hasInputs} AND write_id IN (${list(writeIds)})
      `);
    },

    async reject(writeIds, rejection) {
      await connection.query(sql`
        UPDATE _changes
        SET status = 'rejected', error = ${errorText(rejection)}
        WHERE status = 'pending' AND write_id IN (${list(writeIds)})
      `);
    },

    async rejectTogether(writeId, rejection, others, ofOthers) {
      if (others.length > 0) {
        await connection.query(sql`
          UPDATE _changes
          SET status = 'rejected', error = ${errorText(ofOthers)}, rejected_with = ${writeId}
          WHERE status = 'pending' AND write_id IN (${list(others)})
        `);
      }
      await connection.query(sql`
        UPDATE _changes
        SET status = 'rejected', error = ${errorText(rejection)}
        WHERE status = 'pending' AND write_id = ${writeId}
      `);
    },

    async stamp(models, { milliseconds, counter }, base) {
      const log = name(dialect.logTable);
      const least = raw(String(milliseconds));
      const unsaid = sql`edited_at IS NULL AND status = 'pending' AND table_name IN (${list(models)})`;
      const stamped = await connection.query(sql`
        UPDATE ${log}
        SET edited_at = s.edited_at, base = ${base}
        FROM (
          SELECT c.id, CASE WHEN c.time > ${least} THEN c.time ELSE ${least} END || '.' || c.number AS edited_at
          FROM (
            SELECT
              id,
              max(${dialect.milliseconds(sql`created_at`)}) OVER (ORDER BY id) AS time,
              ${raw(String(counter))} + row_number() OVER (ORDER BY id) AS number
            FROM ${log}
            WHERE ${unsaid}
          ) AS c
        ) AS s
        WHERE ${log}.id = s.id
        RETURNING ${log}.edited_at
      `);
      const stamps = stamped.map((row) => stampOf(text(row, "edited_at") ?? ""));
      return stamps.sort((one, other) => one.counter - other.counter).at(-1);
    },

    async separate(transactionId) {
      await connection.query(sql`
        UPDATE ${name(dialect.logTable)}
        SET transaction_id = write_id
        WHERE status = 'pending' AND transaction_id = ${transactionId}
      `);
    },

    async postpone({ writeId, inputs }, members, others) {
      const log = name(dialect.logTable);
      if (others !== undefined) {
        await connection.query(sql`
          INSERT INTO ${log} (table_name, row_key, operation, value, transaction_id, created_at, user_id)
          SELECT
            table_name, row_key, 'update', ${dialect.logValue(objectOf(others))}, transaction_id, created_at, user_id
          FROM ${log}
          WHERE write_id = ${writeId}
        `);
      }
      const rest = Object.keys(inputs).length === 0 ? members : { ...members, [INPUTS]: objectOf(inputs) };
      // Folds both.
      await connection.query(
        sql`UPDATE _changes SET value = ${dialect.logValue(objectOf(rest))} WHERE write_id = ${writeId}`,
      );
    },

    async reopen(writeIds) {
      if (writeIds.length === 0) return;
      await connection.query(sql`
        UPDATE _changes
        SET status = 'pending', place = NULL
        WHERE status = 'acknowledged' AND write_id IN (${list(writeIds)})
      `);
    },

    async settle(writeIds) {
      if (writeIds.length === 0) return;
      await connection.query(sql`DELETE FROM _changes WHERE status <> 'rejected' AND write_id IN (${list(writeIds)})`);
    },

    async retry(writeId) {
      await connection.query(sql`UPDATE _changes SET status = 'pending' WHERE ${rejectedWith(writeId)}`);
    },

    async discard(writeId) {
      await connection.query(sql`DELETE FROM _changes WHERE ${rejectedWith(writeId)}`);
    },

    async discardOnly(ids) {
      await connection.query(sql`DELETE FROM _changes WHERE status = 'rejected' AND id IN (${list(ids)})`);
    },

    async signIn(user) {
      const [row] = await connection.query(sql`SELECT value FROM _sync_meta WHERE key = 'user'`);
      const before = text(row ?? {}, "value");
      if (before === user) return;
      if (before !== null) {
        await connection.query(sql`UPDATE ${name(dialect.logTable)} SET user_id = ${before} WHERE user_id IS NULL`);
      }
      await setMeta(connection, "user", user);
    },

    async madeKeys(model, temporary) {
      const made = await connection.query(sql`
        SELECT temporary_key, row_key, key
        FROM _made_keys
        WHERE table_name = ${model} AND temporary_key IN (${list(temporary)})
      `);
      return new Map(
        made.map((row): [string, MadeKey] => [
          String(row["temporary_key"]),
          { rowKey: String(row["row_key"]), json: String(row["key"]) },
        ]),
      );
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

/** A rejected entry, and all that were rejected with it. */
function rejectedWith(writeId: string): Statement {
  const first = sql`SELECT coalesce(f.rejected_with, f.write_id) FROM _changes AS f WHERE f.write_id = ${writeId}`;
  return sql`status = 'rejected' AND coalesce(rejected_with, write_id) IN (${first})`;
}

/** What an entry gets from the write that it goes out with. */
function choice<T extends { readonly writeIds: readonly string[] }>(
  writes: readonly T[],
  valueOf: (write: T) => string | null,
  otherwise: Statement,
): Statement {
  const cases = writes.flatMap((write) => {
    const value = valueOf(write);
    return value === null ? [] : [sql` WHEN write_id IN (${list(write.writeIds)}) THEN ${value}`];
  });
  return cases.length === 0 ? otherwise : sql`CASE${joined("", cases)} ELSE ${otherwise} END`;
}

/** A pattern for the JSON of lists that have this text in them. */
function containing(text: string): string {
  return `[%${JSON.stringify(text)
    .slice(1, -1)
    .replace(/[\\%_]/g, "\\$&")}%]`;
}

/** `zoneless`: columns whose times the server has without a zone. */
function entry(row: Row, zoneless: readonly string[]): Entry {
  let value: Members | undefined;
  let members: Members | undefined;
  // Of most entries only the rest is needed.
  const whole = () => (value ??= membersOf(text(row, "value") ?? "") ?? {});
  return {
    id: row["id"] ?? 0,
    model: text(row, "table_name") ?? "",
    rowKey: text(row, "row_key") ?? "",
    operation: text(row, "operation") as Entry["operation"],
    get members() {
      members ??= Object.fromEntries(
        Object.entries(whole())
          .filter(([column]) => column !== INPUTS)
          .map(([column, json]) => [column, zoneless.includes(column) ? zonelessJson(json) : json]),
      );
      return members;
    },
    get inputs() {
      return membersOf(whole()[INPUTS] ?? "") ?? {};
    },
    writeId: text(row, "write_id") ?? "",
    status: text(row, "status") as Entry["status"],
    attempts: Number(row["attempts"]),
    sentWith: text(row, "sent_with"),
    transactionId: text(row, "transaction_id") ?? "",
    error: text(row, "error"),
    txid: text(row, "txid"),
    rejectedWith: text(row, "rejected_with"),
    at: text(row, "created_at") ?? "",
    user: text(row, "user_id"),
    base: text(row, "base"),
    editedAt: text(row, "edited_at"),
    place: text(row, "place"),
  };
}

function text(row: Row, column: string): string | null {
  const value = row[column] ?? null;
  return value === null ? null : String(value);
}
