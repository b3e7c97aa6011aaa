import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import pg from "pg";

import { createSyncServer, nodeHandler, pgDatabase, schemaSql } from "../server/index.js";

/** What it is started with. */
export interface Start {
  readonly url: string;
  readonly rows: number;
}

const { url, rows } = workerData as Start;
const pool = new pg.Pool({ connectionString: url });
await pool.query(schemaSql);
await pool.query(
  `INSERT INTO contacts (id, first_name, last_name, email, created_at, updated_at)
  SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'First ' || n, 'Last ' || n, NULL, now(), now()
  FROM generate_series(0, $1::INTEGER - 1) AS n`,
  [rows],
);
const sync = createSyncServer({ database: pgDatabase(pool), authenticate: () => ({ id: "ada", scopes: {} }) });
const handle = nodeHandler(sync.handle);

/** The sync server; an API that writes a row with one statement; and one that only answers. */
const server = createServer((request, response) => {
  const [, api, id] = (request.url ?? "").split("/");
  if (api === "sync") return void handle(request, response);
  void (async () => {
    let body = "";
    for await (const part of request) body += String(part);
    const { email } = JSON.parse(body) as { readonly email: string };
    if (api === "contacts") await pool.query("UPDATE contacts SET email = $1 WHERE id = $2", [email, id]);
    response.writeHead(200, { "content-type": "application/json" }).end(body);
  })();
});
server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
