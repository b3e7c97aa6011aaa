import { models } from "../../../schema/index.js";
import { membersOf, messageOf, objectOf, textOf, type Members } from "../../client/json.js";
import { actionFor, fieldOf, type Model } from "../../client/model.js";
import { convert, type Converted, type FormerModel } from "../convert-entry.js";
import { errorText, type Entry } from "../store.js";
import type { Dialect } from "./dialect.js";
import { name, sql, type Connection, type Row, type Statement, type Value } from "./driver.js";

/** The prefix that a model's name has in hidden entries. */
const HIDDEN = "?";

/** Types of keys whose text form is that of their JSON. */
const PLAIN = new Set(["text", "uuid", "int32", "int64", "date"]);

/**
 * Converts the entries to the new schema. Members of a column that is gone, or that can't hold the value any more, are
 * moved to a new entry, which is rejected; the rest of the entry stays as it was. `former`: the models before.
 */
export async function convertEntries(
  connection: Connection,
  dialect: Dialect,
  former: Readonly<Record<string, FormerModel>>,
): Promise<void> {
  const entries = await connection.query(sql`
    SELECT id, table_name, row_key, operation, value, status FROM ${name(dialect.logTable)} ORDER BY id
  `);
  for (const entry of entries) {
    const model = models.find(({ name }) => name === entry["table_name"]);
    const statements = changesTo(dialect, entry, model, former[String(entry["table_name"])]);
    for (const statement of statements) await connection.query(statement);
  }
}

function changesTo(
  dialect: Dialect,
  entry: Row,
  model: Model | undefined,
  former: FormerModel | undefined,
): Statement[] {
  const log = name(dialect.logTable);
  const { id = null, row_key, status } = entry;
  const before = membersOf(String(entry["value"])) ?? {};
  const operation = String(entry["operation"]) as Entry["operation"];
  // The server has taken it, so there is nothing to send, whether its rows show it already or not.
  const isTaken = status === "acknowledged";
  const isSendable = isTaken || model === undefined || actionFor(model, operation) !== undefined;
  const { kept, lost, reason } = isSendable ? convert(model, former, operation, before) : unsendable(operation, before);
  const error = rejection(`${String(entry["table_name"])}: ${reason}`);
  if (model === undefined || kept === undefined) {
    if (isTaken) return [sql`DELETE FROM ${log} WHERE id = ${id}`];
    return status === "rejected" ? [] : rejected(log, id, operation, error);
  }

  const statements: Statement[] = [];
  const isSplit = Object.keys(lost).length > 0;
  if (isSplit && !isTaken) {
    const key = Object.fromEntries(model.key.map((column) => [column, kept[column] ?? "null"]));
    statements.push(rejectedPart(dialect, id, { ...key, ...lost }, error));
  }
  const rowKey = plainKey(model, kept) ?? String(row_key);
  if (isSplit || rowKey !== row_key || Object.entries(kept).some(([column, json]) => before[column] !== json)) {
    statements.push(
      sql`UPDATE ${log} SET value = ${dialect.logValue(objectOf(kept))}, row_key = ${rowKey} WHERE id = ${id}`,
    );
  }
  return statements;
}

function unsendable(operation: string, members: Members): Converted {
  return { kept: undefined, lost: members, reason: `the API has no ${operation} any more` };
}

/** Rejects the entries of a row whose insert was rejected. */
function rejected(log: Statement, id: Value, operation: string, error: string): Statement[] {
  const statements = [sql`UPDATE ${log} SET status = 'rejected', error = ${error} WHERE id = ${id}`];
  if (operation === "insert") {
    statements.push(sql`
      UPDATE ${log} AS c
      SET status = 'rejected', error = ${error}, rejected_with = i.write_id
      FROM ${log} AS i
      WHERE i.id = ${id} AND c.table_name = i.table_name AND c.row_key = i.row_key AND c.id > i.id
        AND c.status = 'pending'
    `);
  }
  return statements;
}

function rejectedPart(dialect: Dialect, id: Value, members: Members, error: string): Statement {
  const log = name(dialect.logTable);
  return sql`
    INSERT INTO ${log} (table_name, row_key, operation, value, transaction_id, created_at, user_id, status, error)
    SELECT c.table_name, c.row_key, 'update', ${dialect.logValue(objectOf(members))}, c.transaction_id, c.created_at,
      c.user_id, 'rejected', ${error}
    FROM ${log} AS c
    WHERE c.id = ${id}
  `;
}

function rejection(message: string): string {
  return errorText({ status: null, message, body: "" });
}

/** The text form of the key; undefined if a part has a type for which the database has its own form. */
function plainKey(model: Model, members: Members): string | undefined {
  if (!model.key.every((column) => PLAIN.has(fieldOf(model, column)?.type ?? ""))) return undefined;
  const parts = model.key.map((column) => members[column] ?? "null");
  return parts.length === 1 ? textOf(parts[0] ?? "null") : `[${parts.join(",")}]`;
}

/** Hides the entries while the schema is made, so that none of them can make that fail. */
export async function hideEntries(connection: Connection, dialect: Dialect): Promise<void> {
  const log = name(dialect.logTable);
  await connection.query(sql`UPDATE ${log} SET table_name = ${HIDDEN} || table_name WHERE status <> 'rejected'`);
}

/** Folds the entries in the new schema. Where the database refuses those of a row, they are rejected. */
export async function restoreEntries(connection: Connection, dialect: Dialect): Promise<void> {
  const log = name(dialect.logTable);
  try {
    await attempt(connection, sql`substr(table_name, 1, 1) = ${HIDDEN}`);
  } catch {
    const rows = await connection.query(sql`
      SELECT DISTINCT table_name, row_key FROM ${log} WHERE substr(table_name, 1, 1) = ${HIDDEN}
    `);
    for (const { table_name = null, row_key = null } of rows) {
      const ofRow = sql`table_name = ${table_name} AND row_key = ${row_key}`;
      try {
        await attempt(connection, ofRow);
      } catch (error) {
        const reason = rejection(messageOf(error));
        await connection.query(sql`DELETE FROM ${log} WHERE ${ofRow} AND status = 'acknowledged'`);
        await connection.query(sql`
          UPDATE ${log} SET table_name = substr(table_name, 2), status = 'rejected', error = ${reason} WHERE ${ofRow}
        `);
      }
    }
  }
}

/** Writes through the view or table whose trigger folds the entries. */
async function attempt(connection: Connection, condition: Statement): Promise<void> {
  await connection.exec("SAVEPOINT restored");
  try {
    await connection.query(sql`UPDATE _changes SET table_name = substr(table_name, 2) WHERE ${condition}`);
  } catch (error) {
    await connection.exec("ROLLBACK TO restored");
    throw error;
  } finally {
    await connection.exec("RELEASE restored");
  }
}
