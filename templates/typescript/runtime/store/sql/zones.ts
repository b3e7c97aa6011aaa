import { textOf } from "../../client/json.js";
import { own, type Model } from "../../client/model.js";
import { isZoneless, withoutZone } from "../../client/values.js";
import type { ServerRow } from "../store.js";
import type { Dialect } from "./dialect.js";
import { sql, type Connection } from "./driver.js";
import { setMeta } from "./meta.js";

const KIND = "zoneless";

/** By model, the columns whose times the server gives without a zone, where the database doesn't keep that itself. */
export type Zoneless = Readonly<Record<string, readonly string[]>>;

export async function readZoneless(connection: Connection, dialect: Dialect): Promise<Zoneless> {
  if (dialect.keepsZones) return {};
  const rows = await connection.query(sql`SELECT key, value FROM _sync_meta WHERE key LIKE ${`${KIND}:%`}`);
  return Object.fromEntries(
    // Written below, and by nobody else.
    rows.map(({ key, value }) => [String(key).slice(KIND.length + 1), JSON.parse(String(value)) as string[]]),
  );
}

/** The same of one model. */
export async function zonelessOf(connection: Connection, dialect: Dialect, model: Model): Promise<readonly string[]> {
  if (dialect.keepsZones || timesOf(model).length === 0) return [];
  return own(await readZoneless(connection, dialect), model.name) ?? [];
}

/** Notes in which form the server gives the times of these rows. Where it is a new one, the rows are shown anew. */
export async function noteZones(
  connection: Connection,
  dialect: Dialect,
  model: Model,
  rows: readonly ServerRow[],
): Promise<void> {
  if (dialect.keepsZones) return;
  const told = timesOf(model).flatMap((column): [string, boolean][] => {
    const time = rows.find((row) => (row.get(column) ?? null) !== null)?.get(column) ?? null;
    return time === null ? [] : [[column, isZoneless(time)]];
  });
  if (told.length === 0) return;
  const known = await zonelessOf(connection, dialect, model);
  // An answer to a write may only repeat the form that was sent, so one row says nothing against what is known.
  const news = told.filter(([column, is]) => is !== known.includes(column) && (is || rows.length > 1));
  if (news.length === 0) return;
  const others = known.filter((column) => !news.some(([name]) => name === column));
  const columns = [...others, ...news.flatMap(([column, is]) => (is ? [column] : []))];
  await setMeta(connection, `${KIND}:${model.name}`, JSON.stringify(columns));
  await connection.query(dialect.noteAll(model));
}

/** A time's JSON text without its zone. */
export function zonelessJson(json: string): string {
  return json === "null" ? json : JSON.stringify(withoutZone(textOf(json)));
}

/** None of them is a part of a key: that is text, a uuid or an integer. */
function timesOf({ fields }: Model): string[] {
  return fields.filter(({ type }) => type === "date_time").map(({ name }) => name);
}
