import { randomUUID } from "node:crypto";
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { IDENTITY } from "./site.js";

export interface GatewayOptions {
  /** Request headers that pages of other origins may send. */
  readonly headers: string;
  /** Whether paths end with a slash: one without is redirected, as FastAPI does. */
  readonly hasSlashes?: boolean;
  /** Whether a new row is answered with where it is, as sites with forms do. */
  readonly seesOther?: boolean;
}

/** The API on an origin of its own, with CORS as somebody has once set it up. It forgets idempotency keys. */
export class Gateway {
  /** Method and path of each request, but for those that only ask for permission. */
  readonly requests: string[] = [];
  private readonly http: Server;

  static async start(backend: string, options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(backend, options);
    await new Promise<void>((resolve) => gateway.http.listen(0, "127.0.0.1", resolve));
    return gateway;
  }

  private constructor(backend: string, options: GatewayOptions) {
    this.http = createServer((request, response) => this.answer(backend, options, request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private answer(backend: string, options: GatewayOptions, request: IncomingMessage, response: ServerResponse): void {
    const { method, url: path = "/" } = request;
    response.setHeader("access-control-allow-origin", "*");
    if (method === "OPTIONS") {
      response.setHeader("access-control-allow-methods", "GET, POST, PATCH, DELETE");
      response.setHeader("access-control-allow-headers", options.headers);
      response.writeHead(204).end();
      return;
    }
    this.requests.push(`${method} ${path}`);
    if (options.hasSlashes && !path.endsWith("/")) {
      response.writeHead(307, { location: `${path}/` }).end();
      return;
    }
    const headers = { ...request.headers, ...IDENTITY, "idempotency-key": randomUUID() };
    const onward = ask(backend + path, { method, headers }, (answer) => {
      if (options.seesOther && method === "POST" && answer.statusCode === 201) {
        answer.resume();
        response.writeHead(303, { location: path }).end();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => request.socket.destroy());
    request.pipe(onward);
  }
}
