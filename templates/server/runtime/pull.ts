import { createHash } from "node:crypto";

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
import { named, valuesOf, type Rows } from "./rows.js";
import { scopesOf, type Server, type User } from "./server.js";
import { ask, headsOf, positions, type Head, type Heads } from "./versions.js";

/** The columns that are sent, by table. */
type Columns = ReadonlyMap<string, readonly string[]>;

/** A part of a scope's log that is to be sent. */
interface Stretch {
  readonly scope: string;
  readonly tables: readonly string[];
  readonly from: string;
  /** Null stands for the scope's version. */
  readonly to: string | null;
  /** What was deleted before a load began is no news to it. */
  readonly is_load: boolean;
}

/**
 * An entry of the log: its table, the row's key, version, whether the row has gone, and the write that it shows. With
 * metadata, of a row that was deleted also when, and by which device.
 */
type Entry = readonly [
  table: string,
  rowKey: string,
  version: string,
  isDeleted: "true" | "false",
  writeId: string | null,
  deletedAt?: string | null,
  deletedBy?: string | null,
];

/** What `sync_pull` gives. */
interface Page {
  readonly heads: Heads;
  /** Entries by the place of their stretch. */
  readonly log: readonly (readonly [stretch: number, entries: readonly Entry[]])[];
  /** By table, the rows of those entries that haven't gone, in their order. */
  readonly rows: readonly (readonly [table: string, rows: Rows])[];
}

/** Gives rows. */
export async function pull(server: Server, user: User, request: PullRequest): Promise<PullAnswer> {
  const { models } = server;
  const { cursor: before, limit } = request;
  const columns = columnsOf(models, request.tables);
  const hashes = hashesOf(columns);
  const stretches = [...loadsOf(before, user, columns, hashes), ...newsOf(before, user, columns)];
  const start = await ask(server, user, "sync_pull($1, $4::text::jsonb, $5::text::jsonb, $6::text::jsonb, $7::int)", [
    JSON.stringify(scopesOf(user)),
    JSON.stringify(stretches),
    valuesOf(models, user, columns.keys()),
    String(limit),
  ]);
  const page = start.answer as Page;
  const found = headsOf(page.heads);
  const answer = { protocol: PROTOCOL, stamp: `${start.now}.0` } as const;
  const reset = before && resetOf(before, found, user);
  if (reset) return { ...answer, cursor: null, changes: [], more: true, reset };
  const { cursor, more } = advance(before, stretches, page, found, limit);
  const keepsDeleted = [...columns].some(([table, names]) => showsMetadata(models, table, names));
  return {
    ...answer,
    cursor: { ...cursor, tables: hashes },
    changes: changesOf(models, stretches, page, columns),
    more,
    ...(!more && keepsDeleted && { floors: floorsOf(found) }),
  };
}

/** The tables and columns that both sides have. */
function columnsOf(models: Models, tables: PullRequest["tables"]): Columns {
  const known = Object.entries(tables).flatMap(([name, columns]): [string, string[]][] => {
    const model = modelOf(models, name);
    if (model === undefined) return [];
    const both = columns.filter((column) => columnOf(model, column) || model.metadata?.includes(column));
    return [[name, [...new Set([...model.key, ...both])].sort()]];
  });
  return new Map(known);
}

/** Whether a client asks for what is known of a row beside its columns. */
function showsMetadata(models: Models, table: string, names: readonly string[]): boolean {
  const { metadata = [] } = modelOf(models, table) ?? {};
  return names.some((name) => metadata.includes(name));
}

/** Up to which versions the server has forgotten what was deleted, by scope. */
function floorsOf(found: ReadonlyMap<string, Head>): Record<string, string> {
  const floors = [...found].map(([scope, { floor }]): [string, string] => [scope, String(floor)]);
  return Object.fromEntries(floors.filter(([, floor]) => floor !== "0"));
}

function hashesOf(columns: Columns): Cursor["tables"] {
  const hash = (names: readonly string[]) =>
    createHash("sha256").update(JSON.stringify(names)).digest("hex").slice(0, 16);
  return Object.fromEntries([...columns].map(([table, names]) => [table, hash(names)]));
}

/** What is loaded: what the cursor hasn't finished, scopes that are new to it, and tables whose columns have changed. */
function loadsOf(cursor: Cursor | null, user: User, columns: Columns, hashes: Cursor["tables"]): Stretch[] {
  const { scopes, tables: before, loads } = cursor ?? EMPTY;
  const all = [...columns.keys()];
  const changed = all.filter((table) => !Object.hasOwn(before, table) || before[table] !== hashes[table]);
  const isNew = new Set(changed);
  const open = loads.map(({ scope, tables, version, head }): Stretch => {
    // A load of a table that is loaded anew is no longer of use.
    const left = tables.filter((table) => columns.has(table) && !isNew.has(table));
    return { scope, tables: left, from: version, to: head, is_load: true };
  });
  const begun = scopesOf(user).map((scope): Stretch => {
    const known = Object.hasOwn(scopes, scope) ? scopes[scope] : undefined;
    return { scope, tables: known ? changed : all, from: "0", to: known?.version ?? null, is_load: true };
  });
  return [...open, ...begun].filter(({ tables }) => tables.length > 0);
}

/** What has changed behind the cursor. */
function newsOf(cursor: Cursor | null, user: User, columns: Columns): Stretch[] {
  const scopes = cursor?.scopes ?? {};
  const known = scopesOf(user).filter((scope) => Object.hasOwn(scopes, scope));
  const tables = [...columns.keys()];
  return known.map((scope) => ({ scope, tables, from: scopes[scope]?.version ?? "0", to: null, is_load: false }));
}

const EMPTY: Cursor = { scopes: {}, tables: {}, loads: [] };

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

/** The cursor behind a page, and whether there is more to send. */
function advance(
  before: Cursor | null,
  stretches: readonly Stretch[],
  page: Page,
  found: ReadonlyMap<string, Head>,
  limit: number,
): { cursor: Omit<Cursor, "tables">; more: boolean } {
  const read = new Map(page.log);
  const loads: Load[] = [];
  const scopes = { ...positions(found), ...before?.scopes };
  let room = limit;
  let more = false;
  for (const [place, { scope, tables, from, to, is_load }] of stretches.entries()) {
    const head = found.get(scope);
    if (head === undefined) continue;
    const entries = read.get(place) ?? [];
    const end = to ?? String(head.version);
    // What isn't full has been read to its end.
    const version = room === 0 ? from : entries.length < room ? end : (entries.at(-1)?.[2] ?? from);
    room -= entries.length;
    const isOver = BigInt(version) >= BigInt(end);
    more ||= !isOver;
    if (!is_load) scopes[scope] = { epoch: head.epoch, version };
    else if (!isOver) loads.push({ scope, tables: [...tables], version, head: end });
  }
  return { cursor: { scopes, loads }, more };
}

/** The entries with the rows that they are about. */
function changesOf(models: Models, stretches: readonly Stretch[], page: Page, columns: Columns): PulledChange[] {
  const rows = new Map(page.rows.map(([table, found]) => [table, named(found, columns.get(table) ?? []).values()]));
  const changes: PulledChange[] = [];
  for (const [stretch, entries] of page.log) {
    const scope = stretches[stretch]?.scope ?? "";
    for (const [table, rowKey, version, isDeleted, write_id, at = null, device_id = null] of entries) {
      const model = modelOf(models, table);
      if (model === undefined) continue;
      const row = isDeleted === "true" ? null : (rows.get(table)?.next().value ?? null);
      const isTold = at !== null && showsMetadata(models, table, columns.get(table) ?? []);
      const deleted = isTold ? { deleted: { at, device_id } } : {};
      changes.push({ table, key: keyOf(model, rowKey), version, scope, write_id, row, ...deleted });
    }
  }
  return changes;
}
