import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { nodeHandler } from "../server/sync/index.js";
import { contact, deal, update, uuid, type Edit, type World } from "../tests/support/world.js";
import { medians, ms, table } from "./report.js";

const COUNT = 500;
let number = 0;

const next = () => (number += 1);

/** Pushes of 500 changes. */
export async function pushes(world: World, runs: number): Promise<void> {
  const { store } = world;
  const sync = await listening(createServer(nodeHandler(world.server.handle)));
  const rest = await listening(
    createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += String(part);
      const { id, name } = JSON.parse(body) as { id: string; name: string };
      await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${id}', '${name}', 'ada')`);
      response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify({ id, name }));
    }),
  );
  const ada = world.client("ada");
  const push = async (edits: Edit[]) => {
    const headers = { "content-type": "application/json", authorization: "ada" };
    const answer = await fetch(`${sync}/push`, { method: "POST", headers, body: JSON.stringify(ada.body(edits)) });
    const { results } = (await answer.json()) as { results: { status: string }[] };
    const others = results.filter(({ status }) => status !== "applied");
    if (others.length > 0) throw new Error(JSON.stringify(others[0]));
  };
  let edits: Edit[] = [];
  const mix = async () => {
    const known = Array.from({ length: COUNT / 4 }, next);
    await push([...known.map((id) => contact(id)), ...known.map((id) => deal(id))]);
    await ada.pull();
    const base = ada.cursor?.scopes ?? {};
    edits = known.flatMap((id): Edit[] => [
      update("contacts", id, { email: "a@b.c" }),
      update("deals", id, { stage: "won" }, { base }),
      contact(next()),
      { table: "tasks", operation: "insert", key: { id: uuid(next()) }, value: { title: "T", team_id: "1" } },
    ]);
  };
  const [statement, inserts, mixed] = await medians(runs, [
    {
      prepare: () => (number += COUNT),
      run: () =>
        store.sql(`INSERT INTO contacts (id, first_name, owner_id)
        SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'N' || n, 'ada'
        FROM generate_series(${number - COUNT + 1}, ${number}) AS n`),
    },
    { prepare: () => (edits = Array.from({ length: COUNT }, () => contact(next()))), run: () => push(edits) },
    { prepare: mix, run: () => push(edits) },
  ] as const);
  const [requests] = await medians(Math.min(runs, 5), [
    {
      run: async () => {
        for (let index = 0; index < COUNT; index += 1) {
          const body = JSON.stringify({ id: uuid(next()), name: "N" });
          await (await fetch(rest, { method: "POST", body })).json();
        }
      },
    },
  ] as const);
  table(
    ["500 changes", "time", "ratio"],
    [
      ["one `INSERT … SELECT` of the rows, with the triggers", ms(statement), "1"],
      ["a push of inserts of one model", ms(inserts), `${(inserts / statement).toFixed(2)} (at most 5)`],
      [
        "a push of inserts and updates of three models, mixed",
        ms(mixed),
        `${(mixed / statement).toFixed(2)} (at most 15)`,
      ],
      ["500 REST requests ÷ a push of inserts", ms(requests), `${(requests / inserts).toFixed(1)} (at least 10)`],
    ],
  );
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
