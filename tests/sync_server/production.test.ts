//! The code of `docs/sync-server-in-production.md`, on the two tables that it is about.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";

import { sign } from "hono/jwt";
import pg from "pg";

import type { PullAnswer, PushAnswer } from "../server/two/index.js";
import { file, KINDS } from "./support/world.js";

const SECRET = "a secret of the test";
const HOUR = 3600;
const now = () => Math.floor(Date.now() / 1000);
const hash = (text: string) => createHash("sha256").update(text).digest("hex");

if (KINDS.length === 1) console.error("NOT TESTED WITHOUT POSTGRESQL: the page on production");
else
  describe("a server with authentication and limits", () => {
    let database: pg.Client;
    let url = "";
    let stop = () => {};

    before(async () => {
      const address = new URL(process.env["SYNC_POSTGRES"] ?? "");
      const admin = new pg.Client({ connectionString: address.href });
      await admin.connect();
      await admin.query(`CREATE DATABASE production_${process.pid}`);
      await admin.end();
      address.pathname = `production_${process.pid}`;
      database = new pg.Client({ connectionString: address.href });
      await database.connect();
      await database.query(file("production/tables.sql"));
      await database.query("INSERT INTO customers (company, account_id) VALUES ('There', '7'), ('Other', '8')");
      await database.query(
        "CREATE TABLE sessions (token_hash TEXT, user_id TEXT, account_id TEXT, expires_at TIMESTAMPTZ)",
      );
      await database.query(
        `INSERT INTO sessions VALUES ($1, 'ada', '7', now() + INTERVAL '1 hour'), ($2, 'ada', '7', now() - INTERVAL '1 hour')`,
        [hash("good"), hash("old")],
      );
      await database.query(file("server/two/schema.sql"));
      Object.assign(process.env, { DATABASE_URL: address.href, TOKEN_SECRET: SECRET, PORT: "0" });
      const { server } = await import("../production/server.js");
      if (!server.listening) await new Promise((resolve) => server.once("listening", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/sync`;
      stop = () => server.closeAllConnections();
    });
    after(async () => {
      await database.end();
      process.emit("SIGTERM");
      stop();
    });

    const tables = { customers: ["company"], visits: ["notes", "customer_id"] };
    const send = (headers: Record<string, string>, endpoint = "pull", body: object = { tables, cursor: null }) =>
      fetch(`${url}/${endpoint}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ protocol: 1, schema: "", client_id: "try", ...body }),
      });
    const companies = async (answer: Response) =>
      ((await answer.json()) as PullAnswer).changes.map(({ row }) => row?.["company"]);
    const bearer = async (claims: Record<string, unknown>, secret = SECRET) => ({
      authorization: `Bearer ${await sign(claims, secret, "HS256")}`,
    });

    test("a session cookie", async () => {
      const good = await send({ cookie: "theme=dark; session=good" });
      assert.equal(good.status, 200);
      assert.deepEqual(await companies(good), ["There"]);
      for (const cookie of ["", "theme=dark", "session=old", "session=made-up", "session="]) {
        assert.equal((await send({ cookie })).status, 401, cookie);
      }
    });

    test("a bearer token", async () => {
      const good = { sub: "bot", account: "8", exp: now() + HOUR };
      assert.deepEqual(await companies(await send(await bearer(good))), ["Other"]);
      const bad = [
        await bearer(good, "another secret"),
        await bearer({ ...good, exp: now() - HOUR }),
        await bearer({ sub: "bot", account: "8" }),
        await bearer({ sub: "bot", exp: now() + HOUR }),
        { authorization: "Bearer x" },
        { authorization: "Basic x" },
      ];
      for (const headers of bad) assert.equal((await send(headers)).status, 401, headers.authorization);
    });

    test("an edit reaches the tables, and a row of another writer the device", async () => {
      const cookie = { cookie: "session=good" };
      const { rows } = await database.query<{ id: string }>("SELECT id FROM customers WHERE company = 'There'");
      const visit = {
        id: "1",
        write_id: "w1",
        transaction_id: "1",
        table: "visits",
        operation: "insert",
        key: { id: "-1" },
        value: { customer_id: rows[0]?.id, notes: "Pushed" },
      };
      const pushed = await send(cookie, "push", { now: Date.now(), answered: [], bases: [], changes: [visit] });
      assert.equal(((await pushed.json()) as PushAnswer).results[0]?.status, "applied");
      const found = await database.query("SELECT account_id FROM customer_visits WHERE notes = 'Pushed'");
      assert.deepEqual(found.rows, [{ account_id: "7" }]);
      await database.query("INSERT INTO customers (company, account_id) VALUES ('psql', '7')");
      assert.ok((await companies(await send(cookie))).includes("psql"));
    });

    test("whoever sends too many requests is told when to come again, and others aren't", async () => {
      const many = await Promise.all(Array.from({ length: 90 }, () => send({ authorization: "Bearer busy" })));
      const statuses = new Set(many.map(({ status }) => status));
      assert.deepEqual([...statuses].sort(), [401, 429]);
      assert.equal(many.find(({ status }) => status === 429)?.headers.get("retry-after"), "2");
      assert.equal((await send({ cookie: "session=good" })).status, 200);
    });

    test("health needs nobody", async () => {
      assert.equal((await fetch(`${url}/health`)).status, 200);
    });
  });
