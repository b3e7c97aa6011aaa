import { PGlite } from "@electric-sql/pglite";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Disconnect, Faults, type Incoming, Instead } from "../client/server/faults.js";
import type { Exchange } from "../client/server/server.js";

const PREFIX = "/api";

type Api = (request: Request) => Promise<Response>;

/** What these tests use of the example's server. */
interface Example {
  createApi(database: PGlite): Api;
  createTables(database: PGlite): Promise<void>;
}

async function example(): Promise<Example> {
  const file = (name: string) => pathToFileURL(resolve(process.env["ADAPTER"] ?? "", "server", name)).href;
  return { ...(await import(file("api.js"))), ...(await import(file("database.js"))) } as Example;
}

/** The example's API, which may go wrong as the server of the client's suites does. */
export class ExampleServer {
  readonly db: PGlite;
  readonly faults = new Faults(
    () => this.kill(),
    () => false,
  );
  readonly exchanges: Exchange[] = [];
  /** Requests under a known idempotency key that were not the same as the first. */
  readonly misused: string[] = [];
  private readonly api: Api;
  private readonly http: HttpServer;
  private readonly sockets = new Set<Socket>();
  private readonly asked = new Map<string, string>();
  private isDown = false;

  static async start(): Promise<ExampleServer> {
    const { createApi, createTables } = await example();
    const db = await PGlite.create();
    await createTables(db);
    const server = new ExampleServer(db, createApi(db));
    await new Promise<void>((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  private constructor(db: PGlite, api: Api) {
    this.db = db;
    this.api = api;
    this.http = createServer((request, response) => void this.serve(request, response));
    this.http.on("connection", (socket) => {
      if (this.isDown) return void socket.resetAndDestroy();
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}${PREFIX}`;
  }

  async reset(): Promise<void> {
    this.faults.clear();
    this.isDown = false;
    this.exchanges.length = 0;
    this.misused.length = 0;
    this.asked.clear();
    await this.db.exec("TRUNCATE notes, contacts, answers");
  }

  kill(): void {
    this.isDown = true;
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.sockets.clear();
  }

  revive(): void {
    this.isDown = false;
  }

  async close(): Promise<void> {
    this.kill();
    await new Promise((resolve) => this.http.close(resolve));
    await this.db.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { method = "GET", url = "/", headers } = request;
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = Buffer.concat(parts).toString();
      const incoming = { method, url: new URL(url.slice(PREFIX.length), "http://api"), headers, body };
      const exchange: Exchange = { ...incoming, status: undefined };
      this.exchanges.push(exchange);
      this.note(incoming);
      await this.faults.at("arrived", incoming);
      const given = new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      const whole = new Request(new URL(url, "http://api"), {
        method,
        headers: given,
        body: body === "" ? null : body,
      });
      const answer = await this.api(whole);
      await this.faults.at("committed", incoming);
      exchange.status = answer.status;
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    } catch (error) {
      if (error instanceof Instead) {
        response.writeHead(error.answer.status, { ...error.answer.headers }).end(error.answer.body);
        return;
      }
      if (!(error instanceof Disconnect) && !request.destroyed) console.error(error);
      request.socket.resetAndDestroy();
    }
  }

  private note({ method, url, headers, body }: Incoming): void {
    const key = headers["idempotency-key"];
    if (typeof key !== "string") return;
    const asked = JSON.stringify([method, url.pathname, body]);
    const first = this.asked.get(key) ?? asked;
    if (first !== asked) this.misused.push(`${first}\n${asked}`);
    this.asked.set(key, first);
  }
}
