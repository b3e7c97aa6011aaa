import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Stands between the client and a server, and sees all that goes through. It passes on which host was asked for. */
export class Proxy {
  /** Requests in the order of their arrival. */
  readonly asked: Asked[] = [];
  /** Runs before a request is passed on: it may wait, answer itself, or throw to cut the connection. */
  before: (request: Asked) => Promise<Answered | void> | Answered | void = () => {};
  /** Runs before an answer leaves: it may wait, give another, or throw to cut the connection. */
  after: (request: Asked, answer: Answered) => Promise<Answered | void> | Answered | void = () => {};
  private readonly http: Server;
  private readonly sockets = new Set<Socket>();
  private readonly target: () => string;

  static async start(target: () => string): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((resolve) => proxy.http.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(target: () => string) {
    this.target = target;
    this.http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.pass(request, response).catch(() => request.socket.resetAndDestroy());
    });
    this.http.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** As new, for the next test. */
  reset(): void {
    this.asked.length = 0;
    this.before = () => {};
    this.after = () => {};
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.http.close(resolve));
  }

  /** Requests with this method, to paths that begin so. */
  requests(method: string, path: string): Asked[] {
    return this.asked.filter((request) => request.method === method && request.url.pathname.startsWith(path));
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked: Asked = {
      method: request.method ?? "GET",
      url: new URL(request.url ?? "/", this.url),
      headers: request.headers,
      body: await text(request),
    };
    this.asked.push(asked);
    const answer = (await this.before(asked)) ?? (await this.forward(asked));
    const { status, headers, body } = (await this.after(asked, answer)) ?? answer;
    response.writeHead(status, headers);
    response.end(body);
  }

  private async forward({ method, url, headers, body }: Asked): Promise<Answered> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const onward = ask(this.target() + url.pathname + url.search, { method, headers }, resolve);
      onward.on("error", reject);
      onward.end(body);
    });
    const {
      "transfer-encoding": _,
      connection: __,
      "keep-alive": ___,
      "content-length": ____,
      ...others
    } = answer.headers;
    return { status: answer.statusCode ?? 502, headers: others, body: await text(answer) };
  }
}

async function text(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
