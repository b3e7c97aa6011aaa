import { createHash } from "node:crypto";

import type { Query } from "./database.js";
import { columnOf, keyOf, modelOf, type Models } from "./model.js";
import {
  PROTOCOL,
  type Cursor,
  type Load,
  type PulledChange,
  type PullAnswer,
  type PullRequest,
  type Reset,
} from "./protocol.js";
import { readRows } from "./rows.js";
import { scopesOf, type Server, type User } from "./server.js";
import { heads, positions, transaction, type Head } from "./versions.js";

/** The columns that are sent, by table. */
type Columns = ReadonlyMap<string, readonly string[]>;

/** An entry of the log. */
interface Entry {
  readonly scope: string;
  readonly table: string;
  readonly rowKey: string;
  readonly version: bigint;
  readonly isDeleted: boolean;
  readonly writeId: string | null;
}

/** A stretch of a scope's log that is to be sent. */
interface Stretch {
  readonly scope: string;
  readonly tables: readonly string[];
  readonly from: bigint;
  readonly to: bigint;
  /** What was deleted before a load began is no news to it. */
  readonly liveOnly: boolean;
}

/** Gives rows. */
export async function pull(server: Server, user: User, request: PullRequest): Promise<PullAnswer> {
  return transaction(server, "snapshot", user, async (query, { now }) => {
    const answer = { protocol: PROTOCOL, stamp: `${now}.0` } as const;
    const found = await heads(query, scopesOf(user));
    const columns = columnsOf(server.models, request.tables);
    const reset = request.cursor && resetOf(request.cursor, found, user);
    if (reset) return { ...answer, cursor: null, changes: [], more: true, reset };
    const cursor = next(request.cursor, found, columns);
    const { entries, ...page } = await readPage(query, user, cursor, found, columns, request.limit);
    return { ...answer, ...page, changes: await withRows(server.models, query, user, entries, columns) };
  });
}

/** The tables and columns that both sides have. */
function columnsOf(models: Models, tables: PullRequest["tables"]): Columns {
  const known = Object.entries(tables).flatMap(([name, columns]): [string, string[]][] => {
    const model = modelOf(models, name);
    if (model === undefined) return [];
    const both = columns.filter((column) => columnOf(model, column) !== undefined);
    return [[name, [...new Set([...model.key, ...both])].sort()]];
  });
  return new Map(known);
}

/** Why a client must load everything again, if it must. */
function resetOf(cursor: Cursor, found: ReadonlyMap<string, Head>, user: User): Reset | null {
  const own = new Set(scopesOf(user));
  for (const [scope, { epoch, version }] of Object.entries(cursor.scopes)) {
    if (!own.has(scope)) return "scope";
    const head = found.get(scope);
    // The scope itself is gone: a backup from before its first row.
    if (head === undefined || head.epoch !== epoch) return "epoch";
    if (BigInt(version) > head.version) return "ahead";
    if (BigInt(version) < head.floor) return "floor";
  }
  const isKnown = ({ scope, head }: Load) =>
    Object.hasOwn(cursor.scopes, scope) && BigInt(head) <= BigInt(cursor.scopes[scope]?.version ?? 0);
  return cursor.loads.every(isKnown) ? null : "scope";
}

/** The cursor with the loads that it lacks: of scopes that are new to it, and of tables whose columns have changed. */
function next(cursor: Cursor | null, found: ReadonlyMap<string, Head>, columns: Columns): Cursor {
  const before = cursor ?? { scopes: {}, tables: {}, loads: [] };
  const hashes = [...columns].map(([table, names]) => [table, hash(names)] as const);
  const changed = hashes.filter(([table, now]) => !Object.hasOwn(before.tables, table) || before.tables[table] !== now);
  const scopes = { ...before.scopes };
  // A load of a table that is loaded anew is no longer of use.
  const isNew = new Set(changed.map(([table]) => table));
  const loads = before.loads
    .map((load) => ({ ...load, tables: load.tables.filter((table) => columns.has(table) && !isNew.has(table)) }))
    .filter((load) => load.tables.length > 0);
  for (const [scope, head] of found) {
    const known = Object.hasOwn(before.scopes, scope) ? before.scopes[scope] : undefined;
    const tables = known === undefined ? [...columns.keys()] : [...isNew];
    const until = known?.version ?? String(head.version);
    if (tables.length > 0 && until !== "0") loads.push({ scope, tables, version: "0", head: until });
    scopes[scope] = known ?? { epoch: head.epoch, version: until };
  }
  return { scopes, tables: Object.fromEntries(hashes), loads };
}

function hash(columns: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(columns)).digest("hex").slice(0, 16);
}

/** Reads as much as fits: first the loads, then what has changed behind the cursor. */
async function readPage(
  query: Query,
  user: User,
  cursor: Cursor,
  found: ReadonlyMap<string, Head>,
  columns: Columns,
  limit: number,
): Promise<{ cursor: Cursor; entries: Entry[]; more: boolean }> {
  const entries: Entry[] = [];
  const loads = [...cursor.loads];
  const scopes = { ...cursor.scopes };
  const tables = [...columns.keys()];
  for (let load = loads[0]; load !== undefined; load = loads[0]) {
    const stretch = { ...load, from: BigInt(load.version), to: BigInt(load.head), liveOnly: true };
    const read = await readLog(query, user, stretch, limit - entries.length);
    entries.push(...read);
    const last = read.at(-1);
    if (entries.length >= limit && last !== undefined) {
      loads[0] = { ...load, version: String(last.version) };
      return { cursor: { ...cursor, scopes, loads }, entries, more: true };
    }
    loads.shift();
  }
  for (const [scope, head] of found) {
    const from = BigInt(scopes[scope]?.version ?? 0);
    if (from === head.version) continue;
    const stretch = { scope, tables, from, to: head.version, liveOnly: false };
    const read = entries.length < limit ? await readLog(query, user, stretch, limit - entries.length) : [];
    entries.push(...read);
    if (entries.length >= limit) {
      const reached = read.at(-1)?.version ?? from;
      scopes[scope] = { epoch: head.epoch, version: String(reached) };
      return { cursor: { ...cursor, scopes, loads }, entries, more: true };
    }
    scopes[scope] = { epoch: head.epoch, version: String(head.version) };
  }
  return { cursor: { ...cursor, scopes: { ...scopes, ...positions(found) }, loads }, entries, more: false };
}

async function readLog(query: Query, user: User, stretch: Stretch, limit: number): Promise<Entry[]> {
  const { scope, tables, from, to, liveOnly } = stretch;
  const rows = await query(
    `SELECT r.table_name, r.row_key, r.version::text AS number, r.is_deleted::text AS is_deleted, r.write_id
    FROM sync_row AS r
    WHERE r.scope = $1 AND r.version > $2::bigint AND r.version <= $3::bigint
      AND r.table_name IN (SELECT jsonb_array_elements_text($4::text::jsonb))
      AND (NOT r.is_deleted OR (${liveOnly ? "false" : "true"} AND NOT EXISTS (
        SELECT FROM sync_row AS o
        WHERE o.table_name = r.table_name AND o.row_key = r.row_key AND NOT o.is_deleted
          AND o.scope IN (SELECT jsonb_array_elements_text($5::text::jsonb))
      )) AND $5::text IS NOT NULL)
    ORDER BY r.version LIMIT $6::int`,
    [scope, String(from), String(to), JSON.stringify(tables), JSON.stringify(scopesOf(user)), String(limit)],
  );
  return rows.map((row) => ({
    scope,
    table: row["table_name"] ?? "",
    rowKey: row["row_key"] ?? "",
    version: BigInt(row["number"] ?? 0),
    isDeleted: row["is_deleted"] === "true",
    writeId: row["write_id"] ?? null,
  }));
}

/** The entries with the rows that they are about. */
async function withRows(
  models: Models,
  query: Query,
  user: User,
  entries: readonly Entry[],
  columns: Columns,
): Promise<PulledChange[]> {
  const rows = new Map<string, Awaited<ReturnType<typeof readRows>>>();
  for (const [table, names] of columns) {
    const model = modelOf(models, table);
    const keys = entries.filter((entry) => entry.table === table && !entry.isDeleted).map(({ rowKey }) => rowKey);
    if (model && keys.length > 0) rows.set(table, await readRows(query, model, user, keys, names));
  }
  return entries.flatMap(({ scope, table, rowKey, version, writeId, isDeleted }) => {
    const model = modelOf(models, table);
    if (model === undefined) return [];
    const row = isDeleted ? null : (rows.get(table)?.get(rowKey) ?? null);
    return [{ table, key: keyOf(model, rowKey), version: String(version), scope, write_id: writeId, row }];
  });
}
