import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { membersOf, textOf } from "../../pglite/rest/db/client/json.js";

/** A row as the API has it. Values are JSON texts, so that no digit gets lost. */
export type StoredRow = Readonly<Record<string, string>>;

export interface ListRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface ListAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** In place of the text. */
  readonly bytes?: Uint8Array;
}

/** Makes the answer of a list out of the rows that it has now. */
export type Style = (rows: readonly string[], url: URL, base: string) => ListAnswer;

/** An API that keeps its rows in memory and lists them in any style: `/projects` and `/projects/{id}`. */
export class ListServer {
  readonly requests: ListRequest[] = [];
  /** What was written, in the order of the writes. */
  readonly written: { readonly method: string; readonly key: string; readonly set: StoredRow }[] = [];
  /** By path and key. What lists show is in this order. */
  readonly tables = new Map<string, Map<string, StoredRow>>();
  /** Of `/projects`; all others come at once. */
  style: Style = atOnce;
  /** Comes between a request and its answer: what it returns is answered in place of the usual. */
  before: (request: ListRequest) => Promise<ListAnswer | undefined> | ListAnswer | undefined = () => undefined;
  /** Comes between the making of an answer and its leaving. What it returns is answered in its place. */
  after: (request: ListRequest, answer: ListAnswer) => Promise<ListAnswer | void> | ListAnswer | void = () => {};
  hasItems = true;
  /** Whether answers to writes have the row. */
  answersRows = true;
  private readonly http: Server;
  private writes = 0;

  static async start(): Promise<ListServer> {
    const server = new ListServer();
    await new Promise<void>((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  private constructor() {
    this.http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void this.serve(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  table(path: string): Map<string, StoredRow> {
    const known = this.tables.get(path) ?? new Map<string, StoredRow>();
    this.tables.set(path, known);
    return known;
  }

  /** Somebody else writes. */
  put(path: string, row: StoredRow, key = textOf(row["id"] ?? "null")): void {
    this.table(path).set(key, row);
  }

  /** Requests for a list or an item, in the order of their arrival. */
  asked(path: string): ListRequest[] {
    return this.requests.filter(({ method, url }) => method === "GET" && url.pathname === path);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers } = request;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const url = new URL(request.url ?? "/", this.url);
    const asked: ListRequest = { method, url, headers, body: Buffer.concat(parts).toString() };
    this.requests.push(asked);
    const made = (await this.before(asked)) ?? this.answer(asked);
    const answer = (await this.after(asked, made)) ?? made;
    const usual = { "content-type": "application/json" };
    response.writeHead(answer.status ?? 200, { ...usual, ...answer.headers });
    response.end((answer.status ?? 200) === 304 ? undefined : (answer.bytes ?? answer.body));
  }

  private answer(asked: ListRequest): ListAnswer {
    const { method, url, body } = asked;
    const path = [...this.tables.keys()].find((name) => url.pathname === name || url.pathname.startsWith(`${name}/`));
    const missing = { status: 404, body: '{"detail":"not here"}' };
    if (path === undefined) return missing;
    const table = this.table(path);
    const key = decodeURIComponent(url.pathname.slice(path.length + 1));
    if (key === "" && method === "GET") return this.listed(path === "/projects" ? this.style : atOnce, table, asked);
    if (method === "GET") return this.hasItems && table.has(key) ? { body: objectOf(table.get(key) ?? {}) } : missing;
    const set = method === "DELETE" ? {} : (membersOf(body) ?? {});
    this.written.push({ method, key: key === "" ? textOf(set["id"] ?? "null") : key, set });
    if (method === "POST") return this.save(table, textOf(set["id"] ?? "null"), set, 201);
    const row = table.get(key);
    if (row === undefined) return missing;
    if (method === "PUT") return this.save(table, key, { id: row["id"] ?? "null", ...set }, 200);
    if (method !== "DELETE") return this.save(table, key, { ...row, ...set }, 200);
    table.delete(key);
    return { status: 204, body: "" };
  }

  private listed(style: Style, table: Map<string, StoredRow>, { url, headers }: ListRequest): ListAnswer {
    const answer = style([...table.values()].map(objectOf), url, this.url);
    const { etag, "last-modified": modified } = answer.headers ?? {};
    const isSame = etag === undefined ? headers["if-modified-since"] === modified : headers["if-none-match"] === etag;
    return isSame && (etag ?? modified) !== undefined ? { ...answer, status: 304 } : answer;
  }

  private save(table: Map<string, StoredRow>, key: string, row: StoredRow, status: number): ListAnswer {
    this.writes += 1;
    const saved: StoredRow = {
      ...row,
      created_at: row["created_at"] ?? time(this.writes),
      updated_at: time(this.writes),
    };
    table.set(key, saved);
    return this.answersRows ? { status, body: objectOf(saved) } : { status: 204, body: "" };
  }
}

function time(number: number): string {
  return JSON.stringify(new Date(Date.UTC(2026, 1, 1) + number * 1_000).toISOString());
}

function objectOf(row: StoredRow): string {
  return `{${Object.entries(row)
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    .join(",")}}`;
}

function number(url: URL, name: string, otherwise: number): number {
  return Number(url.searchParams.get(name) ?? otherwise);
}

/** All rows as one list. */
export const atOnce: Style = (rows) => ({ body: `[${rows.join(",")}]` });

/** `limit` and `offset`, of which the server gives no more than `cap` at a time. */
export function byOffset(cap: number, wrap = (rows: string, _total: number): string => rows): Style {
  return (rows, url) => {
    const start = number(url, "offset", 0);
    const some = rows.slice(start, start + Math.min(cap, number(url, "limit", cap)));
    return { body: wrap(`[${some.join(",")}]`, rows.length) };
  };
}

/** `page` from `first` on, in Spring's envelope. */
export function byPage(size: number, first: number): Style {
  return (rows, url) => {
    const page = number(url, "page", first) - first;
    const some = rows.slice(page * size, (page + 1) * size);
    const pages = Math.ceil(rows.length / size);
    const last = page >= pages - 1;
    return {
      body: `{"content":[${some.join(",")}],"last":${last},"totalPages":${pages},"totalElements":${rows.length}}`,
    };
  };
}

/** A cursor in the answer, which says where to go on. */
export function byCursor(size: number): Style {
  return (rows, url) => {
    const start = number(url, "cursor", 0);
    const next = start + size < rows.length ? JSON.stringify(String(start + size)) : "null";
    return { body: `{"items":[${rows.slice(start, start + size).join(",")}],"meta":{"next_cursor":${next}}}` };
  };
}

/** The rows after the one whose key is given, and whether there are more. */
export function byLastKey(size: number): Style {
  return (rows, url) => {
    const after = url.searchParams.get("starting_after");
    const start = after === null ? 0 : rows.findIndex((row) => textOf(membersOf(row)?.["id"] ?? "") === after) + 1;
    return {
      body: `{"data":[${rows.slice(start, start + size).join(",")}],"has_more":${start + size < rows.length}}`,
    };
  };
}

/** A link to the next page: in the header, or as a member of the answer. */
export function byLink(
  size: number,
  member: string | undefined,
  origin?: string,
  spelled: (link: string) => unknown = (link) => link,
): Style {
  return (rows, url, base) => {
    const start = number(url, "start", 0);
    const next = new URL(url);
    next.searchParams.set("start", String(start + size));
    const link = start + size < rows.length ? next.href.replace(base, origin ?? base) : undefined;
    const some = `[${rows.slice(start, start + size).join(",")}]`;
    if (member === undefined) {
      return {
        body: some,
        headers: link === undefined ? {} : { link: `<${base}/x>; rel="first", <${link}>; rel=next` },
      };
    }
    return {
      body: `{"value":${some},${JSON.stringify(member)}:${JSON.stringify(link === undefined ? null : spelled(link))}}`,
    };
  };
}
