import { elements, type Query } from "./database.js";
import { modelOf, type Models, type ServerModel } from "./model.js";
import type { Values } from "./protocol.js";
import { inScope, isLive, scopeValues, type User } from "./server.js";

/** The values of a row, in the order of the columns that were asked for; null where the user sees no such row. */
export type RowValues = readonly (string | null)[] | null;

/**
 * The statement that gives a `row` for each key, in its `place`. `$1` are the keys as a JSON array, `$2` the values of the scope as
 * another one, `$3` is the user.
 */
function statementOf(model: ServerModel, columns: readonly string[]): string {
  const keys = model.key.map((name, index) => {
    const column = model.columns[name];
    return { sql: `_t.${column?.sql}`, value: `(_k.key->>${index})::${column?.type}` };
  });
  return `
    SELECT
      _k.place,
      CASE WHEN ${keys[0]?.sql} IS NOT NULL THEN to_json(ARRAY[${columns.map((name) => shownColumn(model, name)).join(", ")}]) END AS row
    FROM ${elements("$1")} WITH ORDINALITY AS _k (key, place)
    LEFT JOIN ${model.table} AS _t ON ${keys.map(({ sql, value }) => `${sql} = ${value}`).join(" AND ")}
      AND ${inScope(model, "_t", "$2")} AND ${isLive(model, "_t")}
    WHERE $3::text IS NOT NULL`;
}

function scopeParameter(model: ServerModel, user: User): string {
  return JSON.stringify(scopeValues(model, user) ?? []);
}

/** For `sync_pull`: the statement for each table, and its second parameter. */
export function readsOf(models: Models, user: User, columns: ReadonlyMap<string, readonly string[]>): string {
  const reads = [...columns].flatMap(([table, names]) => {
    const model = modelOf(models, table);
    if (model === undefined) return [];
    return [[table, { statement: statementOf(model, names), values: scopeParameter(model, user) }]];
  });
  return JSON.stringify(Object.fromEntries(reads));
}

/** The rows of these keys that the user sees, by the key's text in `sync_row`. */
export async function readRows(
  query: Query,
  model: ServerModel,
  user: User,
  keys: readonly string[],
  columns: readonly string[],
): Promise<Map<string, Values>> {
  const rows = await query(
    `SELECT r.place::text AS place, r.row::text AS row FROM (${statementOf(model, columns)}) AS r`,
    [`[${keys.join(",")}]`, scopeParameter(model, user), user.id],
  );
  const found = rows.flatMap(({ place, row }): [string, Values][] => {
    const values = named(columns, JSON.parse(row ?? "null") as RowValues);
    return values === null ? [] : [[keys[Number(place) - 1] ?? "", values]];
  });
  return new Map(found);
}

/** A row by the names of its columns. */
export function named(columns: readonly string[], values: RowValues): Values | null {
  return values && Object.fromEntries(columns.map((name, index) => [name, values[index] ?? null]));
}

/** A column as text; what only the owner may see is null to others. */
function shownColumn(model: ServerModel, name: string): string {
  const column = model.columns[name];
  const owner = model.scope && model.columns[model.scope.column];
  if (!column?.ownerOnly) return `_t.${column?.sql}::text`;
  return owner ? `CASE WHEN _t.${owner.sql}::text = $3 THEN _t.${column.sql}::text END` : "NULL::text";
}
