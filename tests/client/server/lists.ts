import { createHash } from "node:crypto";
import type { Api } from "./api.js";
import type { Answer, Fault, Incoming } from "./faults.js";
import { problem } from "./problem.js";
import type { Rows } from "./rows.js";
import { type Table, tables } from "./tables.js";

/** Thrown for a parameter that the list doesn't take. */
class Invalid extends Error {}

/** The API's lists, as clients poll them: in pages as the document says, and with an ETag for each. */
export class Lists implements Rows {
  /** The server gives no more rows at a time than this, whatever is asked for. */
  readonly options = { chunk: 200 };
  private readonly api: Api;
  private readonly held = new Map<string, Promise<void>>();
  private letGo = (): void => {};
  /** Part of each ETag: another one makes all that clients have stale. */
  private generation = 0;

  constructor(api: Api) {
    this.api = api;
  }

  /** Answers are as of their requests, and don't leave until `release`. */
  hold(table: string): Promise<void> {
    const released = new Promise<void>((resolve) => {
      const before = this.letGo;
      this.letGo = () => {
        before();
        resolve();
      };
    });
    this.held.set(table, released);
    return Promise.resolve();
  }

  release(): void {
    this.held.clear();
    this.letGo();
    this.letGo = () => {};
  }

  /** Ends a hold, too. */
  refetch(): void {
    this.generation += 1;
    this.release();
  }

  wake(): void {}

  isFor({ method, url }: Incoming): boolean {
    return method === "GET" && pathOf(url).length === 1;
  }

  requests(name: string, which: "all" | "first" = "all"): Pick<Fault, "on" | "where"> {
    const isFirst = ({ url }: Incoming): boolean =>
      (url.searchParams.get("offset") ?? "0") === "0" && (url.searchParams.get("page") ?? "1") === "1";
    return {
      on: "rows",
      where: (request) => this.tableOf(request) === name && (which === "all" || isFirst(request)),
    };
  }

  tableOf({ url }: Incoming): string {
    return tables.find(({ path }) => path === pathOf(url)[0])?.name ?? "";
  }

  async answer({ url, headers }: Incoming): Promise<Answer> {
    const table = tables.find(({ path }) => path === pathOf(url)[0]);
    if (!table) return problem(404, "there is no such path");
    try {
      const body = await this.api.list(table, this.part(table, url.searchParams));
      await this.held.get(table.name);
      const etag = `"${createHash("md5").update(body).digest("hex")}-${this.generation}"`;
      return headers["if-none-match"] === etag
        ? { status: 304, headers: { etag } }
        : { status: 200, headers: { etag }, body };
    } catch (error) {
      if (error instanceof Invalid) return problem(422, error.message);
      throw error;
    }
  }

  /** What a request asks for: no more than the server gives at a time. */
  private part({ paging, since }: Table, query: URLSearchParams): Part {
    const size = { none: undefined, offset: "limit", page: "per_page" }[paging];
    const taken = [size, { none: undefined, offset: "offset", page: "page" }[paging], since];
    for (const name of query.keys()) if (!taken.includes(name)) throw new Invalid(`unknown parameter: ${name}`);
    const updatedSince = since === undefined ? {} : { since: query.get(since) ?? undefined };
    if (size === undefined) return updatedSince;
    const limit = Math.min(count(query, size, 50), this.options.chunk);
    const offset = paging === "page" ? (count(query, "page", 1) - 1) * limit : count(query, "offset", 0);
    return { ...updatedSince, limit, offset };
  }
}

/** A part of a list. */
export interface Part {
  readonly limit?: number;
  readonly offset?: number;
  /** Rows that have changed since then. */
  readonly since?: string | undefined;
}

function count(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name) ?? String(fallback);
  if (!/^\d+$/.test(text)) throw new Invalid(`${name} is no number`);
  return Number(text);
}

function pathOf(url: URL): string[] {
  return url.pathname.split("/").filter((part) => part !== "");
}
