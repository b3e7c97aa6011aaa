import type { RejectedChange } from "./config.js";
import { joined, sql, type Connection, type Row, type Statement, type Value } from "./driver.js";
import { membersOf, objectOf, parsed, textOf, type Members } from "./raw-json.js";
import type { Rejection } from "./rejected.js";

/** An entry of `_changes`: one local write. */
export interface Entry {
  /** Ascending: the order of writing. */
  readonly id: Value;
  readonly model: string;
  readonly rowKey: string;
  readonly operation: "insert" | "update" | "delete";
  /** The key, and what the write sets, each as JSON text. */
  readonly members: Members;
  readonly writeId: string;
  readonly status: "pending" | "acknowledged" | "rejected";
  readonly attempts: number;
  /** The newest write_id of those that went out together; null before that. */
  readonly sentWith: string | null;
  readonly transactionId: string;
  readonly error: string | null;
  readonly txid: string | null;
  readonly rejectedWith: string | null;
}

/** What a rejected entry says of the reason in `error`. */
export function rejectionOf(error: Value): Rejection {
  const text = error === null ? "" : String(error);
  const said = membersOf(text);
  if (said === undefined) return { status: null, message: text, body: "" };
  const status = parsed(said["status"] ?? "null");
  return {
    status: typeof status === "number" ? status : null,
    message: textOf(said["message"] ?? '""'),
    body: textOf(said["body"] ?? '""'),
  };
}

/** In the order of the log; those after the entry `after`, so many at most. */
export async function pendingEntries(connection: Connection, after: Value, limit: number): Promise<Entry[]> {
  return entries(connection, sql`status = 'pending' AND id > ${after}`, sql` LIMIT ${limit}`);
}

/** Of one row, settled ones left out since they are gone. */
export async function entriesOfRow(connection: Connection, model: string, rowKey: string): Promise<Entry[]> {
  return entries(connection, sql`row_key = ${rowKey} AND table_name = ${model}`);
}

/** What has been sent and isn't settled yet. */
export async function sentEntries(connection: Connection, model: string): Promise<Entry[]> {
  return entries(
    connection,
    sql`table_name = ${model} AND (status = 'acknowledged' OR (status = 'pending' AND attempts > 0))`,
  );
}

/** What the server has taken and has not shown yet. */
export async function acknowledgedEntries(connection: Connection): Promise<Entry[]> {
  return entries(connection, sql`status = 'acknowledged'`);
}

/** The entries with these write ids, and those that were rejected with one of them. */
export async function entriesWith(connection: Connection, writeIds: readonly string[]): Promise<Entry[]> {
  return entries(connection, sql`write_id IN (${list(writeIds)}) OR rejected_with IN (${list(writeIds)})`);
}

export async function rejectedChanges(connection: Connection): Promise<RejectedChange[]> {
  return (await entries(connection, sql`status = 'rejected'`)).map(rejectedChange);
}

export function rejectedChange(entry: Entry): RejectedChange {
  const { model, operation, rowKey, writeId } = entry;
  const { status, message } = rejectionOf(entry.error);
  return { model, operation, rowKey, writeId, status, message };
}

export interface Tally {
  readonly pending: number;
  readonly oldestPending: Value;
  readonly rejected: number;
}

export async function tally(connection: Connection): Promise<Tally> {
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
    oldestPending: counts["oldest"] ?? null,
  };
}

/** To be committed before the request leaves: from then on the server may have seen it. */
export async function markSent(connection: Connection, writeIds: readonly string[], sentWith: string): Promise<void> {
  await connection.query(sql`
    UPDATE _changes
    SET attempts = attempts + 1, sent_with = ${sentWith}
    WHERE write_id IN (${list(writeIds)})
  `);
}

export async function acknowledge(
  connection: Connection,
  writeIds: readonly string[],
  txid: string | null,
): Promise<void> {
  await connection.query(sql`
    UPDATE _changes
    SET status = 'acknowledged', txid = ${txid}
    WHERE status = 'pending' AND write_id IN (${list(writeIds)})
  `);
}

export async function reject(connection: Connection, writeIds: readonly string[], rejection: Rejection): Promise<void> {
  const error = objectOf({
    status: String(rejection.status),
    message: JSON.stringify(rejection.message),
    body: JSON.stringify(rejection.body),
  });
  await connection.query(sql`
    UPDATE _changes
    SET status = 'rejected', error = ${error}
    WHERE status = 'pending' AND write_id IN (${list(writeIds)})
  `);
}

/** Takes entries out of the log: the server's rows show them. */
export async function settle(connection: Connection, writeIds: readonly string[]): Promise<void> {
  if (writeIds.length === 0) return;
  await connection.query(sql`DELETE FROM _changes WHERE status <> 'rejected' AND write_id IN (${list(writeIds)})`);
}

export async function retry(connection: Connection, writeId: string): Promise<void> {
  await connection.query(
    sql`UPDATE _changes SET status = 'pending' WHERE status = 'rejected' AND write_id = ${writeId}`,
  );
}

/** With an insert goes what was rejected along with it. */
export async function discard(connection: Connection, writeId: string): Promise<void> {
  await connection.query(
    sql`DELETE FROM _changes WHERE status = 'rejected' AND (write_id = ${writeId} OR rejected_with = ${writeId})`,
  );
}

/** The key that the server has made for a row, as JSON text. */
export async function madeKey(connection: Connection, model: string, rowKey: string): Promise<string | undefined> {
  const [made] = await connection.query(
    sql`SELECT key FROM _made_keys WHERE table_name = ${model} AND temporary_key = ${rowKey}`,
  );
  return made === undefined ? undefined : String(made["key"]);
}

/** Whether the server is known to call a row by this key, where it makes the keys. */
export async function isMadeKey(connection: Connection, model: string, rowKey: string): Promise<boolean> {
  const made = await connection.query(
    sql`SELECT 1 FROM _made_keys WHERE table_name = ${model} AND row_key = ${rowKey} LIMIT 1`,
  );
  return made.length > 0;
}

/** The database's triggers give the key to the row's entries, and to those that refer to it. */
export async function noteMadeKey(
  connection: Connection,
  model: string,
  made: { readonly temporary: string; readonly rowKey: string; readonly key: string },
): Promise<void> {
  await connection.query(sql`
    INSERT INTO _made_keys (table_name, temporary_key, row_key, key)
    VALUES (${model}, ${made.temporary}, ${made.rowKey}, ${made.key})
    ON CONFLICT DO NOTHING
  `);
}

export function list(values: readonly Value[]): Statement {
  return joined(
    ", ",
    values.map((value) => sql`${value}`),
  );
}

async function entries(connection: Connection, condition: Statement, limit = sql``): Promise<Entry[]> {
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

function entry(row: Row): Entry {
  return {
    id: row["id"] ?? null,
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
