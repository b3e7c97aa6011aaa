import type { PGlite } from "@electric-sql/pglite";
import { type Column, columnsOf, quote } from "./database.js";
import { type Answer, type Fault, type Incoming, Instead } from "./faults.js";
import {
  type Values,
  type Message,
  type Shape,
  type LogRow,
  FIRST_LSN,
  messagesOf,
  coalesced,
  rowKey,
  schema,
} from "./messages.js";
import { Invalid, identifier, unquoted, choose } from "./names.js";
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
  /** Whether the answer to an old handle names the new one. One that was waiting when the shape went never does. */
  namesNewHandle: boolean;
  /** So many requests for a shape from its start are refused with must-refetch, as just after a table was made anew. */
  refusals: number;
  /** Seconds after which to ask again, while PostgreSQL is down, a snapshot takes too long, or too many ask. */
  unready: number | null;
  /** Whether this is the second instance of a rolling deploy: it serves the shapes that are there, and makes none. */
  isSecond: boolean;
  /** Whether it was started while PostgreSQL was down: it doesn't know yet how far that is. */
  isBlind: boolean;
  /** How long a request beyond the log is held before it is refused, in milliseconds. */
  bounds: number;
}

/** Answers may be cached: a snapshot's first for a week, what follows for a minute, and live ones for seconds. */
const CACHED = {
  first: "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746",
  following: "public, max-age=60, stale-while-revalidate=300",
  live: "public, max-age=5, stale-while-revalidate=5",
  rotated: "public, max-age=60, must-revalidate",
  rotatedUnnamed: "public, max-age=1, must-revalidate",
};

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*",
  "access-control-allow-methods": "GET, POST, HEAD, DELETE, OPTIONS",
};

/** What Electric can and this can't: a suite that asks for it proves nothing, so it is refused. */
const ELSEWHERE = /^(subset__.*|replica|live_sse|experimental_live_sse)$/;

/**
 * `GET /v1/shape`: the part of Electric's HTTP API that its TypeScript client uses without subsets and SSE. A shape's
 * offsets are `0_n` within the snapshot, `0_inf` after it, and `lsn_n` in the log, where the n-th change of a transaction has
 * 2n, and the second message of one that has two, one more. There are no partitions here.
 */
export class Shapes implements Rows {
  readonly options: ShapeOptions = {
    chunk: 1000,
    patience: 20_000,
    coalesce: false,
    redeliver: 0,
    namesNewHandle: true,
    refusals: 0,
    unready: null,
    isSecond: false,
    isBlind: false,
    bounds: 10_000,
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
    return unquoted(url.searchParams.get("table") ?? "");
  }

  async answer(request: Incoming, gone: AbortSignal): Promise<Answer> {
    const { status, headers, body } = await this.answered(request, gone).catch((error: unknown) => {
      if (!(error instanceof Invalid)) throw error;
      const body = JSON.stringify({ message: "Invalid request", errors: error.errors });
      return { status: 400, headers: { "cache-control": "no-store" }, body };
    });
    return { status, headers: { ...CORS, ...headers }, body, isCompressed: true };
  }

  private async answered({ method, url }: Incoming, gone: AbortSignal): Promise<Answer> {
    const { unready } = this.options;
    if (unready !== null) {
      const headers = { "retry-after": String(unready), "cache-control": "no-store" };
      return { status: 503, headers, body: JSON.stringify({ message: "The service is not ready" }) };
    }
    if (method === "OPTIONS") return { status: 204 };
    const query = url.searchParams;
    const isElsewhere = method !== "GET" || query.get("offset") === "now" || (query.get("log") ?? "full") !== "full";
    if (isElsewhere || [...query.keys()].some((name) => ELSEWHERE.test(name))) {
      return { status: 501, body: JSON.stringify({ message: "Electric can do this, and this server can't" }) };
    }
    return this.find(query, gone);
  }

  private async find(query: URLSearchParams, gone: AbortSignal): Promise<Answer> {
    const offset = query.get("offset") ?? "";
    if (!/^(-1|0_inf|\d+_\d+)$/.test(offset)) throw new Invalid("offset", "has invalid format");
    const handle = query.get("handle");
    if (offset !== "-1" && handle === null) throw new Invalid("handle", "can't be blank when offset != -1");
    const shape = await this.shape(query);
    if (shape === undefined) {
      const headers = { "retry-after": "5", "cache-control": "no-store" };
      return { status: 503, headers, body: JSON.stringify({ message: "The shape is made by another instance" }) };
    }
    if (offset === "-1" && this.options.refusals > 0) {
      this.options.refusals -= 1;
      return this.mustRefetch(undefined);
    }
    if (offset !== "-1" && handle !== shape.handle) {
      return this.mustRefetch(this.options.namesNewHandle ? shape : undefined);
    }
    const live = query.get("live") === "true";
    if (live && offset === "-1") throw new Invalid("live", "can't be true when offset == -1");
    const next = /^(-1|0_\d+)$/.test(offset) ? Number(offset.slice(2) || -1) + 1 : undefined;
    const chunk = next === undefined ? undefined : shape.snapshot[next];
    if (chunk && next !== undefined) return this.respond(shape, chunk, offset, `0_${next}`, live);
    return this.log(shape, query, offset, live, gone);
  }

  private async log(
    shape: Shape,
    query: URLSearchParams,
    offset: string,
    live: boolean,
    gone: AbortSignal,
  ): Promise<Answer> {
    const after = isLog(offset) ? await this.positionOf(offset, gone) : shape.since;
    const deadline = Date.now() + this.options.patience;
    for (;;) {
      const changed = this.changed(deadline, gone);
      const { messages, last, isAll } = await this.changes(shape, after);
      const next = last ?? (isLog(offset) ? offset : "0_inf");
      if (messages.length > 0 || !live || Date.now() >= deadline || gone.aborted) {
        const seen = { control: "up-to-date", global_last_seen_lsn: await this.lastSeen(shape) };
        return this.respond(shape, isAll ? [...messages, { headers: seen }] : messages, offset, next, live, isAll);
      }
      await changed;
      // The shape may be gone by now. Whoever waits isn't told the name of the next one.
      if ((await this.shape(query))?.handle !== shape.handle) return this.mustRefetch(undefined);
    }
  }

  /** The position in our log of what an offset names. One that is beyond the log is waited for, and then refused. */
  private async positionOf(offset: string, gone: AbortSignal): Promise<bigint> {
    const [lsn = "0", place = "0"] = offset.split("_");
    const deadline = Date.now() + this.options.bounds;
    for (;;) {
      const changed = this.changed(deadline, gone);
      const { rows } = await this.db.query<{ position: string }>(
        `SELECT f.first + $2::BIGINT AS position
         FROM (SELECT min(position) AS first FROM _log WHERE xid = $1::TEXT::XID8) AS f
         WHERE f.first + $2::BIGINT <= (SELECT max(position) FROM _log)`,
        [String(BigInt(lsn) - FIRST_LSN), String(BigInt(place) / 2n)],
      );
      const position = rows[0]?.position;
      if (position != null) return BigInt(position);
      if (Date.now() >= deadline || gone.aborted) throw new Invalid("offset", "out of bounds for this shape");
      await changed;
    }
  }

  /** It moves without changes of the shape, and stands while its changes are held. */
  private async lastSeen(shape: Shape): Promise<string> {
    if (this.options.isBlind) return "0";
    const held = this.held.get(shape.table);
    const { rows } = await this.db.query<{ xid: string }>(
      "SELECT coalesce((SELECT max(xid) FROM _log WHERE position <= $1), pg_snapshot_xmax(pg_current_snapshot())) AS xid",
      [held === undefined ? null : String(held)],
    );
    return String(FIRST_LSN + BigInt(rows[0]?.xid ?? 0));
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
    asked: string,
    offset: string,
    live: boolean,
    isUpToDate = false,
  ): Answer {
    const cached = live ? CACHED.live : asked === "-1" ? CACHED.first : CACHED.following;
    const headers: Record<string, string> = {
      "electric-handle": shape.handle,
      "electric-offset": offset,
      "electric-has-data": String(messages.some(({ key }) => key !== undefined)),
      etag: `"${shape.handle}:${asked}:${offset}"`,
      "cache-control": cached,
      "surrogate-control": cached,
    };
    if (live) headers["electric-cursor"] = String(Math.floor(Date.now() / 20_000));
    else headers["electric-schema"] = JSON.stringify(schema(shape.columns));
    if (isUpToDate) headers["electric-up-to-date"] = "";
    return { status: 200, headers, body: JSON.stringify(messages) };
  }

  private mustRefetch(next: Shape | undefined): Answer {
    const headers =
      next === undefined
        ? { "cache-control": CACHED.rotatedUnnamed }
        : { "electric-handle": next.handle, "cache-control": CACHED.rotated };
    return { status: 409, headers, body: JSON.stringify([{ headers: { control: "must-refetch" } }]) };
  }

  /** The shape that is asked for, with a snapshot of now where there was none; undefined where none is made here. */
  private async shape(query: URLSearchParams): Promise<Shape | undefined> {
    const where = query.get("where") ?? "";
    const parameters: string[] = [];
    for (let index = 1; query.has(`params[${index}]`); index += 1) parameters.push(query.get(`params[${index}]`) ?? "");
    const definition = JSON.stringify([query.get("table"), query.get("columns"), where, parameters]);
    const known = this.shapes.get(definition);
    if (known && !(await this.isTruncated(known))) return known;
    this.shapes.delete(definition);
    if (this.options.isSecond) return undefined;
    const table = identifier(query.get("table"));
    const all = await columnsOf(this.db, table);
    if (all.length === 0) throw new Invalid("table", `Table "public"."${table}" does not exist`);
    const kind = await this.kindOf(table);
    if (kind !== "r") throw new Invalid("table", `"public"."${table}" is no table`);
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

  /** Whether the table has been emptied since the shape's snapshot, as far as that has come here. */
  private async isTruncated({ table, since }: Shape): Promise<boolean> {
    const { rows } = await this.db.query(
      "SELECT FROM _log WHERE relation = $1 AND operation = 'truncate' AND position > $2 AND position <= $3",
      [table, String(since), String(this.held.get(table) ?? 2n ** 62n)],
    );
    return rows.length > 0;
  }

  /** `r` for a table. Electric fails at one that isn't logged. */
  private async kindOf(table: string): Promise<string> {
    const { rows } = await this.db.query<{ kind: string; logged: boolean }>(
      "SELECT relkind AS kind, relpersistence = 'p' AS logged FROM pg_class WHERE oid = to_regclass(quote_ident($1))",
      [table],
    );
    const [{ kind, logged } = { kind: "", logged: true }] = rows;
    if (!logged) throw new Instead({ status: 500, body: JSON.stringify({ message: "Unable to retrieve shape log" }) });
    return kind;
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
    let from = maximum(shape.since, after - BigInt(redeliver));
    for (;;) {
      const limit = this.options.chunk + Math.max(0, Number(after - from));
      const rows = await this.logged(shape, from, limit + 1);
      const isAll = rows.length <= limit;
      const delivered = rows.slice(0, limit);
      const all = rows.map((row) => messagesOf(shape, row));
      const made: Message[] = [];
      // Where one of its later changes makes a message, a transaction goes on.
      let following = rows.at(-1)?.xid !== delivered.at(-1)?.xid || all.at(-1)?.length === 0 ? "" : rows.at(-1)?.xid;
      for (let index = delivered.length - 1; index >= 0; index -= 1) {
        const [xid, messages] = [delivered[index]?.xid, all[index] ?? []];
        const last = messages.at(-1);
        if (last === undefined) continue;
        const isLast = following !== xid || (isAll && made.length === 0);
        made.unshift(...messages.slice(0, -1), isLast ? { ...last, headers: { ...last.headers, last: true } } : last);
        following = xid;
      }
      const isNews = delivered.some((row, index) => BigInt(row.position) > after && (all[index] ?? []).length > 0);
      const lastRow = delivered.at(-1);
      if (!isNews && (isAll || lastRow === undefined)) return { messages: [], last: undefined, isAll };
      if (!isNews && lastRow !== undefined) {
        from = BigInt(lastRow.position);
        continue;
      }
      const { lsn, op_position: place } = made.at(-1)?.headers ?? {};
      return { messages: coalesce ? coalesced(made) : made, last: `${String(lsn)}_${String(place)}`, isAll };
    }
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
      `SELECT l.position::TEXT, l.xid::TEXT,
         (l.position - (SELECT min(f.position) FROM _log AS f WHERE f.xid = l.xid))::TEXT AS place, l.xid::xid::TEXT AS txid, l.operation, l.old, l.new,
         ${isIn("old")} AS was_in, ${isIn("new")} AS is_in
       FROM _log AS l
       WHERE l.relation = ${own[0]} AND l.operation <> 'truncate' AND l.position > ${own[1]}::BIGINT AND l.position <= ${own[2]}::BIGINT
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

function inChunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function maximum(one: bigint, two: bigint): bigint {
  return one > two ? one : two;
}
