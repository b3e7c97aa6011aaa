//! The endpoints as HTTP: with Hono and with plain `node:http`.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, mock, test } from "node:test";

import { Hono } from "hono";

import { createSyncServer, nodeHandler, type Cursor } from "../server/sync/index.js";
import { contact, deal, KINDS, openStore, World, type Store } from "./support/world.js";

const JSON_TYPE = { "content-type": "application/json", authorization: "ada" };

for (const kind of KINDS) {
  describe(kind, () => {
    let store: Store;
    let world: World;
    let server: Server;
    let hono: Hono;
    let url = "";
    let number = 0;

    before(async () => {
      store = await openStore(kind);
      world = new World(store);
      hono = new Hono().all("/api/sync/*", (context) => world.server.handle(context.req.raw)) as unknown as Hono;
      server = createServer((request, response) => void nodeHandler(world.server.handle)(request, response));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/sync`;
    });
    after(async () => {
      server.closeAllConnections();
      server.close();
      await world.server.close();
      await store.close();
    });

    const push = (headers: Record<string, string> = JSON_TYPE) => {
      const body = JSON.stringify(world.client("ada").body([contact((number += 1))]));
      return { method: "POST", headers, body };
    };

    test("a push through node:http and through Hono", async () => {
      for (const send of [
        () => fetch(`${url}/push`, push()),
        () => Promise.resolve(hono.request("/api/sync/push", push())),
      ]) {
        const answer = await send();
        assert.equal(answer.status, 200);
        assert.equal(((await answer.json()) as { results: { status: string }[] }).results[0]?.status, "applied");
      }
    });

    test("health says that it works, and why it doesn't", async () => {
      const answer = await fetch(`${url}/health`);
      assert.equal(answer.status, 200);
      assert.equal(((await answer.json()) as { status: string }).status, "ok");
      const fail = () => Promise.reject(Object.assign(new Error("secret host"), { code: "ECONNREFUSED" }));
      const broken = createSyncServer({
        database: { query: fail, transaction: fail, listen: fail },
        authenticate: () => null,
        onError: () => {},
      });
      const down = await broken.health(new Request("http://localhost/health"));
      assert.equal(down.status, 503);
      assert.doesNotMatch(await down.text(), /secret/);
    });

    test("no user, no endpoint, another method, another type, not JSON, another protocol, too much", async () => {
      const status = async (path: string, init: RequestInit) => {
        const answer = await fetch(url + path, init);
        const { error } = (await answer.json()) as { error: { code: string } };
        return [answer.status, error.code];
      };
      assert.deepEqual(await status("/push", push({ "content-type": "application/json" })), [401, "unauthenticated"]);
      assert.deepEqual(await status("/poke", {}), [401, "unauthenticated"]);
      assert.deepEqual(await status("/other", push()), [404, "not_found"]);
      assert.deepEqual(await status("/constructor", push()), [404, "not_found"]);
      assert.deepEqual(await status("/push", { method: "GET" }), [405, "method"]);
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
      ]) {
        assert.deepEqual(await status("/push", push({ ...JSON_TYPE, "content-type": type })), [415, "not_json"]);
      }
      const body = (value: unknown) => {
        return { ...push(), body: typeof value === "string" ? value : JSON.stringify(value) };
      };
      assert.deepEqual(await status("/push", body("{")), [400, "bad_request"]);
      assert.deepEqual(await status("/push", body("null")), [400, "protocol"]);
      assert.deepEqual(await status("/push", body({ protocol: 2 })), [400, "protocol"]);
      assert.deepEqual(await status("/push", body({ protocol: 1 })), [400, "bad_request"]);
      assert.deepEqual(await status("/push", body(" ".repeat(1_000_001))), [413, "too_large"]);
      const stream = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      });
      const answer = await world.server.push(
        new Request("http://localhost/push", { ...push(), body: stream, duplex: "half" } as RequestInit),
      );
      assert.equal(answer.status, 413, "whatever its length says");
      const many = Array.from({ length: 501 }, () => contact((number += 1)));
      assert.deepEqual(await status("/push", body(world.client("ada").body(many))), [413, "too_large"]);
      const twice = contact((number += 1));
      const same = [twice, twice].map((edit) => ({ ...edit, write_id: "same" }));
      assert.deepEqual(await status("/push", body(world.client("ada").body(same))), [400, "bad_request"]);
    });

    test("functions do what the endpoints do, and throw what those would answer", async () => {
      const { functions } = world.server;
      const user = await functions.user(new Request("http://localhost", { headers: JSON_TYPE }));
      const sent = JSON.parse(push().body) as unknown;
      const { results } = await functions.push(user, functions.readPush(sent));
      assert.deepEqual(
        results.map(({ status }) => status),
        ["applied"],
      );
      const tables = { contacts: ["first_name"] };
      const request = { protocol: 1, schema: "", client_id: "a", tables, cursor: null, limit: 5_000 };
      const { changes } = await functions.pull(user, functions.readPull(request));
      assert.equal(changes.at(-1)?.write_id, results[0]?.write_id);
      assert.equal((await functions.health()).status, "ok");
      const refused = async (call: () => unknown) => {
        const thrown: unknown = await Promise.resolve()
          .then(call)
          .catch((error: unknown) => error);
        assert.ok(thrown instanceof Response);
        return [thrown.status, ((await thrown.json()) as { error: { code: string } }).error.code];
      };
      const nobody = new Request("http://localhost");
      assert.deepEqual(await refused(() => functions.user(nobody)), [401, "unauthenticated"]);
      assert.deepEqual(await refused(() => functions.readPush(new FormData())), [400, "protocol"]);
      assert.deepEqual(await refused(() => functions.readPull({ ...request, limit: 0 })), [400, "bad_request"]);
      const many = Array.from({ length: 501 }, () => contact((number += 1)));
      const full = functions.readPush(world.client("ada").body(many));
      assert.deepEqual(await refused(() => functions.push(user, full)), [413, "too_large"]);
    });

    test("a poke tells of the state first, then of what changes, and of nothing that was seen", async () => {
      const stop = new AbortController();
      const open = async (headers: Record<string, string> = {}) => {
        const answer = await fetch(`${url}/poke`, {
          headers: { authorization: "ada", ...headers },
          signal: stop.signal,
        });
        assert.equal(answer.headers.get("content-type"), "text/event-stream");
        return events(answer);
      };
      const stream = await open();
      const first = await stream.next();
      assert.match(first.data, /"user:ada"/);
      await world.client("ada").push([contact((number += 1))]);
      const second = await stream.next();
      assert.match(second.data, /"user:ada"/);
      assert.notEqual(second.id, first.id);
      await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES (gen_random_uuid(), 'psql', 'ada')`);
      const third = await stream.next();
      const again = await open({ "last-event-id": third.id });
      await world.client("bob").push([{ ...contact((number += 1)) }]);
      await world.client("ada").push([contact((number += 1))]);
      const news = await again.next();
      assert.notEqual(news.id, third.id);
      assert.doesNotMatch(news.data, /bob/);
      stop.abort();
    });

    test("what a poke tells of can be pulled at once, whoever else is writing", async () => {
      const stop = new AbortController();
      const stream = events(await fetch(`${url}/poke`, { headers: { authorization: "ada" }, signal: stop.signal }));
      const device = world.client("ada", "poked");
      const foreign = () => `INSERT INTO contacts (id, first_name, owner_id) VALUES (gen_random_uuid(), 'psql', 'ada')`;
      let last: bigint | undefined;
      const write = async (): Promise<void> => {
        for (let round = 0; round < 15; round += 1) {
          await Promise.all([
            world.client("ada").push([contact((number += 1)), contact((number += 1))]),
            world.client("bob").push([deal((number += 1))]),
            store.sql(`BEGIN; ${foreign()}; SELECT pg_sleep(0.01); ${foreign()}; COMMIT`),
          ]);
        }
        const [head] = await store.sql("SELECT version::TEXT AS version FROM sync_scope WHERE scope = 'user:ada'");
        last = BigInt(String(head?.["version"])) + 1n;
        await store.sql(foreign());
      };
      const listen = async (): Promise<void> => {
        for (;;) {
          const { scopes } = JSON.parse((await stream.next()).data) as { scopes: Cursor["scopes"] };
          await device.pull();
          for (const [scope, { version }] of Object.entries(scopes)) {
            const seen = device.cursor?.scopes[scope]?.version ?? "-1";
            assert.ok(BigInt(seen) >= BigInt(version), `${scope} is pulled to ${seen}, and told to be at ${version}`);
          }
          if (last !== undefined && BigInt(scopes["user:ada"]?.version ?? 0) >= last) return;
        }
      };
      await Promise.all([write(), listen()]);
      const [own] = await store.sql("SELECT count(*)::INTEGER AS rows FROM contacts WHERE owner_id = 'ada'");
      assert.equal(device.has("contacts"), own?.["rows"]);
      stop.abort();
    });

    test("a stream looks for what it wasn't told of", async () => {
      mock.timers.enable({ apis: ["setTimeout"] });
      const deaf = createSyncServer({
        database: { ...store.database, listen: () => Promise.resolve(() => Promise.resolve()) },
        authenticate: () => world.users["ada"] ?? null,
      });
      const stop = new AbortController();
      const stream = events(await deaf.poke(new Request("http://localhost/poke", { signal: stop.signal })));
      const first = await stream.next();
      await world.client("ada").push([contact((number += 1))]);
      const next = stream.next();
      mock.timers.tick(25_000);
      const second = await next;
      assert.notEqual(second.id, first.id);
      stop.abort();
      mock.timers.reset();
    });

    test("a look that fails is told of, and ends the stream", async () => {
      const failure = new Error("the database has gone");
      const errors: unknown[] = [];
      let isDown = false;
      const { query } = store.database;
      const failing = createSyncServer({
        database: { ...store.database, query: (...all) => (isDown ? Promise.reject(failure) : query(...all)) },
        authenticate: () => world.users["ada"] ?? null,
        onError: (error) => errors.push(error),
      });
      const stream = events(await failing.poke(new Request("http://localhost/poke")));
      await stream.next();
      isDown = true;
      const next = stream.next();
      await Promise.all([assert.rejects(next, failure), world.client("ada").push([contact((number += 1))])]);
      assert.deepEqual(errors, [failure]);
      await failing.close();
    });
  });
}

/** The events of a stream, without comments. */
function events(answer: Response) {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next(): Promise<{ id: string; data: string }> {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end >= 0) {
          const event = text.slice(0, end);
          text = text.slice(end + 2);
          const [, id = ""] = /^id: (.*)$/m.exec(event) ?? [];
          const [, data = ""] = /^data: (.*)$/m.exec(event) ?? [];
          if (data !== "") return { id, data };
          continue;
        }
        const part = await reader?.read();
        if (part?.value === undefined) throw new Error("the stream has ended");
        text += part.value;
      }
    },
  };
}
