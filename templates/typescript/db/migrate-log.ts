import { models } from "../schema/index.js";
import { carry, type Carried, type Former } from "./carry.js";
import { LOG_TABLE, logValue } from "./dialect.js";
import { name, sql, type Connection, type Row, type Statement, type Value } from "./driver.js";
import type { Entry } from "./log.js";
import type { Model } from "./model.js";
import { actionFor } from "./outgoing.js";
import { membersOf, objectOf, textOf, type Members } from "./raw-json.js";

const LOG = name(LOG_TABLE);

/** Stands in front of the model's name in entries that are aside. */
const ASIDE = "?";

/** Keys whose text form is what their JSON says. */
const PLAIN = new Set(["text", "uuid", "int32", "int64", "date"]);

/**
 * Brings what the entries say into the terms of the new schema. What they say of a column that is gone, or that can't
 * hold its value any more, becomes an entry of its own, which is rejected; the rest of the entry goes on as it was.
 * `former`: what the models were.
 */
export async function carryEntries(connection: Connection, former: Readonly<Record<string, Former>>): Promise<void> {
  const entries = await connection.query(sql`
    SELECT id, table_name, row_key, operation, value, status FROM ${LOG} ORDER BY id
  `);
  for (const entry of entries) {
    const model = models.find(({ name }) => name === entry["table_name"]);
    const statements = changesTo(entry, model, former[String(entry["table_name"])]);
    for (const statement of statements) await connection.query(statement);
  }
}

function changesTo(entry: Row, model: Model | undefined, former: Former | undefined): Statement[] {
  const { id = null, row_key, status } = entry;
  const before = membersOf(String(entry["value"])) ?? {};
  const operation = String(entry["operation"]) as Entry["operation"];
  // What the server has taken is done, be it shown or not.
  const isTaken = status === "acknowledged";
  const isSendable = isTaken || model === undefined || actionFor(model, operation) !== undefined;
  const { kept, lost, reason } = isSendable ? carry(model, former, operation, before) : unsendable(operation, before);
  const error = rejection(`${String(entry["table_name"])}: ${reason}`);
  if (model === undefined || kept === undefined) {
    if (isTaken) return [sql`DELETE FROM ${LOG} WHERE id = ${id}`];
    return status === "rejected" ? [] : rejected(id, operation, error);
  }

  const statements: Statement[] = [];
  const isSplit = Object.keys(lost).length > 0;
  if (isSplit && !isTaken) {
    const key = Object.fromEntries(model.key.map((column) => [column, kept[column] ?? "null"]));
    statements.push(rejectedPart(id, { ...key, ...lost }, error));
  }
  const rowKey = keyOf(model, kept) ?? String(row_key);
  if (isSplit || rowKey !== row_key || Object.entries(kept).some(([column, json]) => before[column] !== json)) {
    statements.push(sql`UPDATE ${LOG} SET value = ${logValue(objectOf(kept))}, row_key = ${rowKey} WHERE id = ${id}`);
  }
  return statements;
}

function unsendable(operation: string, members: Members): Carried {
  return { kept: undefined, lost: members, reason: `the API has no ${operation} any more` };
}

/** A row that is never made takes along what was written to it. */
function rejected(id: Value, operation: string, error: string): Statement[] {
  const statements = [sql`UPDATE ${LOG} SET status = 'rejected', error = ${error} WHERE id = ${id}`];
  if (operation === "insert") {
    statements.push(sql`
      UPDATE ${LOG} AS c
      SET status = 'rejected', error = ${error}, rejected_with = i.write_id
      FROM ${LOG} AS i
      WHERE i.id = ${id} AND c.table_name = i.table_name AND c.row_key = i.row_key AND c.id > i.id
        AND c.status = 'pending'
    `);
  }
  return statements;
}

function rejectedPart(id: Value, members: Members, error: string): Statement {
  return sql`
    INSERT INTO ${LOG} (table_name, row_key, operation, value, transaction_id, created_at, status, error)
    SELECT c.table_name, c.row_key, 'update', ${logValue(objectOf(members))}, c.transaction_id, c.created_at,
      'rejected', ${error}
    FROM ${LOG} AS c
    WHERE c.id = ${id}
  `;
}

function rejection(message: string): string {
  return JSON.stringify({ status: null, message, body: "" });
}

/** The text form of the key; undefined where the database has its own for one of the types. */
function keyOf(model: Model, members: Members): string | undefined {
  const fields = model.fields.filter((field) => model.key.includes(field.name));
  if (!fields.every((field) => PLAIN.has(field.type))) return undefined;
  const parts = model.key.map((column) => members[column] ?? "null");
  return parts.length === 1 ? textOf(parts[0] ?? "null") : `[${parts.join(",")}]`;
}

/** Hides the entries while the schema is made: whatever they say, it will be there. */
export async function setEntriesAside(connection: Connection): Promise<void> {
  await connection.query(sql`UPDATE ${LOG} SET table_name = ${ASIDE} || table_name WHERE status <> 'rejected'`);
}

/** Folds the entries in the new schema. Where the database refuses those of a row, they are rejected. */
export async function restoreEntries(connection: Connection): Promise<void> {
  try {
    await attempt(connection, sql`substr(table_name, 1, 1) = ${ASIDE}`);
  } catch {
    const rows = await connection.query(sql`
      SELECT DISTINCT table_name, row_key FROM ${LOG} WHERE substr(table_name, 1, 1) = ${ASIDE}
    `);
    for (const { table_name = null, row_key = null } of rows) {
      const ofRow = sql`table_name = ${table_name} AND row_key = ${row_key}`;
      try {
        await attempt(connection, ofRow);
      } catch (error) {
        const reason = rejection(error instanceof Error ? error.message : String(error));
        await connection.query(sql`DELETE FROM ${LOG} WHERE ${ofRow} AND status = 'acknowledged'`);
        await connection.query(sql`
          UPDATE ${LOG} SET table_name = substr(table_name, 2), status = 'rejected', error = ${reason} WHERE ${ofRow}
        `);
      }
    }
  }
}

/** Through the view or table that folds. */
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
