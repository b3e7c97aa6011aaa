import { Problem } from "./problem.js";

/** @typedef {import("./database.js").Database} Database */
/** @typedef {import("./database.js").Transaction} Transaction */

/** @typedef {Record<string, unknown>} Row */

// Names of tables and columns come from models.js, and never from a request.

/**
 * A page of rows, the oldest first, and how many there are in all.
 * @param {Database} database
 * @param {string} table
 * @param {URLSearchParams} query
 */
export async function list(database, table, query) {
  const limit = number(query, "limit", 1, 500, 100);
  const offset = number(query, "offset", 0, Number.MAX_SAFE_INTEGER, 0);
  return database.transaction(async (transaction) => {
    const items = `SELECT * FROM ${table} ORDER BY created_at, id LIMIT $1 OFFSET $2`;
    const { rows } = await transaction.query(items, [limit, offset]);
    const counted = await transaction.query(`SELECT count(*)::integer AS total FROM ${table}`);
    return { items: rows, .../** @type {{ total: number }} */ (counted.rows[0]) };
  });
}

/**
 * @param {Database} database
 * @param {string} table
 * @param {string} id
 */
export async function read(database, table, id) {
  return one(await database.query(`SELECT * FROM ${table} WHERE id = $1`, [id]));
}

/**
 * @param {Transaction} transaction
 * @param {string} table
 * @param {Row} values
 */
export async function insert(transaction, table, values) {
  const names = Object.keys(values);
  const places = names.map((_, index) => `$${index + 1}`);
  const statement = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${places.join(", ")}) RETURNING *`;
  return one(await transaction.query(statement, Object.values(values)));
}

/**
 * @param {Transaction} transaction
 * @param {string} table
 * @param {string} id
 * @param {Row} changes
 */
export async function update(transaction, table, id, changes) {
  const assignments = Object.keys(changes).map((name, index) => `${name} = $${index + 2}`);
  const all = [...assignments, "updated_at = clock_timestamp()"].join(", ");
  return one(
    await transaction.query(`UPDATE ${table} SET ${all} WHERE id = $1 RETURNING *`, [id, ...Object.values(changes)]),
  );
}

/**
 * @param {Transaction} transaction
 * @param {string} table
 * @param {string} id
 */
export async function remove(transaction, table, id) {
  one(await transaction.query(`DELETE FROM ${table} WHERE id = $1 RETURNING id`, [id]));
}

/** @param {{ rows: unknown[] }} result */
function one({ rows: [row] }) {
  if (row === undefined) throw new Problem(404, "It doesn't exist, or has been deleted.");
  return /** @type {Row} */ (row);
}

/**
 * A number of the query string.
 * @param {URLSearchParams} query
 * @param {string} name
 * @param {number} smallest
 * @param {number} largest
 * @param {number} usual
 */
function number(query, name, smallest, largest, usual) {
  const value = Number(query.get(name) ?? usual);
  if (Number.isInteger(value) && value >= smallest && value <= largest) return value;
  throw new Problem(422, `${name} has to be a number from ${smallest} to ${largest}.`);
}
