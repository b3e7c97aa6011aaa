// The generated sync server as an application runs it, over HTTP with nothing in between, and devices of its users.

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, beforeEach } from "node:test";
import { PGlite } from "@electric-sql/pglite";
import * as crm from "../../crm/sync/index.js";
import { adapter, inMemory, isIndexedDb } from "./generated.js";
import { until, untilShown } from "./until.js";

export type Crm = typeof import("../../crm/pglite/push-pull/index.js");
export type Device = ReturnType<Crm["createClient"]>;

const generated = (await import(`../../crm/${adapter}/push-pull/index.js`)) as Crm;

export const { createClient } = generated;

/** A sync server on a database of its own, at an address of its own. */
export class Backend {
  readonly db: PGlite;
  private sync: crm.SyncServer;
  private readonly http: HttpServer;
  private port = 0;
  /** Requests to push, as they came in. */
  readonly pushes: PushRequest[] = [];
  /** What a push takes on its way, in milliseconds. */
  delay = 0;

  private constructor(db: PGlite, sync: crm.SyncServer) {
    this.db = db;
    this.sync = sync;
    this.http = createServer(crm.nodeHandler((request) => this.handle(request)));
  }

  private async handle(request: Request): Promise<Response> {
    if (request.url.endsWith("/push")) {
      this.pushes.push((await request.clone().json()) as PushRequest);
      await new Promise((resolve) => setTimeout(resolve, this.delay));
    }
    return this.sync.handle(request);
  }

  static async start(schema: string, create: (database: crm.Database) => crm.SyncServer): Promise<Backend> {
    const db = await PGlite.create();
    await db.exec(schema);
    const backend = new Backend(db, create(crm.pgliteDatabase(db)));
    await backend.comeBack();
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/api/sync`;
  }

  /** Another version of the server, on the same database. */
  async replace(create: (database: crm.Database) => crm.SyncServer): Promise<void> {
    await this.sync.close();
    this.sync = create(crm.pgliteDatabase(this.db));
  }

  /** In reach, at the same address as before. */
  async comeBack(): Promise<void> {
    if (this.http.listening) return;
    await new Promise<void>((resolve) => this.http.listen(this.port, "127.0.0.1", resolve));
    this.port = (this.http.address() as AddressInfo).port;
  }

  /** Out of reach until what this gives is called. */
  async goAway(): Promise<() => Promise<void>> {
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.http.closeAllConnections();
    await closed;
    return () => this.comeBack();
  }

  async rows(statement: string): Promise<unknown[]> {
    return (await this.db.query(statement)).rows;
  }

  async close(): Promise<void> {
    this.http.close();
    this.http.closeAllConnections();
    await this.sync.close();
    await this.db.close();
  }
}

export type PushRequest = import("../../crm/pglite/push-pull/index.js").PushRequest;
type Scopes = crm.SyncUser["scopes"];

/** A small CRM, its server empty for each test of a file, and devices of two users. */
export class Office {
  private running: Backend | undefined;
  private open: Device[] = [];
  /** What a user sees. */
  readonly scopes: Record<string, Scopes> = {};

  constructor() {
    before(async () => {
      this.running = await Backend.start(crm.schemaSql, (database) =>
        crm.createSyncServer({
          database,
          authenticate: (request) => {
            const id = request.headers.get("authorization") ?? "";
            const scopes = this.scopes[id];
            return scopes === undefined ? null : { id, scopes };
          },
        }),
      );
    });
    beforeEach(async () => {
      this.scopes["ada"] = { user: ["ada"], team: ["1", "2"] };
      this.scopes["bob"] = { user: ["bob"], team: ["1"] };
      this.backend.pushes.length = 0;
      this.backend.delay = 0;
      await this.backend.comeBack();
      await this.backend.db.exec("TRUNCATE contacts, notes, replies, deals, tasks RESTART IDENTITY");
    });
    afterEach(async () => {
      await Promise.all(this.open.map((client) => client.closeDatabase()));
      this.open = [];
    });
    after(() => this.backend.close());
  }

  get backend(): Backend {
    if (this.running === undefined) throw new Error("the server isn't running yet");
    return this.running;
  }

  /** A client that is closed when the test is over. */
  client(settings: NonNullable<Parameters<Crm["createClient"]>[0]>): Device {
    const client = createClient(settings);
    client.onSyncError(() => {});
    this.open.push(client);
    return client;
  }

  /** A device of a user, in sync with the server. */
  async device(user: "ada" | "bob", isReady = true): Promise<Device> {
    const database = `${user} ${String(this.open.length)}`;
    const client = this.client({ database, user, headers: { authorization: user }, syncUrl: this.backend.url });
    await client.initializeDatabase(inMemory());
    await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
    if (isReady) await until(() => Object.values(client.getSyncStatus().models).every(({ ready }) => ready));
    return client;
  }

  /** Two devices of one user. */
  async devices(): Promise<[Device, Device]> {
    return [await this.device("ada"), await this.device("ada")];
  }

  /** Writes while the server is out of reach. */
  async offline(work: () => void, ...all: Device[]): Promise<() => Promise<void>> {
    const back = await this.backend.goAway();
    work();
    for (const client of all) await client.flushed();
    return back;
  }
}

/** Returns when the devices have, and show, the server's rows for all that they have written, and nothing of it was refused. */
export async function settled(...all: Device[]): Promise<void> {
  for (const client of all) {
    await client.flushed();
    // Nobody waits for the next try.
    client.configureSync({});
    await until(
      async () => (await log(client)).length === 0,
      () => JSON.stringify(client.getSyncStatus()),
    );
    await untilShown(client.collections);
  }
}

export async function log(client: Device): Promise<readonly unknown[]> {
  if (isIndexedDb) {
    const database = client.getDatabase() as unknown as { getAll(table: string): Promise<readonly unknown[]> };
    return database.getAll("_changes");
  }
  return client.getDatabase().query({ parts: ["SELECT * FROM _changes"], parameters: [] });
}

export function contact(client: Device, first_name: string): string {
  const id = crypto.randomUUID();
  client.collections.contacts.insert({ id, first_name });
  return id;
}

export function shown(client: Device, id: string) {
  return client.collections.contacts.get(id);
}
