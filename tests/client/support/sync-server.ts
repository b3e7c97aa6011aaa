// The generated sync server, with what tests do to its requests and answers on their way.

import type { PGlite } from "@electric-sql/pglite";
import { AsyncLocalStorage } from "node:async_hooks";
import { createSyncServer, pgliteDatabase, schemaSql, type Database, type SyncServer } from "../../sync/index.js";
import type { PullAnswer, PullRequest, PushAnswer, Write } from "../../sync/index.js";
import type { Role } from "../server/api.js";
import { type Answer, Disconnect, type Fault, type Faults, type Incoming, Instead } from "../server/faults.js";
import type { SyncRows } from "../server/rows.js";
import type { Syncing } from "../server/server.js";
import { tables } from "../server/tables.js";
import { application } from "./server-functions.js";
import { asEndpoint, authorizationOf, startApplication } from "./start-application.js";

/** Whether server functions are called, and no endpoints. */
const isCalled = application !== undefined;

/** What a poke looks like that names nothing. */
const POKE = new TextEncoder().encode("event: poke\ndata: {}\n\n");

export const syncing: Syncing = {
  schema: schemaSql,
  open: (db, faults, roleOf) => new SyncServerRows(db, faults, roleOf),
};

/** A request that is being handled, and the fault that has met it. */
interface Handled {
  readonly request: Incoming;
  fault?: Disconnect | Instead;
}

class SyncServerRows implements SyncRows {
  readonly options = { chunk: 200, ahead: 0, shuffles: false };
  readonly misused: string[] = [];
  private readonly db: PGlite;
  private readonly faults: Faults;
  private readonly respond: (request: Request) => Promise<Response>;
  private readonly handled = new AsyncLocalStorage<Handled>();
  private readonly streams = new Set<() => void>();
  private isHeld = false;

  constructor(db: PGlite, faults: Faults, roleOf: (authorization: string | null) => Role | undefined) {
    this.db = db;
    this.faults = faults;
    const open = (create: typeof createSyncServer): SyncServer =>
      create({
        database: this.withFaults(pgliteDatabase(db)),
        authenticate: (request) => {
          const cookie = request.headers.get("cookie");
          const role = roleOf(cookie === null ? request.headers.get("authorization") : authorizationOf(cookie));
          return role === undefined ? null : { id: role, scopes: {} };
        },
        authorize: mayWrite,
        onError: (error) => {
          if (!(error instanceof Disconnect || error instanceof Instead)) console.error(error);
        },
      });
    this.respond = isCalled ? startApplication((create) => this.called(open(create))) : open(createSyncServer).handle;
  }

  asked(request: Incoming): Incoming {
    return asEndpoint(request);
  }

  /** The server with functions that do what tests do to answers. */
  private called(server: SyncServer): SyncServer {
    const { functions } = server;
    return {
      ...server,
      functions: {
        ...functions,
        push: async (user, request) => this.pushed(await functions.push(user, request)),
        pull: async (user, request) => this.pulled(request, await functions.pull(user, this.limited(request))),
      },
    };
  }

  /** Lets a transaction fail just before it is committed. */
  private withFaults(database: Database): Database {
    return {
      ...database,
      transaction: (work) =>
        database.transaction(async (query) => {
          const result = await work(query);
          const handled = this.handled.getStore();
          if (handled === undefined) return result;
          await this.faults.at("writing", handled.request).catch((error: unknown) => {
            if (error instanceof Disconnect || error instanceof Instead) handled.fault = error;
            throw error;
          });
          return result;
        }),
    };
  }

  async forget(): Promise<void> {
    this.misused.length = 0;
    Object.assign(this.options, { ahead: 0, shuffles: false });
    // A client that has seen no row yet has seen this scope all the same: else `hold` would answer as no server does.
    await this.db.exec(`
      DELETE FROM sync_write;
      DELETE FROM sync_client;
      INSERT INTO sync_scope (scope) VALUES ('*') ON CONFLICT DO NOTHING;
    `);
  }

  async hold(): Promise<void> {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
    this.wake();
  }

  /** Another history: clients begin anew, and send again what they have been told is there. */
  refetch(): void {
    void this.db.exec("SELECT sync_new_epoch()").then(() => this.release());
  }

  wake(): void {
    for (const poke of this.streams) poke();
  }

  isFor({ url }: Incoming): boolean {
    return url.pathname === "/sync/pull" || url.pathname === "/sync/poke";
  }

  requests(_table: string, which: "all" | "first" = "all"): Pick<Fault, "on" | "where"> {
    const isFirst = ({ body }: Incoming): boolean => (JSON.parse(body) as PullRequest).cursor === null;
    return {
      on: "rows",
      where: (request) => request.url.pathname === "/sync/pull" && (which === "all" || isFirst(request)),
    };
  }

  tableOf(): string {
    return "";
  }

  async answer(request: Incoming, gone: AbortSignal): Promise<Answer> {
    switch (request.url.pathname) {
      case "/sync/poke":
        return this.poke(request, gone);
      case "/sync/pull":
        return this.pull(request, gone);
      default:
        return this.push(request, gone);
    }
  }

  private async push(request: Incoming, gone: AbortSignal): Promise<Answer> {
    const first = await this.handle(request, gone);
    const response = (await this.faults.at("committed", request)) ? await this.handle(request, gone) : first;
    const answer = await this.answerOf(response);
    if (isCalled || answer.status !== 200) return answer;
    return { ...answer, body: JSON.stringify(this.pushed(JSON.parse(answer.body ?? "") as PushAnswer)) };
  }

  private pushed(answer: PushAnswer): PushAnswer {
    const reused = answer.results.filter(({ error }) => error?.code === "reused");
    this.misused.push(...reused.map((one) => JSON.stringify(one)));
    const others = { write_id: "of nobody", status: "applied", repeated: false } as const;
    const results = this.options.shuffles ? [others, ...answer.results.toReversed()] : answer.results;
    return { ...answer, results, stamp: this.later(answer.stamp) };
  }

  private async pull(request: Incoming, gone: AbortSignal): Promise<Answer> {
    if (isCalled) return this.answerOf(await this.handle(request, gone));
    const asked = JSON.parse(request.body) as PullRequest;
    const answer = await this.answerOf(
      await this.handle({ ...request, body: JSON.stringify(this.limited(asked)) }, gone),
    );
    if (answer.status !== 200) return answer;
    return { ...answer, body: JSON.stringify(this.pulled(asked, JSON.parse(answer.body ?? "") as PullAnswer)) };
  }

  private limited(asked: PullRequest): PullRequest {
    return { ...asked, limit: Math.min(asked.limit, this.options.chunk) };
  }

  private pulled(asked: PullRequest, answer: PullAnswer): PullAnswer {
    const stamp = this.later(answer.stamp);
    // As of the time when the client has pulled before.
    const isStale = this.isHeld && asked.cursor !== null && answer.reset === undefined;
    const held = isStale ? { cursor: asked.cursor, changes: [], more: false } : {};
    return { ...answer, stamp, ...held };
  }

  private later(stamp: string): string {
    const [milliseconds, counter = "0"] = stamp.split(".");
    return `${Number(milliseconds) + this.options.ahead}.${counter}`;
  }

  private async poke(request: Incoming, gone: AbortSignal): Promise<Answer> {
    const response = await this.handle(request, gone);
    if (!response.ok || response.body === null) return this.answerOf(response);
    const { body } = response;
    let poke = (): void => {};
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        poke = () => controller.enqueue(POKE);
        this.streams.add(poke);
        const pump = async (): Promise<void> => {
          for await (const part of body) controller.enqueue(part);
        };
        const end = (): void => {
          if (this.streams.delete(poke)) controller.close();
        };
        gone.addEventListener("abort", end);
        void pump().then(end, end);
      },
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), stream };
  }

  private async answerOf(response: Response): Promise<Answer> {
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  }

  private async handle(request: Incoming, gone: AbortSignal): Promise<Response> {
    const handled: Handled = { request };
    const response = await this.handled.run(handled, () => this.respond(asRequest(request.call ?? request, gone)));
    if (handled.fault !== undefined) throw handled.fault;
    return response;
  }
}

function asRequest({ method, url, headers, body }: Incoming, signal: AbortSignal): Request {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) all.set(name, String(value));
  return new Request(url, { method, headers: all, signal, ...(method !== "GET" && { body }) });
}

/** Some columns are a manager's to set. */
function mayWrite({ user, table, value }: Write): boolean {
  const given: Readonly<Record<string, string | null | undefined>> = value;
  const managed = tables.find(({ path }) => path === table)?.managers ?? [];
  return user.id === "manager" || managed.every((name) => ["false", "f", undefined].includes(given[name] ?? undefined));
}
