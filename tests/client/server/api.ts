import type { PGlite } from "@electric-sql/pglite";
import { asJson, columnsOf, quote, type Transaction } from "./database.js";
import { type Answer, Disconnect, type Faults, type Incoming, Instead } from "./faults.js";
import type { Part } from "./lists.js";
import { problem } from "./problem.js";
import { type Table, tables } from "./tables.js";

export type Role = "member" | "manager";

export interface ApiOptions {
  /** Whether answers are remembered by idempotency key, and repeated. */
  idempotency: boolean;
}

/** A refusal, known before or while the row is written. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** The API of fixtures/workspace/openapi.yaml, and that of fixtures/contacts/openapi.yaml. */
export class Api {
  readonly options: ApiOptions = { idempotency: true };
  /** Requests under a known idempotency key that were not the same as the first. */
  readonly misused: string[] = [];
  private readonly db: PGlite;
  private readonly faults: Faults;

  constructor(db: PGlite, faults: Faults) {
    this.db = db;
    this.faults = faults;
  }

  async answer(request: Incoming, role: Role): Promise<Answer> {
    const [, path, key] = request.url.pathname
      .replace(/(?<=.)\/$/, "")
      .split("/")
      .map(decodeURIComponent);
    const table = tables.find((table) => table.path === path);
    if (!table) return problem(404, "there is no such path");
    if (request.method === "GET") {
      return key === undefined ? { status: 200, body: await this.list(table, {}) } : this.read(table, key);
    }
    const id = request.headers["idempotency-key"];
    if (typeof id !== "string" || id === "") return problem(400, "an Idempotency-Key is needed");
    const work = (): Promise<Answer> => this.write(table, key, request, id, role);
    const answer = await work();
    return (await this.faults.at("committed", request)) ? work() : answer;
  }

  /** Rows of a table in the order of their keys, as a JSON array. */
  async list(table: Table, { limit, offset = 0, since }: Part): Promise<string> {
    return this.db.transaction(async (tx) => {
      const json = asJson(table, await columnsOf(tx, table.name));
      const condition = since === undefined ? "$3::TEXT IS NULL" : "updated_at >= $3::TIMESTAMPTZ";
      const { rows } = await tx.query<{ row: string }>(
        `SELECT ${json} AS row FROM ${quote(table.name)} WHERE ${condition} ORDER BY ${quote(table.key)} LIMIT $1 OFFSET $2`,
        [limit ?? null, offset, since ?? null],
      );
      return `[${rows.map(({ row }) => row).join(",")}]`;
    });
  }

  private async read(table: Table, key: string): Promise<Answer> {
    return this.db.transaction(async (tx) => {
      const json = asJson(table, await columnsOf(tx, table.name));
      const row = await find(tx, table, json, key);
      return row === undefined
        ? problem(404, "there is no such row")
        : { status: 200, headers: await etag(tx, table, row), body: row };
    });
  }

  /** The row and what was answered are committed together. */
  private async write(
    table: Table,
    key: string | undefined,
    request: Incoming,
    id: string,
    role: Role,
  ): Promise<Answer> {
    const asked = JSON.stringify([request.method, request.url.pathname, request.body]);
    try {
      return await this.db.transaction(async (tx) => {
        const known = await this.remembered(tx, id, asked);
        if (known) return known;
        const answer = await change(tx, table, key, request, role);
        await this.faults.at("writing", request);
        await this.remember(tx, id, asked, answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof Disconnect || error instanceof Instead) throw error;
      const answer = refusal(error);
      if (answer.status !== 403) await this.db.transaction((tx) => this.remember(tx, id, asked, answer));
      return answer;
    }
  }

  private async remembered(tx: Transaction, id: string, asked: string): Promise<Answer | undefined> {
    if (!this.options.idempotency) return undefined;
    const { rows } = await tx.query<{ request: string; answer: Answer }>(
      "SELECT request, answer FROM _answers WHERE key = $1",
      [id],
    );
    const [known] = rows;
    if (known && known.request !== asked) this.misused.push(`${known.request}\n${asked}`);
    return known && { ...known.answer, headers: { ...known.answer.headers, "idempotency-replayed": "true" } };
  }

  private async remember(tx: Transaction, id: string, asked: string, answer: Answer): Promise<void> {
    if (!this.options.idempotency) return;
    await tx.query("INSERT INTO _answers VALUES ($1, $2, $3)", [id, asked, JSON.stringify(answer)]);
  }
}

async function change(
  tx: Transaction,
  table: Table,
  key: string | undefined,
  request: Incoming,
  role: Role,
): Promise<Answer> {
  const all = await columnsOf(tx, table.name);
  const json = asJson(table, all);
  const transaction = await tx.query<{ txid: string }>("SELECT pg_current_xact_id()::xid::text AS txid");
  const txid = transaction.rows[0]?.txid ?? "";
  const name = quote(table.name);
  const itself = `${quote(table.key)}::TEXT = $1`;
  if (request.method === "POST" && key === undefined) {
    const columns = body(table, table.create, request, role);
    const row = await one(
      tx,
      `INSERT INTO ${name} (${columns.join(", ")})
       SELECT ${columns.join(", ")} FROM jsonb_populate_record(NULL::${name}, _renamed($1, $2))
       RETURNING ${json} AS row`,
      [request.body, names(table)],
    );
    return { status: 201, headers: await etag(tx, table, row ?? ""), body: table.created(row ?? "", txid) };
  }
  if (key === undefined) throw new Refusal(405, "not for the collection");
  const before = await find(tx, table, json, key);
  if (request.method === "DELETE") {
    if (before === undefined) throw new Refusal(404, "there is no such row");
    await tx.query(`DELETE FROM ${name} WHERE ${itself}`, [key]);
    return withBody(200, table.deleted(txid));
  }
  if (request.method !== table.update) throw new Refusal(405, `not with ${request.method}`);
  const columns = body(table, table.change, request, role);
  if (before === undefined) throw new Refusal(404, "there is no such row");
  const wanted = request.headers["if-match"];
  if (wanted !== undefined && wanted !== (await etag(tx, table, before))["etag"])
    throw new Refusal(412, "it has changed");
  const replaced = table.update === "PUT" ? table.change.map((property) => column(table, property)) : columns;
  const given = (name: string): string => (columns.includes(name) ? `r.${name}` : "DEFAULT");
  const touched = all.some(({ name }) => name === "updated_at") ? ["updated_at = clock_timestamp()"] : [];
  const settings = [...replaced.map((name) => `${name} = ${given(name)}`), ...touched];
  if (settings.length === 0) throw new Refusal(422, "nothing to change");
  const row = await one(
    tx,
    `UPDATE ${name} SET ${settings.join(", ")}
     FROM jsonb_populate_record(NULL::${name}, _renamed($2, $3)) AS r
     WHERE ${name}.${itself}
     RETURNING (SELECT ${json} FROM (SELECT ${name}.*) AS updated) AS row`,
    [key, request.body, names(table)],
  );
  return withBody(200, table.changed(row ?? "", txid), await etag(tx, table, row ?? ""));
}

function withBody(status: number, body: string | undefined, headers: Record<string, string> = {}): Answer {
  return body === undefined ? { status: 204 } : { status, body, headers };
}

/** The columns that a body sets, or a refusal. */
function body(table: Table, taken: readonly string[], request: Incoming, role: Role): string[] {
  let members: unknown;
  try {
    members = JSON.parse(request.body);
  } catch {
    throw new Refusal(400, "the body isn't JSON");
  }
  if (typeof members !== "object" || members === null || Array.isArray(members)) throw new Refusal(422, "no object");
  const properties = Object.keys(members);
  const unknown = properties.filter((property) => !taken.includes(property));
  if (unknown.length > 0) throw new Refusal(422, `extra fields: ${unknown.join(", ")}`);
  const reserved = Object.entries(members).filter(([name, value]) => table.managers?.includes(name) && value !== false);
  if (reserved.length > 0 && role !== "manager") {
    throw new Refusal(403, `only a manager may set ${reserved.map(([name]) => name).join(", ")}`);
  }
  return properties.map((property) => column(table, property));
}

function column(table: Table, property: string): string {
  return quote(table.columns?.[property] ?? property);
}

function names(table: Table): string {
  return JSON.stringify(table.columns ?? {});
}

async function find(tx: Transaction, table: Table, json: string, key: string): Promise<string | undefined> {
  return one(tx, `SELECT ${json} AS row FROM ${quote(table.name)} WHERE ${quote(table.key)}::TEXT = $1`, [key]);
}

async function one(tx: Transaction, statement: string, parameters: unknown[]): Promise<string | undefined> {
  const { rows } = await tx.query<{ row: string }>(statement, parameters);
  return rows[0]?.row;
}

async function etag(tx: Transaction, table: Table, row: string): Promise<Record<string, string>> {
  if (!table.etag) return {};
  return { etag: `"${(await one(tx, "SELECT md5($1::text) AS row", [row])) ?? ""}"` };
}

function refusal(error: unknown): Answer {
  if (error instanceof Refusal) return problem(error.status, error.message);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  if (code === "23505") return problem(409, message);
  if (/^2[23]/.test(code)) return problem(422, message);
  throw error;
}
