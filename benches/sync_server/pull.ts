import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { contacts } from "../server/sync/models/contacts.js";
import type { World } from "../tests/support/world.js";
import { medians, ms, table } from "./report.js";

/** The columns that a client has of contacts: all of them. */
const CONTACT = Object.keys(contacts.columns);

/** Pulls of a scope with many rows. */
export async function pulls(world: World, rows: number): Promise<void> {
  const { store } = world;
  world.users["many"] = { id: "many", scopes: { user: ["many"], team: [] } };
  await store.sql(`INSERT INTO contacts (id, first_name, owner_id)
    SELECT gen_random_uuid(), 'N' || n, 'many' FROM generate_series(1, ${rows}) AS n`);
  await store.sql("VACUUM ANALYZE contacts").catch(() => {});
  await store.sql("VACUUM ANALYZE sync_row").catch(() => {});
  const client = world.client("many");
  client.tables = { contacts: CONTACT };
  const loaded = Math.min(rows, 100_000);
  const [{ head = "0" } = {}] = (await store.sql(
    "SELECT version::text AS head FROM sync_scope WHERE scope = 'user:many'",
  )) as { head?: string }[];
  const first = await client.page(1);
  const behind = (changes: number) => {
    if (first.cursor === null) throw new Error("there is no cursor");
    const { epoch = "" } = first.cursor.scopes["user:many"] ?? {};
    const scopes = { ...first.cursor.scopes, "user:many": { epoch, version: String(Number(head) - changes) } };
    client.cursor = { ...first.cursor, scopes, loads: [] };
  };
  const query = (from: number) =>
    store.sql(`SELECT r.version::text, r.write_id, ${CONTACT.map((column) => `c.${column}::text`).join(", ")}
      FROM sync_row AS r JOIN contacts AS c ON c.id = (r.row_key::jsonb->>0)::uuid
      WHERE r.scope = 'user:many' AND r.version > ${from} ORDER BY r.version LIMIT 1000`);
  const [bare, hundred, bareNothing, nothing] = await medians(300, [
    { run: () => query(Number(head) - 100) },
    { prepare: () => behind(100), run: () => client.page(1_000) },
    { run: () => query(Number(head)) },
    { prepare: () => behind(0), run: () => client.page(1_000) },
  ] as const);
  // The first pages of a scope, as many as an application of that size has.
  let bytes: string[] = [];
  const [load] = await medians(3, [
    {
      prepare: () => {
        bytes = [];
        client.cursor = null;
      },
      run: async () => {
        for (let read = 0; read < loaded;) {
          const page = await client.page(5_000);
          client.cursor = page.cursor;
          bytes.push(JSON.stringify(page));
          read += page.changes.length;
        }
      },
    },
  ] as const);
  let next = 0;
  const server = createServer((_, response) => response.end(bytes[next++ % bytes.length]));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [parsed] = await medians(3, [
    {
      run: async () => {
        for (const _ of bytes) await (await fetch(url)).json();
      },
    },
  ] as const);
  server.close();
  table(
    [`a scope of ${rows.toLocaleString("en")} rows`, "time", "beside it", "ratio"],
    [
      [
        "a pull of 100 changes, and the bare query",
        ms(hundred),
        ms(bare),
        `${(hundred / bare).toFixed(2)} (at most 3)`,
      ],
      [
        "a pull of nothing new, and the bare query",
        ms(nothing),
        ms(bareNothing),
        `${(nothing - bareNothing).toFixed(2)} ms more (at most 1)`,
      ],
      [
        `a first load of ${loaded.toLocaleString("en")} rows, and \`fetch\` with \`JSON.parse\` of its bytes`,
        ms(load),
        ms(parsed),
        (load / parsed).toFixed(2),
      ],
    ],
  );
}
