// What serves a page that is measured.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

export interface Site {
  readonly url: string;
  close(): void;
}

/** A built page on an origin of its own, where nothing is stored, with an API that has these rows and takes no edits. */
export async function serve(page: string, rows = "[]"): Promise<Site> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://site").pathname;
    if (path.startsWith("/api/")) {
      const status = request.method === "GET" ? 200 : 503;
      response.writeHead(status, { "content-type": "application/json" }).end(status === 200 ? rows : "{}");
      return;
    }
    const file = join(page, "dist", path === "/" ? "index.html" : path);
    readFile(file).then(
      (content) => {
        const type = TYPES[extname(file)] ?? "application/octet-stream";
        // The names of these files have their hashes.
        const kept = path.startsWith("/assets/") ? "max-age=31536000, immutable" : "no-cache";
        response.writeHead(200, { "content-type": type, "cache-control": kept }).end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}
