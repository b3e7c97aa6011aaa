import { createServer } from "node:http";

import { createApi } from "./api.js";
import { openDatabase } from "./database.js";

/**
 * Starts the API on a port of this machine, with its data in a folder.
 * @param {number} port
 * @param {string} folder
 */
export async function startServer(port, folder) {
  /** @type {Awaited<ReturnType<typeof openDatabase>> | undefined} */
  let database;
  /** @type {ReturnType<typeof createApi> | undefined} */
  let api;
  const http = createServer((request, response) => {
    if (api === undefined) return response.writeHead(503).end();
    answer(api, request, response).catch(() => response.destroy());
  });
  // The port first: who has it, has the folder as well.
  await new Promise((resolve, reject) =>
    http.once("error", reject).listen(port, "127.0.0.1", () => resolve(undefined)),
  );
  database = await openDatabase(folder);
  api = createApi(database);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      http.close();
      http.closeAllConnections();
      await database.close();
    },
  };
}

/**
 * Node's request as a `Request`, and the `Response` as Node's.
 * @param {ReturnType<typeof createApi>} api
 * @param {import("node:http").IncomingMessage} incoming
 * @param {import("node:http").ServerResponse} outgoing
 */
async function answer(api, incoming, outgoing) {
  const { method = "GET", url = "/", headers } = incoming;
  const parts = [];
  for await (const part of incoming) parts.push(part);
  const given = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  const body = parts.length === 0 ? null : Buffer.concat(parts);
  const response = await api(
    new Request(new URL(url, "http://localhost"), { method, headers: Object.fromEntries(given), body }),
  );
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}
