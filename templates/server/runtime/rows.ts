import type { Query } from "./database.js";
import { modelOf, type Models, type ServerModel } from "./model.js";
import type { Values } from "./protocol.js";
import { scopeValues, type User } from "./server.js";

/** The values of a row, in the order of the model's columns; null where the user sees no such row. */
export type RowValues = readonly (string | null)[] | null;

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
  const [values = null] = JSON.parse(row?.["rows"] ?? "[]") as RowValues[];
  return reader(model, Object.keys(model.columns))(values) ?? undefined;
}

/** Gives these columns of a row, by their names. */
export function reader(model: ServerModel, columns: readonly string[]): (values: RowValues) => Values | null {
  const all = Object.keys(model.columns);
  const places = columns.map((name) => [name, all.indexOf(name)] as const);
  return (values) => values && Object.fromEntries(places.map(([name, place]) => [name, values[place] ?? null]));
}
