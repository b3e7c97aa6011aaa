import type { PGlite } from "@electric-sql/pglite";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { Api, type Role } from "./api.js";
import { emptyDatabase, openDatabase } from "./database.js";
import { type Answer, Disconnect, Faults, type Incoming, Instead } from "./faults.js";
import { Lists } from "./lists.js";
import { problem } from "./problem.js";
import type { Rows, SyncRows, Transport } from "./rows.js";
import { Shapes } from "./shapes.js";

/** A request to the API, and what it was answered: nothing, where the connection was cut first. */
export interface Exchange extends Incoming {
  status: number | undefined;
}

/** A sync server that stands in the place of the API. */
export interface Syncing {
  /** Its tables, as SQL. */
  readonly schema: string;
  open(db: PGlite, faults: Faults, roleOf: (authorization: string | null) => Role | undefined): SyncRows;
}

/**
 * An API with Postgres behind it, and Electric beside it; or a sync server. It is killed with `kill`, and started again with `revive`:
 * what was committed is still there. The port stays ours in between, so that no other process can take it; a
 * connection is reset as soon as it is made.
 */
export class Server {
  readonly db: PGlite;
  readonly faults = new Faults(
    () => this.kill(),
    (request) => this.rows.isFor(request),
  );
  readonly api: Api;
  readonly shapes: Shapes;
  /** What brings rows to the clients: the shapes, the API's lists, or the sync server. */
  readonly rows: Rows;
  readonly sync: SyncRows | undefined;
  /** Who a token is. */
  readonly tokens = new Map<string, Role>();
  /** Tables whose rows nobody may have. */
  readonly forbidden = new Set<string>();
  /** Requests to the API, in the order of their arrival, without those that ask for rows. */
  readonly exchanges: Exchange[] = [];
  private readonly http: HttpServer;
  private readonly sockets = new Set<Socket>();
  private isDown = false;

  static async start(source: Exclude<Transport, "push-pull"> | Syncing = "electric"): Promise<Server> {
    const server = new Server(await openDatabase(typeof source === "object" ? source.schema : undefined), source);
    if (server.sync === undefined) await server.shapes.start();
    await new Promise<void>((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    await server.reset();
    return server;
  }

  private constructor(db: PGlite, source: Exclude<Transport, "push-pull"> | Syncing) {
    this.db = db;
    this.api = new Api(db, this.faults);
    this.shapes = new Shapes(db);
    this.sync =
      typeof source === "object"
        ? source.open(db, this.faults, (authorization) => this.roleOf(authorization))
        : undefined;
    this.rows = this.sync ?? (source === "electric" ? this.shapes : new Lists(this.api));
    this.http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void this.serve(request, response));
    this.http.on("connection", (socket) => {
      if (this.isDown) return void socket.resetAndDestroy();
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** As new, for the next test. */
  async reset(): Promise<void> {
    this.faults.clear();
    this.revive();
    await emptyDatabase(this.db);
    await this.sync?.forget();
    this.rows.release();
    this.rows.refetch();
    this.rows.options.chunk = this.rows === this.shapes ? 1000 : 200;
    Object.assign(this.shapes.options, {
      patience: 20_000,
      coalesce: false,
      redeliver: 0,
      namesNewHandle: true,
      refusals: 0,
      unready: null,
      isSecond: false,
      isBlind: false,
      bounds: 10_000,
    });
    this.api.options.idempotency = true;
    this.api.misused.length = 0;
    this.exchanges.length = 0;
    this.forbidden.clear();
    this.tokens.clear();
    this.tokens.set("member", "member").set("manager", "manager");
  }

  kill(): void {
    this.isDown = true;
    this.disconnect();
  }

  revive(): void {
    this.isDown = false;
  }

  /** As a graceful stop does it: nobody comes in any more, and who waits is cut a while later. */
  async stop(patience: number): Promise<void> {
    this.isDown = true;
    await new Promise((resolve) => setTimeout(resolve, patience));
    this.disconnect();
  }

  /** Cuts every connection. */
  disconnect(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.sockets.clear();
  }

  /** The rows of a model as the API lists them, without a request. */
  async read(model: string): Promise<string> {
    const url = new URL(`/${model}`, this.url);
    const { body } = await this.api.answer({ method: "GET", url, headers: {}, body: "" }, "manager");
    return body ?? "";
  }

  async close(): Promise<void> {
    this.kill();
    await new Promise((resolve) => this.http.close(resolve));
    await this.db.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const incoming: Incoming = {
        method: request.method ?? "GET",
        url: new URL(request.url ?? "/", this.url),
        headers: request.headers,
        body: await text(request),
      };
      await this.respond(this.sync?.asked(incoming) ?? incoming, response);
    } catch (error) {
      if (!(error instanceof Disconnect) && !request.destroyed) console.error(error);
      request.socket.resetAndDestroy();
    }
  }

  private async respond(incoming: Incoming, response: ServerResponse): Promise<void> {
    const exchange: Exchange = { ...incoming, status: undefined };
    if (!this.rows.isFor(incoming)) this.exchanges.push(exchange);
    const { status, headers, body: text, stream, isCompressed } = await this.answer(incoming, response).catch((error: unknown) => {
      if (error instanceof Instead) return error.answer;
      throw error;
    });
    const isGzip = isCompressed === true && String(incoming.headers["accept-encoding"]).includes("gzip");
    const body = text === undefined ? undefined : isGzip ? gzipSync(text) : Buffer.from(text);
    const type =
      body === undefined
        ? {}
        : {
            "content-type": "application/json",
            "content-length": body.length,
            ...(isGzip && { "content-encoding": "gzip" }),
          };
    response.writeHead(status, { ...type, ...headers });
    const half = body?.subarray(0, body.length / 2) ?? "";
    try {
      await this.faults.at("answering", incoming);
    } catch (error) {
      // Half of it has left when the connection is cut.
      if (!response.destroyed) await new Promise((resolve) => response.write(half, resolve));
      throw error;
    }
    exchange.status = status;
    for await (const part of stream ?? []) response.write(part);
    response.end(body);
  }

  private async answer(incoming: Incoming, response: ServerResponse): Promise<Answer> {
    await this.faults.at("arrived", incoming);
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    if (this.sync !== undefined) return this.sync.answer(incoming, gone.signal);
    const role = this.roleOf(String(incoming.headers["authorization"]));
    if (!role) return problem(401, "who are you?");
    if (!this.rows.isFor(incoming)) return this.api.answer(incoming, role);
    if (this.forbidden.has(this.rows.tableOf(incoming))) return problem(403, "not for you");
    return this.rows.answer(incoming, gone.signal);
  }

  private roleOf(authorization: string | null): Role | undefined {
    return this.tokens.get(/^Bearer (.*)$/.exec(authorization ?? "")?.[1] ?? "");
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
