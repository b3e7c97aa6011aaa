import { models } from "../../../schema/index.js";
import { membersOf, messageOf, objectOf, type Members } from "../../client/json.js";
import type { Model } from "../../client/model.js";
import { fateOf, type FormerModel } from "../convert-entry.js";
import { errorText, INPUTS, type Entry } from "../store.js";
import type { Dialect } from "./dialect.js";
import { name, sql, type Connection, type Row, type Statement, type Value } from "./driver.js";

/** The prefix that a model's name has in hidden entries. */
const HIDDEN = "?";

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
  row: Row,
  model: Model | undefined,
  former: FormerModel | undefined,
): Statement[] {
  const log = name(dialect.logTable);
  const { id = null } = row;
  const operation = String(row["operation"]) as Entry["operation"];
  const status = String(row["status"]) as Entry["status"];
  const { [INPUTS]: given = "{}", ...members } = membersOf(String(row["value"])) ?? {};
  const inputs = membersOf(given) ?? {};
  const entry = { model: String(row["table_name"]), rowKey: String(row["row_key"]), operation, members, inputs, status };
  const fate = fateOf(entry, model, former);
  switch (fate.kind) {
    case "stays":
      return [];
    case "goes":
      return [sql`DELETE FROM ${log} WHERE id = ${id}`];
    case "rejected":
      return rejected(log, id, operation, fate.error);
    case "changes": {
      const { lost, rowKey } = fate;
      const hasInputs = Object.keys(fate.inputs).length > 0;
      const value = dialect.logValue(
        objectOf({ ...fate.members, ...(hasInputs && { [INPUTS]: objectOf(fate.inputs) }) }),
      );
      const change = sql`UPDATE ${log} SET value = ${value}, row_key = ${rowKey} WHERE id = ${id}`;
      return lost === undefined ? [change] : [rejectedPart(dialect, id, lost.members, lost.error), change];
    }
  }
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
