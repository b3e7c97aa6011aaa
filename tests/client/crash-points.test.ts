// The process dies at a point of a request that is told beforehand: before it leaves, or when its answer has come and isn't
// acknowledged yet.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { transport } from "./support/generated.js";
import type { CrashPoint } from "./support/protocol.js";
import { some } from "./support/size.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

/** Whether what was made is found among the rows of the list, so that nobody has to ask whether it was made. */
function isFound(statement: string): boolean {
  return transport === "rest" && statement.startsWith("INSERT INTO accounts");
}

for (const at of ["request", "answer"] as const satisfies CrashPoint[]) {
  const when = at === "request" ? "before a request leaves" : "between an answer and its acknowledgement";

  test(`killed ${when}`, async () => {
    const directory = await world.folder();
    const id = randomUUID();
    const writes = [
      ["POST", `INSERT INTO projects (id, name) VALUES ('${id}', 'P')`],
      ["PATCH", `UPDATE projects SET name = 'Q' WHERE id = '${id}'`],
      ["DELETE", `DELETE FROM projects WHERE id = '${id}'`],
      ["POST", "INSERT INTO accounts (name) VALUES ('A')"],
      ["PATCH", "UPDATE accounts SET credit = '1.50' WHERE name = 'A'"],
      ["DELETE", "DELETE FROM accounts WHERE name = 'A'"],
    ] as const;
    let client = await world.readyClient({ directory });
    for (const [method, statement] of writes) {
      // A row that a stream brings says that its write has arrived, and then nobody asks. Here, it comes after that.
      if (transport === "electric")
        await world.server.rows.hold(statement.includes(" projects ") ? "projects" : "accounts");
      await client.crashAt(at, method);
      await client.exec(statement).catch(() => {});
      await client.exit;

      client = await world.readyClient({ directory });
      const sent = () => world.server.exchanges.filter((exchange) => exchange.method === method);
      const times = at === "request" || isFound(statement) ? 1 : 2;
      if (transport === "electric") await until(() => sent().length === times);
      world.server.rows.release();
      await world.converged(client);
      assert.deepEqual(await client.rejected(), []);
      const keys = new Set(sent().map(({ headers }) => headers["idempotency-key"]));
      assert.equal(sent().length, times, statement);
      assert.equal(keys.size, 1, "it is known by its key");
      world.server.exchanges.length = 0;
    }
    assert.deepEqual(await world.rows("projects"), []);
    assert.deepEqual(await world.rows("accounts"), []);
  });
}

for (const at of ["request", "answer"] as const satisfies CrashPoint[]) {
  test(`killed at any ${at} of many that are on their way at once`, async () => {
    const directory = await world.folder();
    const names: string[] = [];
    for (const after of some([0, 1, 5, 6, 9, 19], 2)) {
      const client = await world.readyClient({ directory });
      await client.crashAt(at, "POST", after);
      const made = Array.from({ length: 20 }, (_, index) => `${at} ${after}: ${index}`);
      const statements = made.map((name, index) => {
        const model = index % 2 === 0 ? "projects" : "accounts";
        return { parts: [`INSERT INTO ${model} (name) VALUES ('${name}')`], parameters: [] };
      });
      await client.transaction(...statements).catch(() => {});
      await client.exit;
      names.push(...made);
      // Where rows are polled, nobody has to remember what was sent.
      world.server.api.options.idempotency = transport !== "rest" || after % 2 === 0;
      const again = await world.readyClient({ directory });
      await world.converged(again);
      assert.deepEqual(await again.rejected(), []);
      const rows = [...(await world.rows("projects")), ...(await world.rows("accounts"))];
      assert.deepEqual(rows.map(({ name }) => String(name)).toSorted(), names.toSorted(), "each is there, once");
      await again.kill();
      world.server.api.options.idempotency = true;
    }
    const counts = new Map<string, number>();
    for (const { method, headers } of world.server.exchanges) {
      const key = String(headers["idempotency-key"]);
      if (method === "POST") counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    assert.equal(counts.size, names.length, "what is sent again has its key");
  });
}
