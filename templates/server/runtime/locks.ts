import type { Step } from "./changes.js";
import { textArray, type Query } from "./database.js";
import type { Item } from "./items.js";
import { scopesOf, type User } from "./server.js";
import { headsOf, type Head, type Heads } from "./versions.js";

/** Locks the scopes that the changes write to: those that they name, and those where their rows are now. */
export async function lockScopes(query: Query, user: User, items: readonly Item[]): Promise<Map<string, Head>> {
  const steps = items.flatMap(({ step }) => step ?? []);
  if (steps.length === 0) return new Map();
  const named = new Set(steps.flatMap(({ scope }) => scope ?? []));
  // The key of an insert is nowhere yet, unless a row that is only marked as deleted has it.
  const there = steps.filter(({ operation, model }) => operation !== "insert" || model.softDelete !== undefined);
  const [row] = await query(
    `SELECT sync_lock(${textArray("$1")} || ARRAY(
      SELECT DISTINCT r.scope FROM ${rowsAt("$2", "$3")} WHERE r.scope = ANY (${textArray("$4")})
    ))::text AS heads`,
    [JSON.stringify([...named]), ...places(there), JSON.stringify(scopesOf(user))],
  );
  return headsOf(JSON.parse(row?.["heads"] ?? "{}") as Heads);
}

/**
 * Locks those rows that the user sees, before their scopes: in the order of other writers, who have theirs when they commit and need
 * the scopes then. It takes time, so only where somebody was in the way.
 */
export async function lockRows(query: Query, user: User, items: readonly Item[]): Promise<void> {
  const steps = items.flatMap(({ step }) => (step === undefined || step.operation === "insert" ? [] : step));
  for (const model of new Set(steps.map((step) => step.model))) {
    const columns = model.key.map((name) => model.columns[name]);
    // The log's keys are those of rows: what a client has sent may be none of the column's type.
    const isKey = columns.map((column, index) => `_t.${column?.sql} = (r.row_key::jsonb->>${index})::${column?.type}`);
    await query(
      `SELECT 'true' AS is_locked FROM ${model.table} AS _t
      WHERE EXISTS (
        SELECT FROM ${rowsAt("$1", "$2")} WHERE r.table_name = $3 AND r.scope = ANY (${textArray("$4")}) AND ${isKey.join(" AND ")}
      )
      ORDER BY ${columns.map((column) => `_t.${column?.sql}`).join(", ")} FOR NO KEY UPDATE`,
      [...places(steps.filter((step) => step.model === model)), model.name, JSON.stringify(scopesOf(user))],
    );
  }
}

/** The entries `r` of rows in the log. The parameters are those that `places` gives. */
function rowsAt(tables: string, keys: string): string {
  return `unnest(${textArray(tables)}, ${textArray(keys)}) AS k (table_name, row_key)
    JOIN sync_row AS r ON r.table_name = k.table_name AND r.row_key = k.row_key`;
}

function places(steps: readonly Step[]): [tables: string, keys: string] {
  return [JSON.stringify(steps.map(({ model }) => model.name)), JSON.stringify(steps.map(({ rowKey }) => rowKey))];
}
