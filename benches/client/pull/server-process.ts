// A backend's lists as fixed bytes, made before anybody asks for them. It is a process of its own, so that neither its
// work nor its memory is measured.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { PAGE_ROWS, pageOf, pathOf, type ListName } from "./pages.js";
import type { Command } from "./server.js";

const pages = new Map<string, Buffer>();
const texts = new Map<number, string>();

function renew(list: ListName, page: number, rows: number): void {
  pages.set(pathOf(list, page), Buffer.from(pageOf(list, page, rows, texts)));
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const body = pages.get(request.url ?? "");
  response.writeHead(body === undefined ? 404 : 200, {
    "content-type": "application/json",
    "content-length": body?.length ?? 0,
  });
  response.end(body);
});

process.on("message", ({ list, rows, change }: Command) => {
  if (change === undefined) {
    texts.clear();
    renew(list, 0, rows);
    for (let page = 1; page < rows / PAGE_ROWS; page += 1) renew(list, page, rows);
  } else {
    texts.set(change.number, change.text);
    renew(list, Math.floor(change.number / PAGE_ROWS), rows);
  }
  process.send?.("done");
});
process.on("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
