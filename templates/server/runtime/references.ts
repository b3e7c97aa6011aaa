import type { Step } from "./changes.js";
import type { Query } from "./database.js";
import { modelOf, type Models } from "./model.js";
import type { Change } from "./protocol.js";
import { inScope, scopeValues, type User } from "./server.js";

/** A change with what is done for it. */
interface Done {
  readonly change: Change;
  readonly step?: Step;
}

/** A value that refers to a row which the user doesn't see. */
interface Stray {
  readonly writeId: string;
  readonly column: string;
}

/**
 * Finds a reference that a client has sent to a row of a scope that isn't the user's: whoever refers to a row can keep others
 * from deleting it, and could try out keys. What a hook has set may lead anywhere.
 */
export async function strayReference(
  query: Query,
  models: Models,
  user: User,
  done: readonly Done[],
): Promise<Stray | undefined> {
  const found = new Map<string, [writeId: string, key: string][]>();
  for (const { change, step } of done) {
    for (const [name, key] of Object.entries(step?.value ?? {})) {
      const parent = step?.model.columns[name]?.references;
      if (step === undefined || parent === undefined || key === null || !Object.hasOwn(change.value, name)) continue;
      const place = JSON.stringify([step.model.name, name, parent]);
      found.set(place, [...(found.get(place) ?? []), [change.write_id, key]]);
    }
  }
  const parameters: string[] = [];
  const selects = [...found].flatMap(([place, values]) => {
    const [child = "", column = "", name = ""] = JSON.parse(place) as string[];
    const parent = modelOf(models, name);
    const [key, ...others] = (parent?.key ?? []).map((key) => parent?.columns[key]);
    const isReference = others.length === 0 && key?.type === models[child]?.columns[column]?.type;
    if (parent?.scope === undefined || key === undefined || !isReference) return [];
    parameters.push(JSON.stringify(values), JSON.stringify(scopeValues(parent, user) ?? []), column);
    const [given, scopes, about] = [2, 1, 0].map((back) => `$${parameters.length - back}`);
    return `SELECT _v.value->>0 AS write_id, ${about}::text AS column_name
      FROM jsonb_array_elements(${given}::text::jsonb) AS _v (value)
      WHERE NOT EXISTS (
        SELECT FROM ${parent.table} AS _t
        WHERE _t.${key.sql} = (_v.value->>1)::${key.type} AND ${inScope(parent, "_t", scopes ?? "")}
      )`;
  });
  if (selects.length === 0) return undefined;
  const [row] = await query(`${selects.join("\nUNION ALL\n")}\nLIMIT 1`, parameters);
  return row && { writeId: row["write_id"] ?? "", column: row["column_name"] ?? "" };
}
