import type { PGlite } from "@electric-sql/pglite";
import { type Column, columnsOf, quote } from "./database.js";
import type { Answer, Fault, Incoming } from "./faults.js";
import type { Rows } from "./rows.js";

/** What may be changed while the server runs. */
export interface ShapeOptions {
  /** Rows in one answer of a snapshot, and changes in one answer of the log. */
  chunk: number;
  /** How long a live request waits, in milliseconds. */
  patience: number;
  /** Changes of one row that are delivered together become one message, as a later Electric may do. */
  coalesce: boolean;
  /** So many of the changes before the one asked for are delivered again. */
  redeliver: number;
  /** Whether the answer to an old handle names the new one. */
  namesNewHandle: boolean;
}

type Values = Readonly<Record<string, string | null>>;

interface Message {
  readonly key?: string;
  readonly value?: Values;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface Shape {
  readonly handle: string;
  readonly table: string;
  readonly columns: readonly Column[];
  readonly where: string;
  readonly parameters: readonly string[];
  readonly snapshot: readonly (readonly Message[])[];
  /** The log's last position that the snapshot holds. */
  readonly since: bigint;
}

interface LogRow {
  readonly position: string;
  readonly xid: string;
  readonly txid: string;
  readonly operation: string;
  readonly old: Values | null;
  readonly new: Values | null;
  readonly was_in: boolean;
  readonly is_in: boolean;
}

/** What Postgres calls a position in its log is no transaction id, and nobody should take it for one. */
const FIRST_LSN = 26_000_000n;

class Invalid extends Error {
  readonly errors: Readonly<Record<string, readonly string[]>>;

  constructor(name: string, message: string) {
    super(message);
    this.errors = { [name]: [message] };
  }
}

/**
 * `GET /v1/shape`: the part of Electric's HTTP API that its TypeScript client uses without subsets and SSE. A shape's
 * offsets are `0_n` within the snapshot, `0_inf` at its end, and `lsn_n` in the log.
 */
export class Shapes implements Rows {
  readonly options: ShapeOptions = {
    chunk: 1000,
    patience: 20_000,
    coalesce: false,
    redeliver: 0,
    namesNewHandle: true,
  };
  private readonly db: PGlite;
  private shapes = new Map<string, Shape>();
  private made = 0;
  private waiting = new Set<() => void>();
  /** Tables whose changes after this position aren't delivered. */
  private held = new Map<string, bigint>();

  constructor(db: PGlite) {
    this.db = db;
  }

  async start(): Promise<void> {
    await this.db.listen("_log", () => this.wake());
  }

  /** Changes of this table aren't delivered until `release`: replication that lags. */
  async hold(table: string): Promise<void> {
    this.held.set(table, await this.lastPosition());
  }

  release(): void {
    this.held.clear();
    this.wake();
  }

  /** Every client of this table, or of all, has to begin anew. */
  refetch(table?: string): void {
    for (const [definition, shape] of this.shapes) {
      if (table === undefined || shape.table === table) this.shapes.delete(definition);
    }
    this.wake();
  }

  /** Answers live requests that wait. */
  wake(): void {
    for (const done of this.waiting) done();
  }

  isFor({ url }: Incoming): boolean {
    return url.pathname === "/v1/shape";
  }

  requests(table: string, which: "all" | "first" = "all"): Pick<Fault, "on" | "where"> {
    const isFirst = ({ url }: Incoming): boolean => url.searchParams.get("offset") === "-1";
    return {
      on: "rows",
      where: (request) => this.tableOf(request) === table && (which === "all" || isFirst(request)),
    };
  }

  tableOf({ url }: Incoming): string {
    return url.searchParams.get("table") ?? "";
  }

  async answer({ url }: Incoming, gone: AbortSignal): Promise<Answer> {
    try {
      return await this.find(url.searchParams, gone);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      return { status: 400, body: JSON.stringify({ message: "Invalid request", errors: error.errors }) };
    }
  }

  private async find(query: URLSearchParams, gone: AbortSignal): Promise<Answer> {
    const offset = query.get("offset") ?? "";
    if (!/^(-1|0_inf|\d+_\d+)$/.test(offset)) throw new Invalid("offset", "has invalid format");
    const handle = query.get("handle");
    if (offset !== "-1" && handle === null) throw new Invalid("handle", "can't be blank when offset != -1");
    const shape = await this.shape(query);
    if (offset !== "-1" && handle !== shape.handle) return this.mustRefetch(shape);
    const live = query.get("live") === "true";
    if (live && offset === "-1") throw new Invalid("live", "can't be true when offset == -1");
    const next =
      offset === "-1"
        ? 0
        : offset === "0_inf"
          ? shape.snapshot.length
          : isLog(offset)
            ? undefined
            : Number(offset.slice(2)) + 1;
    const chunk = next === undefined ? undefined : shape.snapshot[next];
    if (chunk && next !== undefined) {
      const isLast = next === shape.snapshot.length - 1;
      return this.respond(shape, chunk, isLast ? "0_inf" : `0_${next}`, live);
    }
    return this.log(shape, query, offset, live, gone);
  }

  private async log(
    shape: Shape,
    query: URLSearchParams,
    offset: string,
    live: boolean,
    gone: AbortSignal,
  ): Promise<Answer> {
    const after = isLog(offset) ? BigInt(offset.slice(offset.indexOf("_") + 1)) / 2n : shape.since;
    const deadline = Date.now() + this.options.patience;
    for (;;) {
      const changed = this.changed(deadline, gone);
      const { messages, last, isAll } = await this.changes(shape, after);
      const next = last ?? offset;
      if (messages.length > 0 || !live || Date.now() >= deadline || gone.aborted) {
        const seen = { control: "up-to-date", global_last_seen_lsn: String(FIRST_LSN + (await this.lastPosition())) };
        return this.respond(shape, isAll ? [...messages, { headers: seen }] : messages, next, live, isAll);
      }
      await changed;
      // The shape may be gone by now.
      const now = await this.shape(query);
      if (now.handle !== shape.handle) return this.mustRefetch(now);
    }
  }

  /** Resolves once something may have changed, or it's time to answer. */
  private changed(deadline: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        gone.removeEventListener("abort", done);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, deadline - Date.now()));
      gone.addEventListener("abort", done);
      this.waiting.add(done);
    });
  }

  private respond(
    shape: Shape,
    messages: readonly Message[],
    offset: string,
    live: boolean,
    isUpToDate = false,
  ): Answer {
    const headers: Record<string, string> = { "electric-handle": shape.handle, "electric-offset": offset };
    if (live) headers["electric-cursor"] = String(Math.floor(Date.now() / 20_000));
    else headers["electric-schema"] = JSON.stringify(schema(shape.columns));
    if (isUpToDate) headers["electric-up-to-date"] = "";
    return { status: 200, headers, body: JSON.stringify(messages) };
  }

  private mustRefetch(shape: Shape): Answer {
    const headers = this.options.namesNewHandle ? { "electric-handle": shape.handle } : {};
    return { status: 409, headers, body: JSON.stringify([{ headers: { control: "must-refetch" } }]) };
  }

  /** The shape that is asked for, with a snapshot of now where there was none. */
  private async shape(query: URLSearchParams): Promise<Shape> {
    const where = query.get("where") ?? "";
    const parameters: string[] = [];
    for (let index = 1; query.has(`params[${index}]`); index += 1) parameters.push(query.get(`params[${index}]`) ?? "");
    const definition = JSON.stringify([query.get("table"), query.get("columns"), where, parameters]);
    const known = this.shapes.get(definition);
    if (known) return known;
    const table = identifier(query.get("table"));
    const all = await columnsOf(this.db, table);
    if (all.length === 0) throw new Invalid("table", `Table "public"."${table}" does not exist`);
    const columns = choose(all, query.get("columns"));
    const { rows, since, snapshot } = await this.snapshot(table, columns, where, parameters);
    const messages = rows.map((value) => ({
      key: rowKey(table, columns, value),
      value,
      headers: { operation: "insert", relation: ["public", table] },
    }));
    const shape: Shape = {
      handle: `${++this.made}-${Date.now()}`,
      table,
      columns,
      where,
      parameters,
      since,
      snapshot: inChunks<Message>(
        [...messages, { headers: { control: "snapshot-end", ...snapshot } }],
        this.options.chunk,
      ),
    };
    // Another request may have been quicker.
    const first = this.shapes.get(definition) ?? shape;
    this.shapes.set(definition, first);
    return first;
  }

  private async snapshot(table: string, columns: readonly Column[], where: string, parameters: readonly string[]) {
    const members = columns.map(({ name }) => `'${name}', ${quote(name)}::TEXT`).join(", ");
    const condition = where === "" ? "" : `WHERE ${where}`;
    const order = columns.filter(({ key }) => key !== undefined).map(({ name }) => quote(name));
    return this.db.transaction(async (tx) => {
      const found = await tx
        .query<{ row: Values }>(
          `SELECT jsonb_build_object(${members}) AS row FROM ${quote(table)} ${condition} ORDER BY ${order.join(", ")}`,
          [...parameters],
        )
        .catch((error: unknown) => {
          throw new Invalid("where", error instanceof Error ? error.message : String(error));
        });
      const { rows } = await tx.query<{ xmin: string; xmax: string; since: string }>(
        `SELECT pg_snapshot_xmin(pg_current_snapshot())::TEXT AS xmin, pg_snapshot_xmax(pg_current_snapshot())::TEXT AS xmax,
           (SELECT coalesce(max(position), 0)::TEXT FROM _log) AS since`,
      );
      const [{ xmin, xmax, since } = { xmin: "0", xmax: "0", since: "0" }] = rows;
      return { rows: found.rows.map(({ row }) => row), since: BigInt(since), snapshot: { xmin, xmax, xip_list: [] } };
    });
  }

  /** What has happened to the shape's rows after a position: at most so many changes, and whether that is all. */
  private async changes(
    shape: Shape,
    after: bigint,
  ): Promise<{ messages: Message[]; last: string | undefined; isAll: boolean }> {
    const { redeliver, coalesce } = this.options;
    const from = maximum(shape.since, after - BigInt(redeliver));
    const limit = this.options.chunk + Number(after - from);
    const rows = await this.logged(shape, from, limit + 1);
    const isAll = rows.length <= limit;
    const delivered = rows.slice(0, limit);
    if (delivered.every(({ position }) => BigInt(position) <= after)) return { messages: [], last: undefined, isAll };
    const messages = delivered.flatMap((row) => messagesOf(shape, row));
    const last = delivered.at(-1);
    return {
      messages: coalesce ? coalesced(messages) : messages,
      last: last && `${FIRST_LSN + BigInt(last.xid)}_${BigInt(last.position) * 2n + 1n}`,
      isAll,
    };
  }

  private async logged(shape: Shape, from: bigint, limit: number): Promise<LogRow[]> {
    const isIn = (image: string): string => {
      const condition = shape.where === "" ? "true" : shape.where;
      const row = `jsonb_populate_record(NULL::${quote(shape.table)}, l.${image})`;
      return `l.${image} IS NOT NULL AND EXISTS (SELECT FROM ${row} WHERE ${condition})`;
    };
    // Parameters of the condition come first, since it counts them.
    const own = ["table", "from", "until", "limit"].map((_, index) => `$${shape.parameters.length + index + 1}`);
    const { rows } = await this.db.query<LogRow>(
      `SELECT l.position::TEXT, l.xid::TEXT, l.xid::xid::TEXT AS txid, l.operation, l.old, l.new,
         ${isIn("old")} AS was_in, ${isIn("new")} AS is_in
       FROM _log AS l
       WHERE l.relation = ${own[0]} AND l.position > ${own[1]}::BIGINT AND l.position <= ${own[2]}::BIGINT
       ORDER BY l.position
       LIMIT ${own[3]}::BIGINT`,
      [...shape.parameters, shape.table, String(from), String(this.held.get(shape.table) ?? 2n ** 62n), limit],
    );
    return rows;
  }

  private async lastPosition(): Promise<bigint> {
    const { rows } = await this.db.query<{ last: string }>("SELECT coalesce(max(position), 0)::TEXT AS last FROM _log");
    return BigInt(rows[0]?.last ?? 0);
  }
}

function isLog(offset: string): boolean {
  return /^[1-9]\d*_/.test(offset);
}

/** The messages that one change of a row makes: two, where its key has changed. */
function messagesOf(shape: Shape, row: LogRow): Message[] {
  const { old, new: now } = row;
  const before = old && row.was_in ? pick(old, shape.columns) : undefined;
  const after = now && row.is_in ? pick(now, shape.columns) : undefined;
  const headers = (operation: string, position: bigint, more: Readonly<Record<string, string>> = {}) => ({
    operation,
    relation: ["public", shape.table],
    txids: [Number(row.txid)],
    lsn: String(FIRST_LSN + BigInt(row.xid)),
    op_position: Number(position),
    ...more,
  });
  const position = BigInt(row.position) * 2n;
  const keys = shape.columns.filter(({ key }) => key !== undefined);
  if (before && after) {
    const [oldKey, newKey] = [rowKey(shape.table, shape.columns, before), rowKey(shape.table, shape.columns, after)];
    if (oldKey !== newKey) {
      const deleted = headers("delete", position, { key_change_to: newKey });
      const inserted = headers("insert", position + 1n, { key_change_from: oldKey });
      return [
        { key: oldKey, value: pick(before, keys), headers: deleted },
        { key: newKey, value: after, headers: inserted },
      ];
    }
    const changed = shape.columns.filter(({ name, key }) => key !== undefined || before[name] !== after[name]);
    if (changed.length === keys.length) return [];
    return [{ key: newKey, value: pick(after, changed), headers: headers("update", position) }];
  }
  if (after)
    return [{ key: rowKey(shape.table, shape.columns, after), value: after, headers: headers("insert", position) }];
  if (before)
    return [
      {
        key: rowKey(shape.table, shape.columns, before),
        value: pick(before, keys),
        headers: headers("delete", position),
      },
    ];
  return [];
}

/** An update joins the message before it of the same row. */
function coalesced(messages: readonly Message[]): Message[] {
  const joined: Message[] = [];
  for (const message of messages) {
    const index = joined.findLastIndex(({ key }) => key === message.key);
    const earlier = joined[index];
    if (!earlier || message.headers["operation"] !== "update" || earlier.headers["operation"] === "delete") {
      joined.push(message);
      continue;
    }
    const txids = [earlier, message].flatMap(({ headers }) => headers["txids"]);
    const headers = { ...message.headers, operation: earlier.headers["operation"], txids };
    joined.splice(index, 1, { ...message, value: { ...earlier.value, ...message.value }, headers });
  }
  return joined;
}

function pick(values: Values, columns: readonly Column[]): Values {
  return Object.fromEntries(columns.map(({ name }) => [name, values[name] ?? null]));
}

function rowKey(table: string, columns: readonly Column[], values: Values): string {
  const keys = columns.filter(({ key }) => key !== undefined).toSorted((one, two) => (one.key ?? 0) - (two.key ?? 0));
  const parts = keys.map(({ name }) => `"${(values[name] ?? "").replaceAll("/", "//")}"`);
  return [`"public"."${table}"`, ...parts].join("/");
}

function schema(columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(
    columns.map(({ name, type, notNull, key }) => [
      name,
      { type, ...(notNull ? { not_null: true } : {}), ...(key === undefined ? {} : { pk_index: key }) },
    ]),
  );
}

/** `tags`, `"tags"` or `public.tags`. */
function identifier(text: string | null): string {
  const name = /^(?:"?public"?\.)?("(?:[^"]|"")+"|[a-z_][a-z0-9_]*)$/.exec(text ?? "")?.[1];
  if (name === undefined) throw new Invalid("table", text === null ? "can't be blank" : "has invalid format");
  return unquoted(name);
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

function choose(all: readonly Column[], asked: string | null): Column[] {
  if (asked === null) return [...all];
  const names = (asked.match(/"(?:[^"]|"")+"|[^,"]+/g) ?? []).map(unquoted);
  const unknown = names.filter((name) => !all.some((column) => column.name === name));
  if (unknown.length > 0)
    throw new Invalid("columns", `The following columns are not found on the table: ${unknown.join(", ")}`);
  const missing = all.filter(({ key, name }) => key !== undefined && !names.includes(name));
  if (missing.length > 0) throw new Invalid("columns", "The list of columns must include all primary key columns");
  return all.filter(({ name }) => names.includes(name));
}

function inChunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function maximum(one: bigint, two: bigint): bigint {
  return one > two ? one : two;
}
