import { createServer, type IncomingHttpHeaders, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";

interface Kept {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly until: number;
}

/** A caching proxy before a server: it keeps each answer for as long as its `cache-control` says. */
export class Cache {
  /** How many requests it has answered by itself. */
  hits = 0;
  private readonly kept = new Map<string, Kept>();
  private readonly http: HttpServer;
  private readonly gone = new AbortController();

  static async start(origin: string): Promise<Cache> {
    const cache = new Cache(origin);
    await new Promise<void>((resolve) => cache.http.listen(0, "127.0.0.1", resolve));
    return cache;
  }

  private constructor(origin: string) {
    this.http = createServer((request, response) => {
      this.answer(new URL(request.url ?? "/", origin), request.headers).then(
        ({ status, headers, body }) => {
          response.writeHead(status, Object.fromEntries(headers));
          response.end(body);
        },
        () => request.socket.resetAndDestroy(),
      );
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.gone.abort();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private async answer(url: URL, { authorization = "" }: IncomingHttpHeaders): Promise<Kept> {
    url.searchParams.sort();
    const known = this.kept.get(url.href);
    if (known && Date.now() < known.until) {
      this.hits += 1;
      return known;
    }
    const response = await fetch(url, { headers: { authorization }, signal: this.gone.signal });
    const headers = new Headers(response.headers);
    for (const name of ["content-encoding", "content-length", "connection", "keep-alive", "date"]) headers.delete(name);
    const control = headers.get("cache-control") ?? "no-store";
    const age = /no-store/.test(control) ? 0 : Number(/(?:^|[ ,])max-age=(\d+)/.exec(control)?.[1] ?? 0);
    const kept = { status: response.status, headers, body: await response.text(), until: Date.now() + age * 1_000 };
    if (age > 0) this.kept.set(url.href, kept);
    return kept;
  }
}
