// Servers that list their rows as others do: Spring's pages, GitHub's `Link` headers, Stripe's keys of the last row,
// OData's links, and those of JSON:API.

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Backend } from "../support/backend.js";

type Row = Readonly<Record<string, unknown>>;

interface Style {
  /** Where its rows are. */
  readonly path: string;
  readonly key: string;
  readonly newKey: (count: number) => unknown;
  readonly update: "PATCH" | "PUT";
  /** What a changed row is answered with. */
  readonly isSilent?: boolean;
  readonly type: string;
  /** A row as it is shown, where that isn't as it is kept. */
  readonly shown?: (row: Row) => unknown;
  /** What a body says of a row; undefined where it isn't as the server takes it. `id`: of the row that is there. */
  readonly taken?: (body: unknown, id: string | undefined) => Row | undefined;
  /** A list's answer, and its headers. */
  readonly list: (
    rows: readonly Row[],
    url: URL,
  ) => { readonly body: unknown; readonly headers?: Record<string, string> };
}

function count(url: URL, name: string, fallback: number, most = Number.POSITIVE_INFINITY): number {
  return Math.min(Number(url.searchParams.get(name) ?? fallback), most);
}

function page(rows: readonly Row[], number: number, size: number): Row[] {
  return rows.slice(number * size, (number + 1) * size);
}

/** The same list with other parameters. */
function link(url: URL, parameters: Record<string, string | number>): string {
  const next = new URL(url);
  for (const [name, value] of Object.entries(parameters)) next.searchParams.set(name, String(value));
  return next.href;
}

const JSON_API = "application/vnd.api+json";

/** A row as an object of JSON:API. */
function article({ id, author, ...attributes }: Row): { readonly data: unknown } {
  const data = typeof author === "string" ? { type: "people", id: author } : null;
  return {
    data: { type: "articles", id, attributes, relationships: { author: { data } }, links: { self: String(id) } },
  };
}

interface Article {
  readonly type?: unknown;
  readonly id?: string;
  readonly attributes?: Row;
  readonly relationships?: {
    readonly author?: { readonly data: { readonly type: string; readonly id: string } | null };
  };
}

/** What JSON:API says that a body has to be: an object with its type, and, where the row is there, with its id. */
function ofArticle(body: unknown, id: string | undefined): Row | undefined {
  const { data } = body as { readonly data?: Article };
  if (data?.type !== "articles" || (id !== undefined && data.id !== id)) return undefined;
  const author = data.relationships?.author?.data;
  if (author !== undefined && author !== null && (author.type !== "people" || typeof author.id !== "string")) {
    return undefined;
  }
  return {
    ...(data.id !== undefined && { id: data.id }),
    ...data.attributes,
    ...(author !== undefined && { author: author?.id ?? null }),
  };
}

/** The names of `fixtures`: each has a document beside this file. */
export const styles = {
  /** `Page<Customer>` of Spring Data, as springdoc describes it. It gives 5 rows at most. */
  spring: {
    path: "/customers",
    key: "id",
    newKey: (count) => count,
    update: "PUT",
    type: "application/json",
    list: (rows, url) => {
      const [number, size] = [count(url, "page", 0), count(url, "size", 20, 5)];
      const content = page(rows, number, size);
      const totalPages = Math.ceil(rows.length / size);
      const shape = { numberOfElements: content.length, empty: content.length === 0, first: number === 0 };
      const body = { content, number, size, totalElements: rows.length, totalPages, last: number + 1 >= totalPages };
      return { body: { ...body, ...shape } };
    },
  },
  /** As GitHub does: pages from 1 on, and the next one in a header. */
  github: {
    path: "/issues",
    key: "id",
    newKey: (count) => count,
    update: "PATCH",
    type: "application/json; charset=utf-8",
    list: (rows, url) => {
      const [number, size] = [count(url, "page", 1), count(url, "per_page", 3, 4)];
      const links = [`<${link(url, { page: 1 })}>; rel="first"`];
      if (number * size < rows.length) links.unshift(`<${link(url, { page: number + 1 })}>; rel="next"`);
      return { body: page(rows, number - 1, size), headers: { link: links.join(", ") } };
    },
  },
  /** As Stripe does: the next page begins after the last row, whose key is asked with. */
  stripe: {
    path: "/charges",
    key: "id",
    newKey: (count) => count,
    update: "PATCH",
    type: "application/json",
    list: (rows, url) => {
      const [size, after] = [count(url, "limit", 10, 3), url.searchParams.get("starting_after")];
      const start = after === null ? 0 : rows.findIndex(({ id }) => String(id) === after) + 1;
      return { body: { object: "list", data: rows.slice(start, start + size), has_more: start + size < rows.length } };
    },
  },
  /** OData, with pages that the server decides about. */
  odata: {
    path: "/Products",
    key: "ID",
    newKey: (count) => count,
    update: "PATCH",
    isSilent: true,
    type: "application/json; odata.metadata=minimal",
    list: (rows, url) => {
      const start = count(url, "$skiptoken", count(url, "$skip", 0));
      const value = rows.slice(start, start + 3);
      const more = start + 3 < rows.length ? { "@odata.nextLink": link(url, { $skiptoken: start + 3 }) } : {};
      return { body: { "@odata.context": `${url.origin}/$metadata#Products`, value, ...more } };
    },
  },
  /** Rows in `data`, and links beside them. The client makes the key. */
  jsonapi: {
    path: "/articles",
    key: "id",
    newKey: () => randomUUID(),
    update: "PATCH",
    type: JSON_API,
    shown: article,
    taken: ofArticle,
    list: (rows, url) => {
      const [number, size] = [count(url, "page[number]", 1), count(url, "page[size]", 10, 4)];
      const next = number * size < rows.length ? link(url, { "page[number]": number + 1 }) : null;
      return {
        body: {
          data: page(rows, number - 1, size).map((row) => article(row).data),
          links: { self: url.href, next },
          meta: { total: rows.length },
        },
      };
    },
  },
} satisfies Record<string, Style>;

export type StyleName = keyof typeof styles;

export class NodeServer implements Backend {
  private readonly style: Style;
  private readonly rows = new Map<string, Row>();
  private made = 0;
  private readonly http: HttpServer;

  static async start(name: StyleName): Promise<NodeServer> {
    const server = new NodeServer(styles[name]);
    await new Promise<void>((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  private constructor(style: Style) {
    this.style = style;
    this.http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void this.answer(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  all(): Row[] {
    return [...this.rows.values()];
  }

  empty(): Promise<void> {
    this.rows.clear();
    return Promise.resolve();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "localhost"}`);
    const text = Buffer.concat(parts).toString();
    const { status, body, headers = {} } = this.refusal(request) ?? this.respond(request.method ?? "GET", url, text);
    response.writeHead(status, body === undefined ? {} : { "content-type": this.style.type, ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  /** Media types of its own are asked for. */
  private refusal({ headers }: IncomingMessage): { status: number; body: unknown; headers?: undefined } | undefined {
    const { type } = this.style;
    if (type !== JSON_API) return undefined;
    const [accepted = "", sent = type] = [headers.accept, headers["content-type"]];
    if (!accepted.includes(type)) return { status: 406, body: { errors: [{ title: `it answers ${type}` }] } };
    return sent === type ? undefined : { status: 415, body: { errors: [{ title: `it takes ${type}` }] } };
  }

  private respond(
    method: string,
    url: URL,
    text: string,
  ): { status: number; body?: unknown; headers?: Record<string, string> } {
    const { path, key, update, list, newKey, isSilent, shown = (row: Row) => row } = this.style;
    const { taken = (body: unknown) => body as Row } = this.style;
    const odd = { status: 400, body: { error: "the body isn't as it should be" } };
    const missing = { status: 404, body: { error: "not found" } };
    if (url.pathname === path && method === "GET") return { status: 200, ...list([...this.rows.values()], url) };
    if (url.pathname === path && method === "POST") {
      this.made += 1;
      const given = taken(JSON.parse(text), undefined);
      if (given === undefined) return odd;
      const row: Row = { [key]: newKey(this.made), ...this.blank(), ...given };
      if (this.rows.has(String(row[key]))) return { status: 409, body: { error: "it is there already" } };
      this.rows.set(String(row[key]), row);
      return { status: 201, body: shown(row) };
    }
    if (!url.pathname.startsWith(`${path}/`)) return missing;
    const id = decodeURIComponent(url.pathname.slice(path.length + 1));
    const row = this.rows.get(id);
    if (row === undefined) return missing;
    if (method === "GET") return { status: 200, body: shown(row) };
    if (method === "DELETE") {
      this.rows.delete(id);
      return { status: 204 };
    }
    if (method !== update) return { status: 405, body: { error: "not allowed" } };
    const given = taken(JSON.parse(text), id);
    if (given === undefined) return odd;
    const blank = update === "PUT" ? { [key]: row[key], ...this.blank() } : row;
    const changed = { ...blank, ...given };
    this.rows.set(id, changed);
    return isSilent ? { status: 204 } : { status: 200, body: shown(changed) };
  }

  private blank(): Row {
    return { price: null, done: false, ...(this.style.type === JSON_API && { author: null }) };
  }
}
