import type { PGlite } from "@electric-sql/pglite";
import { randomUUID } from "node:crypto";
import type { Api, Role } from "./api.js";
import { type Column, columnsOf, quote, type Transaction } from "./database.js";
import { type Answer, Disconnect, type Fault, type Faults, type Incoming, Instead } from "./faults.js";
import type { Change, PushBody } from "./pushed.js";
import type { Rows } from "./rows.js";
import { type Table, tables } from "./tables.js";

/** Everybody sees all rows. */
const SCOPE = "*";

interface Cursor {
  readonly scopes: Readonly<Record<string, { readonly epoch: string; readonly version: string }>>;
  readonly tables: Readonly<Record<string, string>>;
  readonly loads: readonly string[];
}

interface PullBody {
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly cursor: Cursor | null;
  readonly limit: number;
}

type Result = Readonly<Record<string, unknown>> & { readonly status: string };

/** A write that the server refuses, whatever becomes of its group. */
class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A sync server on the API's database: its versions are positions of the database's log of changes. */
export class PushPull implements Rows {
  /** `ahead`: of clients, in milliseconds. */
  readonly options = { chunk: 200, ahead: 0 };
  private readonly db: PGlite;
  private readonly api: Api;
  private readonly faults: Faults;
  private epoch = randomUUID();
  /** Nothing later is shown until `release`. */
  private heldAt: string | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(db: PGlite, api: Api, faults: Faults) {
    this.db = db;
    this.api = api;
    this.faults = faults;
  }

  async start(): Promise<void> {
    await this.db.exec(`
      CREATE TABLE _pushed (write_id TEXT PRIMARY KEY, content TEXT NOT NULL, result JSONB NOT NULL);
      CREATE TABLE _shown (position BIGINT PRIMARY KEY, write_id TEXT NOT NULL);
    `);
    await this.db.listen("_log", () => this.wake());
  }

  /** The database has been emptied, and its log doesn't know that. */
  async forget(): Promise<void> {
    await this.db.exec("DELETE FROM _pushed; DELETE FROM _shown; DELETE FROM _log");
  }

  async hold(): Promise<void> {
    this.heldAt = await this.head(this.db);
  }

  release(): void {
    this.heldAt = undefined;
    this.wake();
  }

  /** Another history: clients begin anew, and send again what they have been told is there. */
  refetch(): void {
    this.epoch = randomUUID();
    this.release();
  }

  wake(): void {
    for (const listener of this.listeners) listener();
  }

  isFor({ url }: Incoming): boolean {
    return url.pathname === "/sync/pull" || url.pathname === "/sync/poke";
  }

  requests(_name: string, which: "all" | "first" = "all"): Pick<Fault, "on" | "where"> {
    const isFirst = ({ body }: Incoming): boolean => (JSON.parse(body) as PullBody).cursor === null;
    return {
      on: "rows",
      where: (request) => request.url.pathname === "/sync/pull" && (which === "all" || isFirst(request)),
    };
  }

  tableOf(): string {
    return "";
  }

  async answer(request: Incoming, gone: AbortSignal): Promise<Answer> {
    if (request.url.pathname === "/sync/poke") {
      await new Promise<void>((resolve) => {
        this.listeners.add(resolve);
        gone.addEventListener("abort", () => resolve());
        setTimeout(resolve, 20_000).unref();
      });
      this.listeners.clear();
      return { status: 200, headers: { "content-type": "text/event-stream" }, body: "event: poke\nid: 1\ndata: {}\n\n" };
    }
    return { status: 200, body: JSON.stringify(await this.pull(JSON.parse(request.body) as PullBody)) };
  }

  async push(request: Incoming, role: Role): Promise<Answer> {
    const body = JSON.parse(request.body) as PushBody;
    const work = async (): Promise<Answer> => {
      const results = await this.db.transaction((tx) => this.apply(tx, body, request, role));
      return { status: 200, body: JSON.stringify({ protocol: 1, stamp: this.stamp(), results }) };
    };
    const answer = await work();
    return (await this.faults.at("committed", request)) ? work() : answer;
  }

  /** The server's clock. */
  private stamp(): string {
    return `${Date.now() + this.options.ahead}.0`;
  }

  private async apply(
    tx: Transaction,
    { changes, answered }: PushBody,
    request: Incoming,
    role: Role,
  ): Promise<readonly Result[]> {
    await tx.query("DELETE FROM _pushed WHERE write_id = ANY ($1)", [answered]);
    const results: Result[] = [];
    /** Temporary keys and what they have become, by model. */
    const made = new Map<string, string>();
    for (const group of groupsOf(changes)) {
      await tx.exec("SAVEPOINT before");
      const done: Result[] = [];
      let refused: { readonly change: Change; readonly error: Refusal } | undefined;
      for (const change of group) {
        try {
          done.push(await this.once(tx, change, made, role));
        } catch (error) {
          refused = { change, error: refusal(error) };
          break;
        }
      }
      if (refused !== undefined) {
        await tx.exec("ROLLBACK TO before");
        const { status, code, message } = refused.error;
        const error = { status, code, message, write_id: refused.change.write_id };
        done.length = 0;
        for (const change of group) {
          const result = { write_id: change.write_id, status: "rejected", repeated: false, error };
          await this.remember(tx, contentOf(change, made), result);
          done.push(result);
        }
      }
      await tx.exec("RELEASE before");
      results.push(...done);
    }
    await this.faults.at("writing", request);
    return results;
  }

  private async once(tx: Transaction, change: Change, made: Map<string, string>, role: Role): Promise<Result> {
    const { rows } = await tx.query<{ content: string; result: Result }>(
      "SELECT content, result FROM _pushed WHERE write_id = $1",
      [change.write_id],
    );
    const [known] = rows;
    if (known === undefined) {
      const result = await this.write(tx, change, made, role);
      await this.remember(tx, contentOf(change, made), result);
      return result;
    }
    noteMade(made, change, (known.result["key"] as { id?: string } | undefined)?.id);
    const content = contentOf(change, made);
    if (known.content !== content) this.api.misused.push(`${known.content}\n${content}`);
    const place = known.result["place"] as object | undefined;
    return { ...known.result, repeated: true, ...(place && { place: { ...place, epoch: this.epoch } }) };
  }

  private async remember(tx: Transaction, content: string, result: Result): Promise<void> {
    await tx.query("INSERT INTO _pushed VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [
      result["write_id"],
      content,
      JSON.stringify(result),
    ]);
  }

  private async write(tx: Transaction, change: Change, made: Map<string, string>, role: Role): Promise<Result> {
    const table = tables.find(({ path }) => path === change.table);
    if (table === undefined) throw new Refusal(404, "unknown_table", `there is no ${change.table}`);
    const columns = await columnsOf(tx, table.name);
    const key = resolved(made, table.path, change.key[table.key] ?? "");
    const values = valuesOf(table, change, made, role);
    const before = await this.head(tx);
    let newKey: string | undefined;
    if (change.operation === "insert") {
      const given = isIdentity(table) ? values : new Map([[table.key, key], ...values]);
      newKey = await insert(tx, table, columns, given);
    } else {
      const set = change.operation === "update" ? values : undefined;
      if (!(await alter(tx, table, columns, key, set))) throw new Refusal(404, "not_found", "there is no such row");
    }
    const version = await this.head(tx);
    if (version !== before) await tx.query("INSERT INTO _shown VALUES ($1, $2)", [version, change.write_id]);
    noteMade(made, change, isIdentity(table) ? newKey : undefined);
    return {
      write_id: change.write_id,
      status: "applied",
      repeated: false,
      place: { scope: SCOPE, epoch: this.epoch, version },
      ...(isIdentity(table) && newKey !== undefined && { key: { [table.key]: newKey } }),
    };
  }

  private async head(db: PGlite | Transaction): Promise<string> {
    const { rows } = await db.query<{ head: string }>("SELECT coalesce(max(position), 0)::TEXT AS head FROM _log");
    return rows[0]?.head ?? "0";
  }

  private async pull({ tables: asked, cursor, limit }: PullBody): Promise<object> {
    const stamp = this.stamp();
    const seen = cursor?.scopes[SCOPE];
    if (seen !== undefined && seen.epoch !== this.epoch) {
      return { protocol: 1, stamp, cursor: null, changes: [], more: true, reset: "epoch" };
    }
    return this.db.transaction(async (tx) => {
      const head = this.heldAt ?? (await this.head(tx));
      const hashes = Object.fromEntries(Object.entries(asked).map(([name, columns]) => [name, columns.join()]));
      // A table with other columns than before comes as a whole: so do all.
      const isSame = cursor !== null && JSON.stringify(cursor.tables) === JSON.stringify(hashes);
      const from = isSame ? (seen?.version ?? "0") : "0";
      const names = tables.filter(({ path }) => path in asked).map(({ name }) => name);
      const most = Math.min(limit, this.options.chunk);
      const { rows } = await tx.query<LoggedRow>(
        `SELECT l.position::TEXT AS version, l.relation, coalesce(l.new, l.old) AS image, l.new IS NULL AS gone, s.write_id
         FROM (
           SELECT DISTINCT ON (relation, key) position, relation, old, new
           FROM (
             SELECT *, coalesce(coalesce(new, old) ->> 'id', coalesce(new, old) ->> 'name') AS key
             FROM (
               SELECT position, relation, old, new FROM _log
               UNION ALL
               -- Of a row that has got another key, the old one has gone.
               SELECT position, relation, old, NULL FROM _log WHERE old ->> 'id' <> new ->> 'id'
             ) AS each
           ) AS k
           WHERE relation = ANY ($3) AND position <= $2
           ORDER BY relation, key, position DESC
         ) AS l
         LEFT JOIN _shown AS s ON s.position = l.position
         WHERE l.position > $1
         ORDER BY l.position
         LIMIT $4`,
        [from, head, names, most],
      );
      const changes = rows.map((row) => changeOf(row, asked));
      const more = rows.length === most;
      const version = more ? (rows.at(-1)?.version ?? head) : head;
      const next = { scopes: { [SCOPE]: { epoch: this.epoch, version } }, tables: hashes, loads: [] };
      return { protocol: 1, stamp, cursor: next, changes, more };
    });
  }
}

interface LoggedRow {
  readonly version: string;
  readonly relation: string;
  readonly image: Readonly<Record<string, string | null>>;
  readonly gone: boolean;
  readonly write_id: string | null;
}

function changeOf({ version, relation, image, gone, write_id }: LoggedRow, asked: PullBody["tables"]): object {
  const table = tables.find(({ name }) => name === relation);
  if (table === undefined) throw new Error(`no table ${relation}`);
  const columns = asked[table.path] ?? [];
  const row = Object.fromEntries(columns.map((name) => [name, image[table.columns?.[name] ?? name] ?? null]));
  const key = { [table.key]: image[table.key] ?? null };
  return { table: table.path, key, version, scope: SCOPE, write_id, row: gone ? null : row };
}

function groupsOf(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const last = groups.at(-1);
    if (last?.[0]?.transaction_id === change.transaction_id) last.push(change);
    else groups.push([change]);
  }
  return groups;
}

/** What a write does. A key that the server has made stands for the temporary one; of an insert, it isn't a part. */
function contentOf({ table: name, operation, key, value }: Change, made: ReadonlyMap<string, string>): string {
  const table = tables.find(({ path }) => path === name);
  const isMade = operation === "insert" && table !== undefined && isIdentity(table);
  const known = Object.entries(value).map(([property, text]) => {
    const parent = PARENTS[property];
    return [property, parent === undefined || text === null ? text : resolved(made, parent, text)];
  });
  const keys = Object.values(key).map((text) => resolved(made, name, text));
  return JSON.stringify([name, operation, isMade ? [] : keys, known]);
}

/** Whether the server makes the keys of new rows. */
function isIdentity({ ddl }: Table): boolean {
  return ddl.includes("ALWAYS AS IDENTITY");
}

function noteMade(made: Map<string, string>, { table, operation, key }: Change, newKey: string | undefined): void {
  const temporary = key["id"];
  if (operation === "insert" && newKey !== undefined && temporary !== undefined) made.set(`${table} ${temporary}`, newKey);
}

function resolved(made: ReadonlyMap<string, string>, path: string, key: string): string {
  return made.get(`${path} ${key}`) ?? key;
}

const PARENTS: Readonly<Record<string, string>> = { account_id: "accounts", project_id: "projects" };

function valuesOf(table: Table, change: Change, made: Map<string, string>, role: Role): Map<string, string | null> {
  const taken = change.operation === "insert" ? table.create : table.change;
  const values = new Map<string, string | null>();
  for (const [property, value] of Object.entries(change.value)) {
    if (!taken.includes(property)) throw new Refusal(422, "read_only", `${property} may not be set`);
    const isReserved = table.managers?.includes(property) === true && value !== "false" && role !== "manager";
    if (isReserved) throw new Refusal(403, "forbidden", `only a manager may set ${property}`);
    const parent = PARENTS[property];
    const resolvedValue = parent === undefined || value === null ? value : resolved(made, parent, value);
    values.set(table.columns?.[property] ?? property, resolvedValue);
  }
  return values;
}

function typed(columns: readonly Column[], name: string, index: number): string {
  return `$${index}::TEXT::${columns.find((column) => column.name === name)?.type ?? "TEXT"}`;
}

async function insert(
  tx: Transaction,
  table: Table,
  columns: readonly Column[],
  values: ReadonlyMap<string, string | null>,
): Promise<string | undefined> {
  const names = [...values.keys()];
  const { rows } = await tx.query<{ key: string }>(
    `INSERT INTO ${quote(table.name)} (${names.map(quote).join(", ")})
     VALUES (${names.map((name, index) => typed(columns, name, index + 1)).join(", ")})
     RETURNING ${quote(table.key)}::TEXT AS key`,
    [...values.values()],
  );
  return rows[0]?.key;
}

/** Without values: deletes the row. Whether there was one. */
async function alter(
  tx: Transaction,
  table: Table,
  columns: readonly Column[],
  key: string,
  values: ReadonlyMap<string, string | null> | undefined,
): Promise<boolean> {
  const itself = `${quote(table.key)}::TEXT = $1`;
  const touched = columns.some(({ name }) => name === "updated_at") ? ["updated_at = clock_timestamp()"] : [];
  const names = [...(values?.keys() ?? [])];
  const set = [...names.map((name, index) => `${quote(name)} = ${typed(columns, name, index + 2)}`), ...touched];
  const statement =
    values === undefined
      ? `DELETE FROM ${quote(table.name)} WHERE ${itself} RETURNING 1`
      : `UPDATE ${quote(table.name)} SET ${set.join(", ")} WHERE ${itself} RETURNING 1`;
  const { rows } = await tx.query(statement, [key, ...(values?.values() ?? [])]);
  return rows.length > 0;
}

function refusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof Disconnect || error instanceof Instead) throw error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  if (code === "23505") return new Refusal(409, "exists", message);
  if (code === "23503") return new Refusal(409, "reference", message);
  if (/^2[23]/.test(code)) return new Refusal(422, "invalid", message);
  throw error;
}
