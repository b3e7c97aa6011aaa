import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test as nodeTest } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Exchange, Server as TestServer } from "../server/server.js";
import { asApi } from "../server/pushed.js";
import { Client, type Row } from "./client.js";
import type { ModelName, Settings } from "./protocol.js";
import { startServer } from "./start.js";
import { reasonToSkip } from "./transports.js";
import { until } from "./until.js";

const models: readonly ModelName[] = ["accounts", "invoices", "labels", "projects", "settings", "tasks"];

/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:1";

/**
 * A server for all tests of a file, empty for each; clients and folders for each test. A client in memory that a test is
 * done with is emptied, as at a logout, and serves the next one: starting PGlite takes seconds.
 */
export class World {
  private running: TestServer | undefined;
  private clients: { readonly client: Client; readonly isReusable: boolean }[] = [];
  private idle: Client[] = [];
  private folders: string[] = [];
  private hasFailed = false;

  constructor() {
    before(async () => {
      this.running = await startServer();
    });
    beforeEach(() => this.server.reset());
    afterEach(() => this.tidy());
    after(async () => {
      await Promise.all(this.idle.map((client) => client.kill()));
      await this.running?.close();
    });
  }

  get server(): TestServer {
    if (!this.running) throw new Error("the server isn't running yet");
    return this.running;
  }

  /** With a limit, so that a hang has a name. */
  readonly test = (name: string, work: () => Promise<void>): void => {
    const skip = reasonToSkip(name);
    void nodeTest(name, { timeout: 600_000, ...(skip !== undefined && { skip }) }, async () => {
      this.hasFailed = true;
      await work();
      this.hasFailed = false;
    });
  };

  private async tidy(): Promise<void> {
    const reusable = this.clients.filter(({ isReusable }) => isReusable && !this.hasFailed).map(({ client }) => client);
    const others = this.clients.filter(({ client }) => !reusable.includes(client));
    for (const client of reusable) {
      await client.configure({ url: NOWHERE });
      await client.clear("discard");
      this.idle.push(client);
    }
    await Promise.all(others.map(({ client }) => client.kill()));
    await Promise.all(this.folders.map((folder) => rm(folder, { recursive: true, force: true })));
    this.clients = [];
    this.folders = [];
  }

  /** A client that syncs as a member. With a folder, its database is there; without, it is in memory. */
  async client(options: { directory?: string; sync?: boolean; wal?: boolean } & Settings = {}): Promise<Client> {
    const settings = {
      url: this.server.url,
      token: "member",
      verdicts: {},
      shapeParams: {},
      writeParams: {},
      ...options,
    };
    const isReusable = options.directory === undefined && options.sync === undefined;
    const known = isReusable ? this.idle.pop() : undefined;
    const client = known ?? new Client();
    this.clients.push({ client, isReusable });
    if (known) await client.configure(settings);
    else await client.open(settings);
    return client;
  }

  /** Two clients that have everything that the server has. */
  async readyPair(): Promise<[Client, Client]> {
    return Promise.all([this.readyClient(), this.readyClient()]);
  }

  async readyClient(options: { directory?: string } & Settings = {}): Promise<Client> {
    const client = await this.client(options);
    await client.ready();
    return client;
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "sync-patterns-client-"));
    this.folders.push(folder);
    return folder;
  }

  /** The server's rows of a model, as its API gives them. */
  async rows(model: ModelName): Promise<Row[]> {
    const answer = await this.server.read(model);
    return (JSON.parse(answer) as Row[]).map(({ write_id: _, ...row }) => row);
  }

  /**
   * Waits until everything written is settled, and the clients show what the server has by then: each row, with the values
   * and types of the API. Then nothing has been lost, and nothing was sent as something else under a known key.
   */
  async converged(...clients: Client[]): Promise<void> {
    for (const client of clients) await client.allSettled();
    for (const model of models) {
      const served = async (): Promise<Row[]> =>
        inOrder(
          (await this.rows(model)).map((row) => ({ ...row, _has_local_changes: false, _pending_write_id: null })),
        );
      let expected = await served();
      let found: Row[] = [];
      const areEqual = async (): Promise<boolean> => {
        for (const client of clients) {
          found = inOrder(await client.shown(model));
          if (isDeepStrictEqual(found, expected)) continue;
          // Somebody else may still write.
          expected = await served();
          return false;
        }
        return true;
      };
      await until(areEqual, () => `${model}:\n${JSON.stringify(found)}\nto be\n${JSON.stringify(expected)}`);
    }
    const misused = [...this.server.api.misused, ...(this.server.sync?.misused ?? [])];
    assert.deepEqual(misused, [], "an idempotency key means one request");
  }

  /** Requests to the API with this method and path, in the order of their arrival. */
  requests(on: string): Exchange[] {
    const [method, path] = on.split(" ");
    return this.server.exchanges
      .flatMap(asApi)
      .filter(({ method: used, url }) => used === method && `${url.pathname}/`.startsWith(`${path}/`));
  }
}

/** By key, and with times as short as they can be written. */
export function inOrder(rows: readonly Row[]): Row[] {
  const key = (row: Row): string => String(row["id"] ?? row["name"]);
  const short = (value: unknown): unknown =>
    typeof value === "string" ? value.replace(/^(\d{4}-\d\d-\d\dT[\d:]+)(?:\.0*|(\.\d*?)0*)Z$/, "$1$2Z") : value;
  const shortened = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, short(value)])),
  );
  return shortened.toSorted((one, two) => (key(one) < key(two) ? -1 : 1));
}
