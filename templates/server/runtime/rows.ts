import type { Query } from "./database.js";
import { modelOf, type Models, type ServerModel } from "./model.js";
import type { Values } from "./protocol.js";
import { scopeValues, type User } from "./server.js";

/** The values of a row; null where the user sees no such row. */
type RowValues = readonly (string | null)[] | null;

/** What `sync_rows` gives: rows, whose values are in the order of these columns. They are those of the newest document. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly RowValues[] | null;
}

/** For `sync_pull`: the values of each table's scope. */
export function valuesOf(models: Models, user: User, tables: Iterable<string>): string {
  const values = [...tables].flatMap((table) => {
    const model = modelOf(models, table);
    return model === undefined ? [] : [[table, scopeValues(model, user) ?? []]];
  });
  return JSON.stringify(Object.fromEntries(values));
}

/** A row of a key, with all columns that the user sees. */
export async function readRow(query: Query, model: ServerModel, user: User, key: string): Promise<Values | undefined> {
  const [row] = await query("SELECT sync_rows($1, $2::text::jsonb, $3::text::jsonb, $4)::text AS rows", [
    model.name,
    `[${key}]`,
    JSON.stringify(scopeValues(model, user) ?? []),
    user.id,
  ]);
  const [values] = named(JSON.parse(row?.["rows"] ?? "") as Rows, Object.keys(model.columns));
  return values ?? undefined;
}

/** Gives these columns of rows, by their names. */
export function named({ columns, rows }: Rows, names: readonly string[]): (Values | null)[] {
  const places = names.map((name) => [name, columns.indexOf(name)] as const);
  return (rows ?? []).map((values) => {
    if (values === null) return null;
    // Rows that are filled in one order have one shape, and become JSON sooner than those of `Object.fromEntries`.
    const row: Record<string, string | null> = {};
    for (const [name, place] of places) set(row, name, values[place] ?? null);
    return row;
  });
}

/** Sets a member of any name, be it `__proto__`. */
function set(row: Record<string, string | null>, name: string, value: string | null): void {
  if (name !== "__proto__") row[name] = value;
  else Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
}
