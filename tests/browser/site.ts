import { readFile } from "node:fs/promises";
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

/** What the page's server adds to each request that it passes on: who the user is. */
export const IDENTITY = { authorization: "Bearer member" };

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/**
 * The page's own server: it serves the built page, and passes `/api` and `/v1/shape` on. Each site has a port of its
 * own, and with it an origin: nothing is stored there yet.
 */
export class Site {
  private readonly http: Server;

  static async start(folder: string, backend: string): Promise<Site> {
    const site = new Site(folder, backend);
    await new Promise<void>((resolve) => site.http.listen(0, "127.0.0.1", resolve));
    return site;
  }

  private constructor(folder: string, backend: string) {
    this.http = createServer((request, response) => {
      const path = passedOn(request.url ?? "/");
      if (path === undefined) void serve(folder, request, response);
      else pass(backend + path, request, response);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

function passedOn(path: string): string | undefined {
  if (path.startsWith("/api/")) return path.slice("/api".length);
  return path.startsWith("/v1/shape") ? path : undefined;
}

/** Cuts the connection where the backend does. */
function pass(url: string, request: IncomingMessage, response: ServerResponse): void {
  const onward = ask(url, { method: request.method, headers: { ...request.headers, ...IDENTITY } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on("error", () => request.socket.destroy());
  });
  onward.on("error", () => request.socket.destroy());
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}

async function serve(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? "/", "http://site").pathname;
  const file = join(folder, normalize(path.endsWith("/") ? `${path}index.html` : path));
  try {
    const content = await readFile(file);
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(content);
  } catch {
    response.writeHead(404).end();
  }
}
