import type { Query } from "./database.js";
import type { ServerModel } from "./model.js";
import type { Values } from "./protocol.js";
import { inScope, isLive, scopeValues, type User } from "./server.js";

/** The rows of these keys that the user sees, by the key's text in `sync_row`. */
export async function readRows(
  query: Query,
  model: ServerModel,
  user: User,
  keys: readonly string[],
  columns: readonly string[],
): Promise<Map<string, Values>> {
  const shown = [...new Set([...model.key, ...columns])];
  const select = shown.map((name) => `${shownColumn(model, name)} AS ${JSON.stringify(`c${shown.indexOf(name)}`)}`);
  const condition = model.key.map((name, index) => {
    const column = model.columns[name];
    return `_t.${column?.sql} = (_k.key->>${index})::${column?.type}`;
  });
  const rows = await query(
    `SELECT _k.key::text AS key, (SELECT to_jsonb(_r) FROM (SELECT ${select.join(", ")}) AS _r)::text AS row
    FROM jsonb_array_elements($1::text::jsonb) AS _k (key)
    JOIN ${model.table} AS _t ON ${condition.join(" AND ")}
    WHERE ${inScope(model, "_t", "$2")} AND ${isLive(model, "_t")} AND $3::text IS NOT NULL`,
    [`[${keys.join(",")}]`, JSON.stringify(scopeValues(model, user) ?? []), user.id],
  );
  const found = rows.map(({ key, row }): [string, Values] => {
    const values = JSON.parse(row ?? "{}") as Record<string, string | null>;
    return [key ?? "", Object.fromEntries(shown.map((name, index) => [name, values[`c${index}`] ?? null]))];
  });
  return new Map(found);
}

/** A column as text; what only the owner may see is null to others. */
function shownColumn(model: ServerModel, name: string): string {
  const column = model.columns[name];
  const owner = model.scope && model.columns[model.scope.column];
  if (!column?.ownerOnly) return `_t.${column?.sql}::text`;
  return owner ? `CASE WHEN _t.${owner.sql}::text = $3 THEN _t.${column.sql}::text END` : "NULL";
}
